import t from "tap";
import { StepTails } from "../../src/cli/step-tails.ts";

type Event = Parameters<StepTails["follow"]>[0];

const output = (lines: readonly string[], more: object = {}): Event =>
  ({ eventType: "step.output", stepId: "a", attempt: 1, metadata: { stream: "stdout", lines, ...more } }) as never;
const failed = { eventType: "step.failed", stepId: "a", attempt: 1 } as never as Event;

t.test("the last lines are kept, those that came in parts as one, in bounded room", (t) => {
  const tails = new StepTails();
  const partial = { partial: true };
  tails.follow(output(["one", "val"], partial));
  tails.follow(output(["ue=7", "two"]));
  tails.follow(output(["half"], partial));
  tails.follow(output(["error"], { stream: "stderr" }));
  tails.follow(output(["rest"]));
  t.equal(tails.lastLine("a"), "rest");
  t.strictSame(tails.follow(failed)?.lines, ["one", "value=7", "two", "half", "error", "rest"]);
  for (let part = 0; part < 40; part += 1) {
    tails.follow(output(["x".repeat(64 * 1024)], partial));
  }
  const tail = tails.follow(failed);
  t.equal(tail?.count, 1);
  t.equal(tail?.lines.join("").length, 64 * 1024);
  t.end();
});
