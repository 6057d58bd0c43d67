import { digestOfHex, type Digest } from "#canon/digest.ts";
import { artifactPath, mediaTypeOf } from "#evidence/evidence-path.ts";
import { treeUses } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import { counted } from "#fault/counted.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/**
 * The files and directories that steps gave were captured by them. The artifacts of the bundle are those that the ledger
 * names, and the files of the trees among them: none missing, none besides. Their bytes are held to the manifest by
 * another check, the manifest's names to the bytes here.
 */
export function checkArtifacts(given: FoldedCase): void {
  const { checks, manifest, ledger, plan, trees } = given;
  const wrong = (digest: string, problem: string): void =>
    checks.fail("artifacts", faultOf(verifyCodes, "ARTIFACT_MISMATCH", { digest, problem }));
  ledger.outputs.uncaptured.forEach(({ digest, problem }) => wrong(digest, problem));
  const named = new Map<Digest, number | undefined>();
  const name = (digest: Digest, told: number | undefined): void => {
    const before = named.get(digest);
    const size = trees.has(digest) ? undefined : (told ?? before);
    if (before !== undefined && before !== size) {
      wrong(digest, `it is named with two sizes, ${before} and ${size}`);
    }
    named.set(digest, size);
  };
  const mediaTypes = new Map<Digest, string>();
  for (const { digest, size, mediaType } of ledger.facts.artifacts) {
    name(digest, size);
    if (mediaType !== undefined && !mediaTypes.has(digest)) {
      mediaTypes.set(digest, mediaType);
    }
  }
  for (const [digest, tree] of trees) {
    if (typeof tree === "string") {
      wrong(digest, tree);
    } else {
      tree.files.forEach((file) => name(file.digest, file.size));
    }
  }
  for (const { digest, size } of treeUses(ledger.facts, plan)) {
    const tree = trees.get(digest);
    if (typeof tree === "object" && size !== undefined && size !== tree.size) {
      wrong(digest, "the ledger gives another size than its files have together");
    }
  }
  let count = 0;
  for (const { path, sha256: hex, size, role, mediaType } of manifest.hashes) {
    if (role === "artifact") {
      const digest = digestOfHex(hex);
      const expected = named.get(digest);
      count += 1;
      if (path !== artifactPath(hex)) {
        wrong(digest, `it is stored as ${path}`);
      } else if (!named.has(digest)) {
        wrong(digest, "nothing in the ledger names it");
      } else if ((expected ?? size) !== size || mediaType !== mediaTypeOf(path, mediaTypes.get(digest))) {
        wrong(digest, "the manifest describes it in another way than the ledger");
      }
      named.delete(digest);
    }
  }
  for (const digest of named.keys()) {
    wrong(digest, "it is missing");
  }
  checks.pass("artifacts", `${counted(count, "artifact")}, each named by the ledger`);
}
