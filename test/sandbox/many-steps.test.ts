import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupParents, findCgroups, leaveCgroups } from "../../src/sandbox/cgroup/cgroup-host.ts";
import { ownerName } from "../../src/sandbox/watch/process-identity.ts";
import { openRig } from "./sandbox-rig.ts";

/** Descriptors of this process, by what they lead to; Node's own event and pipe ends among them. */
function openFds(): number {
  return readdirSync("/proc/self/fd").filter((fd) => existsLink(`/proc/self/fd/${fd}`)).length;
}

function existsLink(path: string): boolean {
  try {
    return readlinkSync(path) !== "";
  } catch {
    return false;
  }
}

/** Processes of which nothing is left but that their parent, which is this process, has not asked how they ended. */
function zombies(): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    const path = `/proc/${name}/stat`;
    const stat = /^\d+$/.test(name) && existsSync(path) ? readOrEmpty(path) : "";
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && parent === String(process.pid);
  });
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function ownCgroups(): readonly string[] {
  const host = findCgroups();
  const left = cgroupParents(host).flatMap((parent) =>
    readdirSync(parent)
      .filter((name) => name.includes(`${ownerName()}.`))
      .map((name) => join(parent, name)),
  );
  leaveCgroups(host);
  return left;
}

t.test("two hundred quick steps leave no process, descriptor, cgroup or folder behind", async (t) => {
  const rig = openRig(t);
  const some = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let at = 0; at < count / 4; at += 1) {
          const { outcome } = await rig.run({ program: { kind: "command", argv: ["true"] } });
          if (outcome.kind !== "succeeded") {
            t.fail(JSON.stringify(outcome));
          }
        }
      }),
    );
  await some(20);
  const before = openFds();
  const groups = ownCgroups().length;
  await some(200);
  t.equal(openFds(), before, "descriptors stay as they were");
  t.equal(ownCgroups().length, groups, "the cgroups of slots are used again");
  t.strictSame(zombies(), []);
  await rig.runner.close();
  t.strictSame(ownCgroups(), []);
  t.strictSame(
    readdirSync(rig.scratch, { recursive: true })
      .map(String)
      .filter((name) => /slot|attempt|sandbox|uids\//.test(name)),
    [],
  );
});

t.test("a step has exactly the descriptors 0, 1 and 2, and each leads where it should", async (t) => {
  const rig = openRig(t);
  const list = "for fd in /proc/self/fd/*; do echo ${fd##*/}; done | sort -n | tr '\\n' ' '";
  // The shell that expands the pattern has the folder itself open while it reads it.
  t.match((await rig.run({ script: list })).stdout, /^0 1 2 (3 )?$/);
  const program = "opendir D, '/proc/self/fd'; print join ' ', sort grep { !/\\D/ && $_ != fileno D } readdir D";
  const ran = await rig.run({ program: { kind: "command", argv: ["perl", "-e", program] }, stdin: "x" });
  t.equal(ran.stdout, "0 1 2");
});
