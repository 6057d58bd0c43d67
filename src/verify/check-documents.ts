import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import { equalBytes } from "#canon/bytes.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { INPUTS_LOCK_PATH, OUTPUTS_PATH, PACK_MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { outputsBytes } from "#evidence/outputs-file.ts";
import { inputDigests } from "#plan/input-digests.ts";
import { listArtifacts } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import { counted } from "#fault/counted.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/** `outputs.json` is made again from the ledger; its bytes must be the same, and its outputs those of steps. */
export async function checkOutputs({ checks, reader, manifest, ledger, trees }: FoldedCase): Promise<void> {
  const bytes = await reader.document(OUTPUTS_PATH);
  if (!bytes.ok) {
    checks.fail("outputs", bytes.fault);
    return;
  }
  const { facts } = ledger;
  const sizeOf = (digest: Digest): number => {
    const tree = trees.get(digest);
    return typeof tree === "object" ? tree.size : 0;
  };
  const expected = outputsBytes(manifest.runId, facts.finished?.outputs ?? {}, listArtifacts(facts, sizeOf));
  const problem = equalBytes(expected, bytes.value)
    ? ledger.outputs.problemOf(facts.finished?.outputs ?? {})
    : "it differs from what the ledger gives";
  if (problem !== undefined) {
    checks.fail("outputs", faultOf(verifyCodes, "OUTPUTS_MISMATCH", { problem }));
  }
  checks.pass("outputs", `${counted(facts.artifacts.length, "artifact")}, as in the ledger`);
}

/** The pack is the one that was planned: by the digest of its manifest's bytes. */
export async function checkPack(given: FoldedCase): Promise<void> {
  const { checks, reader, plan, ledger, sha256 } = given;
  const bytes = await reader.document(PACK_MANIFEST_PATH);
  if (!bytes.ok) {
    checks.fail("pack", bytes.fault);
    return;
  }
  const expected = plan.pack.digest;
  const found = digestOf(bytes.value, sha256);
  const recorded = ledger.facts.created?.packDigest;
  const other = found === expected ? recorded : found;
  if (other !== undefined && other !== expected) {
    checks.fail("pack", faultOf(verifyCodes, "PACK_MISMATCH", { found: other, expected }));
  }
  checks.pass("pack", `${plan.pack.name} ${plan.pack.version}, ${expected}`);
}

/** Where the pack came from; a folder is nobody's signed pack. */
export function checkPackSource({ checks, ledger, plan, trustRoot, requireDsse }: FoldedCase): void {
  const { minVersion = {} } = trustRoot?.document.policy ?? {};
  const least = Object.hasOwn(minVersion, plan.pack.name) ? minVersion[plan.pack.name] : undefined;
  const unheld =
    least === undefined
      ? ""
      : `; that the trust root takes it from version ${least} on is held when it is planned and run, not here`;
  if (ledger.facts.created?.packSource !== "folder") {
    checks.pass("pack-source", `the pack came from the registry${unheld}`);
  } else if (requireDsse) {
    checks.fail("pack-source", faultOf(verifyCodes, "PACK_SOURCE_FOLDER"));
  } else {
    checks.skip("pack-source", `the pack came from a folder: nobody signed it${unheld}`);
  }
}

/** The locked inputs are those of plan and ledger. */
export async function checkInputsLock(given: FoldedCase): Promise<void> {
  const { checks, reader, ledger } = given;
  const bytes = await reader.document(INPUTS_LOCK_PATH);
  if (!bytes.ok) {
    checks.fail("inputs-lock", bytes.fault);
    return;
  }
  const read = readCanonicalJson(bytes.value, INPUTS_LOCK_PATH);
  const digest = digestOf(bytes.value, given.sha256);
  const problem = !read.ok
    ? "it is not canonical JSON"
    : digest === ledger.facts.created?.inputsLock
      ? lockProblem(given, read.value)
      : "the ledger names another one";
  if (problem !== undefined) {
    checks.fail("inputs-lock", faultOf(verifyCodes, "INPUTS_LOCK_MISMATCH", { problem }));
  }
  checks.pass("inputs-lock", `${counted(Object.keys(given.plan.inputs).length, "input")}, as in the plan`);
}

function lockProblem({ manifest, plan, sha256 }: FoldedCase, lock: unknown): string | undefined {
  if (!isJsonObject(lock) || lock["schema"] !== "packrun.inputs-lock/v1" || !isJsonObject(lock["inputs"])) {
    return "it is no packrun.inputs-lock/v1";
  }
  if (lock["planHash"] !== manifest.planHash || lock["tenantId"] !== manifest.tenantId) {
    return "it is for another plan or tenant";
  }
  const locked = lock["inputs"];
  const digests = new Map(inputDigests(plan, sha256).map(({ name, digest }) => [name, digest]));
  const names = [...digests.keys()].toSorted(compareUtf8);
  if (canonicalJson(Object.keys(locked).toSorted(compareUtf8)) !== canonicalJson(names)) {
    return "it has other inputs than the plan";
  }
  for (const name of names) {
    const input = plan.inputs[name];
    const entry = locked[name];
    if (input === undefined || !isJsonObject(entry) || entry["type"] !== input.type) {
      return `input ${name} is of another type`;
    }
    if (entry["digest"] !== digests.get(name)) {
      return `input ${name} has another digest`;
    }
    if ("value" in input && !isSame(entry["value"], input.value)) {
      return `input ${name} has another value`;
    }
  }
  return undefined;
}

/** A value of null is one, too: it is not left out. */
function isSame(locked: unknown, planned: Json): boolean {
  return locked !== undefined && canonicalJson(locked) === canonicalJson(planned);
}
