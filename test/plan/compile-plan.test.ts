import t from "tap";
import { digestOfDigits, golden, planOf, type Given } from "./sample-plan.ts";

const mirrorInputs: Given = {
  db: { type: "file", name: "db.tar", size: 10_240, digest: digestOfDigits("9a") },
  hosts: { type: "array", value: ["eu", "us"] },
};

t.test("the documented example compiles to exactly its plan", async (t) => {
  t.strictSame(planOf(golden("mirror.yaml"), mirrorInputs), JSON.parse(golden("mirror.json")));
});
