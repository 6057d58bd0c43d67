import { appendFileSync, chmodSync, copyFileSync, cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { alterationsOf } from "./alterations.ts";
import { documented } from "../docs/document.ts";
import { emptyNetwork, offline } from "./offline.ts";
import { signedSite, type Algorithm, type SignedSite } from "./signed-site.ts";
import { needs, stockTool } from "./stock-tool.ts";
import { verifyingTools } from "./verifying-tools.ts";

const GUIDE = "docs/guide/verify-as-an-auditor.md";
const cosign = stockTool("cosign");
const noNamespace = emptyNetwork.length === 0 && "network namespaces: this host lets nobody make one";

t.test("the tools see no network but an empty one of their own", { skip: noNamespace }, async (t) => {
  const { out } = await offline([
    "sh",
    "-c",
    "tail -n +3 /proc/self/net/dev | cut -d : -f 1; cat /proc/self/net/route",
  ]);
  t.match(out.trim(), /^lo\s+Iface.*$/, "no interface but the loopback one, and no route");
});

for (const algorithm of ["P-256", "Ed25519"] satisfies readonly Algorithm[]) {
  t.test(`what packrun signs with ${algorithm} keys`, async (t) => {
    const site = await signedSite(t, algorithm);
    const { place, signed, strangersKey } = site;
    const root = place.here("trust-root.json");
    const altered = signed.flatMap((each, at) => alterationsOf(each, place.here(`altered/${at}`), strangersKey));
    for (const tool of verifyingTools) {
      await t.test(`${tool.name} accepts it`, needs(tool), async (t) => {
        const refusals = await tool.refusals(signed, root);
        t.equal(refusals.length, signed.length);
        for (const [at, { what }] of signed.entries()) {
          t.equal(refusals[at], undefined, what);
        }
      });
      await t.test(`${tool.name} refuses it altered, and says why`, needs(tool), async (t) => {
        const cases = altered.filter(({ alteration }) => tool.says[alteration] !== undefined);
        const refusals = await tool.refusals(cases, root);
        for (const [at, { what, alteration }] of cases.entries()) {
          t.match(refusals[at] ?? "accepted", tool.says[alteration], `${what}: ${alteration}`);
        }
      });
    }
    if (algorithm === "P-256") {
      await t.test("the commands of the guide for auditors verify it as they stand there", needs(cosign), (t) =>
        asDocumented(t, site),
      );
    }
  });
}

/** Runs what the guide shows in a folder with the evidence and the trust root. */
async function asDocumented(t: Test, { place, evidence }: SignedSite): Promise<void> {
  const folder = place.here("judge");
  const programs = place.here("programs");
  cpSync(evidence, join(folder, "evidence"), { recursive: true });
  copyFileSync(place.here("trust-root.json"), join(folder, "trust-root.json"));
  mkdirSync(programs);
  symlinkSync(cosign.program, join(programs, "cosign"));
  const env = { PATH: `${programs}:${process.env["PATH"]}` };
  const run = (script: string) => offline(["sh", "-euc", script], { cwd: folder, env });
  const [withOpenssl = ""] = documented(GUIDE, "## Who signed the manifest? With openssl");
  const [withCosign = ""] = documented(GUIDE, "## Who signed the manifest? With cosign");
  t.match(await run(withOpenssl), { code: 0, out: /is a run attestor\nVerified OK\nit speaks of this manifest\n$/ });
  t.match(await run(withCosign), { code: 0, err: /Verified OK/ });
  const manifest = join(folder, "evidence/evidence.manifest.json");
  chmodSync(manifest, 0o644);
  appendFileSync(manifest, " ");
  t.match(await run(withCosign), { code: 1, err: /digest/ });
  t.match(await run(withOpenssl), { code: 1 });
}
