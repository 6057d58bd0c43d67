import t from "tap";
import { nearestName } from "#fault/did-you-mean.ts";

t.test("the nearest name by few edits is suggested", async (t) => {
  t.equal(nearestName("comand", ["script", "command", "uses"]), "command");
  t.equal(nearestName("conitnueOnError", ["continueOnError"]), "continueOnError");
  t.equal(nearestName("Steps", ["steps"]), "steps", "case is no edit");
  t.equal(nearestName("runn", ["env", "run"]), "run");
});

t.test("a name that is far from all, or very long, gets no suggestion", async (t) => {
  t.equal(nearestName("banana", ["command", "script"]), undefined);
  t.equal(nearestName("b", ["a", "c"]), undefined, "one letter says nothing");
  t.equal(nearestName("a".repeat(65), ["a".repeat(65)]), undefined);
});
