import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { recordVerdict } from "#app/record-verdict.ts";
import type { PackVerdict } from "#verify/verdict.ts";
import { code } from "../attest/signing.ts";

const VERDICT: PackVerdict = { schemaVersion: 1, verdict: "verified", subject: { type: "pack" }, checks: [] };
const record = (path: string) => recordVerdict(path, VERDICT, { now: () => 0, version: "1.0.0" });
const kept = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const bundle = (t: Test): string => join(t.testdir({ bundle: { "oci-layout": "{}" } }), "bundle");

t.test("the verdict lies beside the bundle, in place of an earlier one", async (t) => {
  const path = bundle(t);
  writeFileSync(`${path}.verdict.json`, "an earlier one that is longer than what comes now".repeat(100));
  t.equal(code(await record(`${path}//`)), "ok");
  t.match(kept(`${path}.verdict.json`), { verdict: VERDICT, at: "1970-01-01T00:00:00.000Z" });
  t.strictSame(readdirSync(join(path, "..")), ["bundle", "bundle.verdict.json"], "nothing else");
});

t.test("a link in its place is replaced, and what it leads to stays as it was", async (t) => {
  const path = bundle(t);
  const target = join(path, "../precious");
  writeFileSync(target, "of somebody else");
  symlinkSync("precious", `${path}.verdict.json`);
  t.equal(code(await record(path)), "ok");
  t.equal(readFileSync(target, "utf8"), "of somebody else");
  t.match(kept(`${path}.verdict.json`), { verdict: VERDICT });
});

t.test("what cannot be written is said, and leaves nothing", async (t) => {
  const path = bundle(t);
  mkdirSync(`${path}.verdict.json`);
  t.equal(code(await record(path)), "USER_FILE_WRITE", "a folder in its place");
  t.equal(code(await record(join(path, "none/bundle"))), "USER_FILE_WRITE");
  t.strictSame(readdirSync(join(path, "..")), ["bundle", "bundle.verdict.json"]);
});
