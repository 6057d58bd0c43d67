import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import t, { type Test } from "tap";
import { layGround, type Ground } from "../../../src/sandbox/ground.ts";
import { mountPointsFor, parseMountTable, readMountTable, type Mount } from "../../../src/sandbox/root/mount-table.ts";
import { makeLeanMounts, type LeanMounts } from "../../../src/sandbox/slot/lean-mounts.ts";
import { openRig, sealedKind } from "../sandbox-rig.ts";

/** Root of a host, and of few containers. */
const mayChoose = spawnSync("/usr/bin/unshare", ["--mount", "true"]).status === 0;

function mounts(...points: readonly string[]): readonly Mount[] {
  return points.map((at) => ({ device: "0:1", root: "/", at, type: "ext4" }));
}

t.test("a mount is kept for what it shows and for what is mounted in a place, and for nothing else", async (t) => {
  const table = mounts(
    "/",
    "/usr/share/doc",
    "/usr",
    "/usr2",
    "/var",
    "/var/lib/other",
    "/dev",
    "/dev/pts",
    "/sys",
    "/usr",
  );
  t.strictSame(mountPointsFor(["/usr", "/var/tmp/scratch", "/dev/null"], table), [
    "/usr",
    "/var",
    "/dev",
    "/usr/share/doc",
  ]);
  t.strictSame(mountPointsFor(["/usr"], mounts("/")), []);
});

function leadsTo(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

async function ground(t: Test): Promise<Ground> {
  const laid = await layGround({ scratch: openRig(t).scratch, maxParallel: 1 });
  if (!laid.ok) {
    throw new Error(laid.fault.message);
  }
  return laid.value;
}

t.test("launchers of sealed steps see the mounts that these are made of, and others all of the host's", async (t) => {
  const { pool, bwrap, scratch } = await ground(t);
  t.teardown(async () => pool.close());
  const host = parseMountTable(readMountTable());
  const [sealed, restricted] = [await pool.take(sealedKind), await pool.take({ ...sealedKind, mode: "restricted" })];
  const seenBy = (pid: number): readonly string[] =>
    parseMountTable(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).map(({ at }) => at);
  t.strictSame(
    seenBy(restricted.launcher.pid),
    host.map(({ at }) => at),
  );
  const seen = seenBy(sealed.launcher.pid);
  if (!mayChoose) {
    t.strictSame(seen, seenBy(restricted.launcher.pid), "which mounts there are is not ours to choose");
    return;
  }
  const kept = mountPointsFor(["/usr", "/etc", "/proc", "/dev/null", "/bin", "/lib", "/lib64", "/sbin"], host);
  t.ok(
    ["/", ...kept].every((at) => seen.includes(at)),
    seen.join(" "),
  );
  t.strictSame(
    seen.filter((at) => !["/", ...kept, ...mountPointsFor([scratch, bwrap], host)].includes(at)),
    [],
  );
  const identity = readFileSync(`/proc/${sealed.launcher.pid}/status`, "utf8");
  t.match(identity, new RegExp(`^Uid:\\s+${sealed.uid}\\s+${sealed.uid}\\s+${sealed.uid}\\s+${sealed.uid}$`, "m"));
  t.match(identity, new RegExp(`^Gid:\\s+${sealed.uid}\\s+${sealed.uid}\\s+${sealed.uid}\\s+${sealed.uid}$`, "m"));
  t.match(identity, /^Groups:\s*$/m);
  t.match(identity, /^CapEff:\s+0+$/m);
  t.match(identity, /^CapPrm:\s+0+$/m);
});

t.test("without what it takes there is no such place, and nothing is left open", { skip: !mayChoose }, async (t) => {
  const scratch = mkdtempSync("/var/tmp/packrun-lean-");
  t.teardown(() => rmSync(scratch, { recursive: true }));
  const host = parseMountTable(readMountTable());
  const open = (): number => readdirSync("/proc/self/fd").filter((fd) => leadsTo(fd).startsWith("mnt:[")).length;
  const wanted = { scratch, bwrap: "/usr/bin/bwrap", mounts: host };
  const folder = (): string => mkdtempSync(`${scratch}/`);
  const before = open();
  const makes = async (place: Partial<Parameters<typeof makeLeanMounts>[0]>): Promise<LeanMounts | undefined> =>
    makeLeanMounts({ ...wanted, folder: folder(), ...place });
  t.equal(await makes({ mounts: mounts("/", "/usr") }), undefined, "there is nothing to leave out");
  t.equal(await makes({ mounts: [...host, ...mounts("/usr/not-there")] }), undefined, "a mount cannot be kept");
  t.equal(await makes({ bwrap: "/usr/bin/false" }), undefined, "bubblewrap does not run in there");
  t.equal(open(), before);
  const lean = await makes({});
  t.ok(lean);
  if (lean !== undefined) {
    t.equal(open(), before + 1);
    const [file, args] = lean.enter(65_534, ["/usr/bin/id", ["-u"]]);
    t.equal(execFileSync(file, args, { encoding: "utf8" }), "65534\n");
    lean.close();
  }
  t.equal(open(), before);
});
