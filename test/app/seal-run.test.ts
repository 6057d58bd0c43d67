import t from "tap";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { LATER, must, sealedRun, sha256, verifySignature } from "./sealed-world.ts";

const tools = { sha256, verifySignature, now: () => 0 };

t.test("a run that was sealed is verified", async (t) => {
  const world = await sealedRun();
  const verdict = must(await verifyEvidence({ path: world.folder, trustRoot: world.trustRoot, at: LATER }, tools));
  t.same(
    verdict.checks.filter((check) => check.status === "fail" || check.status === "stale"),
    [],
  );
  t.equal(verdict.verdict, "verified");
  t.comment(JSON.stringify(verdict, null, 1));
});
