import * as fc from "fast-check";
import t from "tap";
import { checkPackVersion } from "#trust/check-pack-version.ts";
import { isEarlierVersion, SEM_VER } from "#trust/pack-version.ts";
import { code } from "../attest/signing.ts";
import { rootOf } from "./world.ts";

/** In the order of Semantic Versioning 2.0.0, section 11. */
const ordered = [
  "0.9.10",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0-rc.1-x",
  "1.0.0",
  "1.2.0",
  "1.10.0",
  "2.0.0-0",
  "2.0.0",
  "9007199254740993.0.0",
  "9007199254740994.0.0",
];

t.test("versions are ordered as Semantic Versioning says, numbers of any length included", async (t) => {
  for (const [at, version] of ordered.entries()) {
    for (const [against, other] of ordered.entries()) {
      t.equal(isEarlierVersion(version, other), at < against, `${version} before ${other}`);
    }
  }
  t.notOk(isEarlierVersion("1.0.0+a", "1.0.0+b"), "build metadata does not count");
  t.notOk(isEarlierVersion("1.0.0+b", "1.0.0"));
});

t.test("of two versions at most one comes before the other, and none before itself", async (t) => {
  const version = fc.stringMatching(SEM_VER);
  await t.resolves(
    fc.assert(
      fc.asyncProperty(version, version, async (a, b) => {
        return !isEarlierVersion(a, a) && !(isEarlierVersion(a, b) && isEarlierVersion(b, a));
      }),
    ),
  );
});

t.test("the root's least version bars what is older, and speaks of no other pack", async (t) => {
  const root = rootOf((document) => {
    document.policy = { minVersion: { "acme/promote": "2.0.0" } };
  });
  const taken = (name: string, version: string) => code(checkPackVersion(root, { name, version }));
  t.equal(taken("acme/promote", "1.9.9"), "PACK_BELOW_MINIMUM");
  t.equal(taken("acme/promote", "2.0.0-rc.1"), "PACK_BELOW_MINIMUM");
  t.equal(taken("acme/promote", "2.0.0"), "ok");
  t.equal(taken("acme/promoter", "0.0.1"), "ok");
  t.equal(taken("constructor", "0.0.1"), "ok");
  t.equal(code(checkPackVersion(rootOf(), { name: "acme/promote", version: "0.0.1" })), "ok");
});
