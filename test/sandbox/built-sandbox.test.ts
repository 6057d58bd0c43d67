import t from "tap";
import { systemClock } from "../port/system-clock.ts";
import { openRig, runPrepared } from "./sandbox-rig.ts";

t.test("an attempt that is stopped while its sandbox is being built ends without its timeout", async (t) => {
  const rig = openRig(t, { clock: { ...systemClock, after: () => () => undefined } });
  for (let round = 0; round < 5; round += 1) {
    const attempt = await rig.prepare({ script: "echo ran" });
    attempt.stop();
    const { outcome, stdout } = await runPrepared(attempt);
    t.equal(outcome.kind, "cancelled");
    t.equal(stdout, "");
  }
});
