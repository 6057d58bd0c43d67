import t from "tap";
import { rootBytes } from "../app/sealed-world.ts";
import { check, findings } from "./bundle-tools.ts";
import { oddBundles } from "./odd-bundles.ts";

t.test("what is wrong in one small thing only is found, and what is right is not", async (t) => {
  for (const [name, { files, findings: expected }] of Object.entries(await oddBundles())) {
    t.strictSame(findings(await check(files, rootBytes())), expected, name);
  }
});
