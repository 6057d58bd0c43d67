import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { MAIN } from "../cli/command-line.ts";
import { COMPILED } from "../compiled.ts";

const root = join(import.meta.dirname, "../..");

type Answer = {
  readonly runId: string;
  readonly planHash: string;
  readonly status: string;
  readonly steps: readonly { readonly id: string; readonly status: string }[];
  readonly pendingGates: readonly { readonly id: string; readonly required: number }[];
};

/** packrun in a folder of its own, outside the repository: no state of an earlier run is near. */
function place(t: { readonly teardown: (end: () => void) => void }) {
  const folder = mkdtempSync(join(tmpdir(), "packrun-packs-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const packrun = (...args: readonly string[]) => {
    const env = { PATH: process.env["PATH"], HOME: folder, CI: "1", NODE_COMPILE_CACHE: COMPILED };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr, answer: () => JSON.parse(stdout) as Answer };
  };
  return { folder, packrun };
}

t.test("quickstart runs with nothing configured, and its evidence verifies", async (t) => {
  const { folder, packrun } = place(t);
  const ran = packrun("run", join(root, "packs/quickstart"), "-o", "out", "--evidence", "evidence", "--json");
  t.equal(ran.status, 0, "it ends well", { stderr: ran.stderr });
  const statuses = ran.answer().steps.map(({ id, status }) => [id, status]);
  t.strictSame(
    statuses.filter(([, status]) => status !== "succeeded"),
    [],
  );
  t.strictSame(readdirSync(join(folder, "out")).toSorted(), ["inventory", "items.json", "prices", "site"]);
  t.equal(readFileSync(join(folder, "out/prices"), "utf8"), "apples,240\nbread,320\nmilk,115\npears,260\n");
  t.strictSame(readdirSync(join(folder, "out/site")).toSorted(), ["SHA256SUMS", "north.txt", "prices.csv"]);
  const verified = packrun("verify", "evidence", "--trust", ".packrun/trust/trust-root.json");
  t.equal(verified.status, 0, "it verifies", { stdout: verified.stdout });
});

t.test("quickstart leaves out what its inputs do not ask for, and runs the plan that was shown", async (t) => {
  const { packrun } = place(t);
  const args = [join(root, "packs/quickstart"), "-i", 'shops=["harbour"]', "-i", "discount=0", "--json"];
  const ran = packrun("run", ...args);
  t.equal(ran.status, 0, "it ends well", { stderr: ran.stderr });
  t.match(
    ran.answer().steps.find(({ id }) => id === "reduced"),
    { status: "skipped" },
  );
  t.match(
    ran.answer().steps.find(({ id }) => id === "site"),
    { status: "succeeded" },
  );
  t.notOk(ran.answer().steps.some(({ id }) => id === "lists[1]::list"));
  t.equal(ran.answer().planHash, packrun("plan", ...args).answer().planHash);
});

t.test("self-release waits for another person's approval, then hands out what its checksums say", async (t) => {
  const { folder, packrun } = place(t);
  mkdirSync(join(folder, "source/src"), { recursive: true });
  writeFileSync(join(folder, "source/src/index.js"), "export {};\n");
  writeFileSync(join(folder, "source/README.md"), "# demo\n");
  const lock = join(root, "node_modules/.package-lock.json");
  const inputs = ["-i", "source=source", "-i", `lockfile=${lock}`, "-i", "version=1.2.3"];
  const ran = packrun("run", join(root, "packs/self-release"), ...inputs, "--no-wait", "--json");
  t.equal(ran.status, 4, "it waits", { stderr: ran.stderr });
  t.match(ran.answer(), { status: "waiting", pendingGates: [{ id: "release", required: 1 }] });

  const own = packrun("approve", "last", "release", "--key", ".packrun/trust/dev.key", "--reason", "mine");
  t.equal(own.status, 5, "who asked for the run may not approve it");
  t.equal(packrun("keys", "generate", "alice").status, 0);
  t.equal(packrun("trust", "add", "alice.pub", "--principal", "alice", "--role", "approver").status, 0);
  const approved = packrun("approve", "last", "release", "--key", "alice.key", "--reason", "read it");
  t.equal(approved.status, 0, "another person may", { stderr: approved.stderr });

  const ended = packrun("resume", "last", "-o", "out", "--evidence", "evidence", "--json");
  t.equal(ended.status, 0, "it goes on", { stderr: ended.stderr });
  const sums = spawnSync("sha256sum", ["-c", "--strict", "checksums"], { cwd: join(folder, "out"), encoding: "utf8" });
  t.equal(sums.stdout, "archive: OK\ndependencies: OK\ninventory: OK\n");
  const listed = spawnSync("tar", ["-tzf", join(folder, "out/archive")], { encoding: "utf8" }).stdout;
  t.match(listed, "packrun-1.2.3/src/index.js\n");
  t.equal(packrun("verify", "evidence", "--trust", ".packrun/trust/trust-root.json").status, 0);
});

t.test("self-release refuses a licence that is not allowed", async (t) => {
  const { folder, packrun } = place(t);
  mkdirSync(join(folder, "source"));
  writeFileSync(join(folder, "source/a.txt"), "a");
  const lock = join(root, "node_modules/.package-lock.json");
  const inputs = [
    "-i",
    "source=source",
    "-i",
    `lockfile=${lock}`,
    "-i",
    "version=1.2.3",
    "-i",
    'allowedLicences=["ISC"]',
  ];
  const ran = packrun("run", join(root, "packs/self-release"), ...inputs, "--json");
  t.equal(ran.status, 5, "it is denied", { stderr: ran.stderr });
  t.match(ran.answer(), { status: "failed", reason: "POLICY_DENIED" });
  t.match(
    ran.answer().steps.find(({ id }) => id === "first"),
    { status: "skipped" },
  );
});
