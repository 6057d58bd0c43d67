import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { hexOf } from "#canon/digest.ts";
import { compiled, moduleDigest } from "./rego-module.ts";

t.test("the compiled policies are those that were made of these sources", async (t) => {
  const folder = new URL("rego/", import.meta.url);
  const { opa, files } = JSON.parse(readFileSync(new URL("sources.json", folder), "utf8")) as {
    readonly opa: string;
    readonly files: Readonly<Record<string, string>>;
  };
  t.match(opa, /^github\.com\/open-policy-agent\/opa@v1\.\d+\.\d+$/);
  t.match(readFileSync(new URL("compile", folder), "utf8"), `opa=${opa}\n`);
  const there = readdirSync(folder).filter((name) => /\.(?:rego|wasm)$/.test(name));
  t.strictSame(Object.keys(files).toSorted(), there.toSorted());
  for (const [name, hex] of Object.entries(files)) {
    t.equal(hexOf(moduleDigest(compiled(name))), hex, name);
  }
});
