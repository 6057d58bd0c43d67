import t from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { addStepUse, useTexts, type StepUse } from "#view/step-use.ts";

t.test("what steps used stands in columns, those only in which some step has a value", async (t) => {
  const uses: readonly StepUse[] = [
    { usage: { hit: [], memoryPeakBytes: 1536, cpuMs: 40 } },
    {},
    { usage: { hit: ["memoryBytes"], memoryPeakBytes: 12_900_000, cpuMs: 61_000 } },
    { egress: { requests: 1, bytesIn: 5 * 1024 ** 3, bytesOut: 12 } },
    { egress: { requests: 20, bytesIn: 0, bytesOut: 0 } },
  ];
  t.strictSame(useTexts(uses), [
    "memory 1.5Ki   cpu 40ms",
    "",
    `memory 12.3Mi  cpu 1m1s${" ".repeat(32)}hit memoryBytes`,
    "                         1 request    in 5Gi  out 12B",
    "                         20 requests  in 0B   out 0B",
  ]);
  t.strictSame(useTexts([{ usage: { hit: [], ioBytes: 1024 } }]), ["io 1Ki"]);
  t.strictSame(useTexts([{}, {}]), ["", ""]);
  t.strictSame(useTexts([]), []);
});

t.test("no limit's name moves the cursor", async (t) => {
  t.strictSame(useTexts([{ usage: { hit: ["\u001b[2J"] } }]), ["hit \\x1b[2J"]);
});

t.test("very many steps are shown", async (t) => {
  const many = Array.from({ length: 150_000 }, () => ({ usage: { hit: [], cpuMs: 1 } }));
  t.equal(useTexts(many).length, 150_000);
});

t.test("only ends tell what was used, and the last one counts", async (t) => {
  const uses = new Map<string, StepUse>();
  const tell = (eventType: string, stepId: string, metadata: object): void =>
    addStepUse(uses, { eventType, stepId, metadata } as unknown as LedgerEvent);
  const usage = { hit: [], cpuMs: 3 };
  const egress = { requests: 1, bytesIn: 2, bytesOut: 3 };
  tell("step.started", "a", {});
  tell("step.failed", "a", { usage, egress });
  tell("step.succeeded", "b", { usage });
  tell("step.succeeded", "c", {});
  tell("step.retry", "d", { reason: "STEP_EXIT" });
  t.strictSame(
    [...uses],
    [
      ["a", { usage, egress }],
      ["b", { usage }],
    ],
  );
});
