import { join } from "node:path";
import type { Result } from "#fault/result.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { Signer } from "#port/signer.ts";
import { readRunState } from "./read-run.ts";
import { rowOf } from "./run-row.ts";
import { sealRun, type SealedRun } from "./seal-run.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import type { Workplace } from "./workplace.ts";

/** Where a run's evidence bundle lies unless the command says otherwise. */
export function evidenceFolder(runId: string, { settings }: Workplace): string {
  return join(settings.stateFolder, "evidence", runId);
}

/** Seals a finished run and brings its index row up to date; a bundle that is there already stands. */
export async function sealFinished(
  identity: RunIdentity,
  workplace: Workplace,
  attestor: Signer,
  folder: string = evidenceFolder(identity.runId, workplace),
): Promise<Result<SealedRun>> {
  const state = await readRunState(identity, workplace);
  if (!state.ok) {
    return state;
  }
  const put = await workplace.store.index.put(rowOf(identity, state.value));
  if (!put.ok) {
    return put;
  }
  const { store, artifacts, sha256, verifySignature, engine } = workplace;
  const verifier = await shippedVerifier(engine.version);
  const { plan } = state.value;
  const ports = { artifacts, attestor, sha256, verifySignature, engine, verifier, plan };
  return sealRun(identity, { ...ports, ledger: store.ledger, lines: store.lines }, folder);
}
