import t from "tap";
import { knownRedactor, withoutSecrets } from "#secret/known-redactors.ts";
import { createRedactor } from "#secret/redactor.ts";

t.test("the words of a crash lose the secrets of every run of this process", async (t) => {
  t.equal(withoutSecrets("hunter2! swordfish"), "hunter2! swordfish");
  const [one, other] = [knownRedactor(createRedactor()), knownRedactor(createRedactor())];
  one.add("first", "hunter2!");
  other.add("second", "swordfish");
  t.equal(withoutSecrets("no hunter2! swordfish"), "no [redacted:first] [redacted:second]");
});
