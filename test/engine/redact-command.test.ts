import t from "tap";
import { digestOfHex } from "#canon/digest.ts";
import { redactCommand } from "#engine/redact-command.ts";
import { createRedactor } from "#secret/redactor.ts";

t.test("values of outputs are redacted, numbers too; sizes and digests stay what they are", async (t) => {
  const redactor = createRedactor();
  redactor.add("pin", "4711");
  const file = { type: "file", digest: digestOfHex("4711".padEnd(64, "0")), size: 4711 } as const;
  const command = redactCommand(
    {
      id: "one",
      kind: "ended",
      stepId: "a",
      attempt: 1,
      outcome: {
        kind: "succeeded",
        durationMs: 4711,
        artifacts: [],
        outputs: { file, typed: { type: "object", value: { n: 4711, list: [1, 47110] } } },
      },
    },
    redactor,
  );
  t.match(command, {
    outcome: {
      durationMs: 4711,
      outputs: { file, typed: { type: "object", value: { n: "[redacted:pin]", list: [1, "[redacted:pin]0"] } } },
    },
  });
});
