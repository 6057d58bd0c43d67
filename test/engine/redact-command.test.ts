import t from "tap";
import { digestOfHex } from "#canon/digest.ts";
import { redactCommand } from "#engine/redact-command.ts";
import { failedFor } from "#run/outcome.ts";
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

t.test("of a failed attempt nothing that tells why holds a secret", async (t) => {
  const redactor = createRedactor();
  redactor.add("token", "hunter2!");
  const fault = { code: "STORE_FULL", message: "no room for hunter2!", hint: "remove hunter2!" };
  const outcome = { ...failedFor(fault), durationMs: 1, artifacts: [] };
  const command = redactCommand({ id: "one", kind: "ended", stepId: "a", attempt: 1, outcome }, redactor);
  t.notMatch(JSON.stringify(command), "hunter2!");
  t.match(command, { outcome: { reason: "STORE_FULL", fault: { message: "no room for [redacted:token]" } } });
});
