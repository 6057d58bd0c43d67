import t from "tap";
import { counted } from "#fault/counted.ts";

t.test("one of a thing has no s", async (t) => {
  t.equal(counted(1, "input"), "1 input");
  t.equal(counted(0, "input"), "0 inputs");
  t.equal(counted(12, "artifact"), "12 artifacts");
});
