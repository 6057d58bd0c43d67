import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import t, { type Test } from "tap";
import { Place } from "../cli/place.ts";
import { follow } from "./run-blocks.ts";

const RUNBOOK = "docs/runbook.md";
const FULL = "## The disk is full";
const ROLES = { me: "requester", ci: "run-attestor", alice: "approver", security: "revoker" } as const;
/** Room for a run to begin, and not for all that it says. */
const LEFT = 800 << 10;
const DISK = 40 << 20;

const chatty = "i=0; while [ $i -lt 400 ]; do head -c 3000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done";

/** The place that the runbook speaks of: a pack, a trust root of its own, and those who hold its roles. */
async function operated(t: Test): Promise<Place> {
  const place = new Place(t);
  const done = async (...args: readonly string[]): Promise<void> => {
    const { code, err } = await place.packrun(...args);
    t.equal(code, 0, `${args.join(" ")} ${err}`);
  };
  await Promise.all(["root", ...Object.keys(ROLES)].map((name) => done("keys", "generate", name)));
  await done("trust", "init", "--domain", "acme", "--root", "root.pub", "-o", "trust-root.json");
  place.write("packrun.config.yaml", "trust: trust-root.json\nrequester: { key: me.key }\nattestor: { key: ci.key }\n");
  for (const [name, role] of Object.entries(ROLES)) {
    await done("trust", "add", `${name}.pub`, "--principal", name, "--role", role);
  }
  await done("trust", "sign", "--key", "root.key");
  await done("init", "demo", "--template", "release");
  return place;
}

/** A small disk that is nearly full, with a pack that says much; false where none can be mounted. */
function fullDisk(t: Test, place: Place): boolean {
  const disk = place.here("full/.packrun");
  mkdirSync(disk, { recursive: true });
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk]).status !== 0) {
    return false;
  }
  t.teardown(() => spawnSync("umount", ["-l", disk]));
  place.write("full/.packrun/ballast", Buffer.alloc(DISK - LEFT));
  place.pack("full/chatty", {
    sandbox: { limits: { log: "4Mi" } },
    steps: [{ id: "talk", run: { script: chatty }, idempotent: true, retry: { maxAttempts: 3 } }],
  });
  return true;
}

t.test("each section of the runbook shows what an operator sees, and what helps", async (t) => {
  const place = await operated(t);
  const full = fullDisk(t, place);
  await follow(t, place, RUNBOOK, { elsewhere: full ? [] : [FULL] });
  const skip = full ? false : "only root mounts file systems";
  await t.test("with a disk that is full", { skip }, async (t) => t.ok(full));
});
