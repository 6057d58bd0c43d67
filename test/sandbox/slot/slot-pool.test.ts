import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { layGround } from "../../../src/sandbox/ground.ts";
import { openRig, sealedKind } from "../sandbox-rig.ts";

t.test("the user of a slot is given to nobody else while something of the slot may still run", async (t) => {
  const rig = openRig(t);
  const laid = await layGround({ scratch: rig.scratch, maxParallel: 1 });
  if (!laid.ok) {
    t.fail(laid.fault.message);
    return;
  }
  const { pool } = laid.value;
  const claims = (uid: number | undefined): boolean => existsSync(join(rig.scratch, "uids", String(uid)));
  const [stuck, gone] = [await pool.take(sealedKind), await pool.take(sealedKind)];
  if (stuck.uid === undefined || stuck.cgroup === undefined) {
    t.comment("slots have users of their own where the runner is root, and lists of processes where there are cgroups");
    await pool.close();
    return;
  }
  const { remove } = stuck.cgroup;
  Object.assign(stuck.cgroup, { remove: () => false });
  t.teardown(() => remove());
  pool.giveBack(stuck, false);
  pool.giveBack(gone, false);
  await pool.close();
  t.equal(claims(stuck.uid), true);
  t.equal(claims(gone.uid), false);
});
