import { createHmac } from "node:crypto";
import t from "tap";
import { hashMark } from "#secret/hash-mark.ts";
import { createRedactor } from "#secret/redactor.ts";

t.test("a mark bears eight digits that tell values apart, under this key only", async (t) => {
  const key = Buffer.alloc(32, 7);
  const redactor = createRedactor({ mark: hashMark(key) });
  redactor.add("token", "hunter2!");
  const digits = createHmac("sha256", key).update("hunter2!").digest("hex").slice(0, 8);
  t.equal(redactor.redact("say hunter2!"), `say [redacted:token:${digits}]`);
  t.not(hashMark(key)("token", "other"), hashMark(key)("token", "hunter2!"));
  t.not(hashMark(Buffer.alloc(32, 8))("token", "hunter2!"), hashMark(key)("token", "hunter2!"));
});
