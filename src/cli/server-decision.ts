import { join, resolve } from "node:path";
import { confirmAtTerminal } from "#app/approval-confirmation.ts";
import { readResponse, type ImportedResponse } from "#app/approval-import.ts";
import { signApproval } from "#app/approval-sign.ts";
import type { DecidedGate, GateDecision } from "#app/decide-gate.ts";
import { readSettings } from "#app/settings.ts";
import type { RunId } from "#canon/ids.ts";
import { readJson } from "#canon/strict-json.ts";
import type { ApiClient } from "#client/api-client.ts";
import { ok, type Result } from "#fault/result.ts";
import { approvalReviewText } from "./approval-review.ts";
import type { Cli } from "./cli.ts";
import { settingsSource } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { unfit } from "./server-options.ts";
import { withDownload } from "./with-download.ts";

export type DecisionOptions = DeskOptions & { readonly yes?: boolean };

/**
 * Decides on a gate of a run that a server has. What is signed is judged here: the server's request is held to the trust root
 * of this place, the plan is compiled again from what came with it, all of it is shown and, at a terminal, asked about. Only
 * the signed decision goes back. Faults: those of the server, of the settings, of `signApproval` and of
 * `readResponse`.
 */
export async function decideAtServer(
  cli: Cli,
  options: DecisionOptions,
  client: ApiClient,
  runId: RunId,
  given: GateDecision,
): Promise<Result<DecidedGate>> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const keyFile = given.keyFile ?? settings.value.requesterKey;
  if (keyFile === undefined) {
    return unfit("a decision without --key", "the development key of this place is nobody to it");
  }
  const sent = await client.readGateArchive(runId, given.gateId);
  return withDownload(sent, client.server, async (path, folder) => {
    const out = join(folder, "response.json");
    const { keyringFor, proveAnchor, clock, passwordSource } = await import("#compose.ts");
    const mayAsk = options.input !== false;
    const { gateId, decision, reason } = given;
    const signed = await signApproval(
      { path, decision, reason, out, keyFile: keyOf(cli, keyFile), of: { runId, gateId } },
      {
        settings: settings.value,
        keyring: keyringFor(settings.value),
        proveAnchor,
        now: clock.now,
        show: (review) => cli.err(`${approvalReviewText(review)}\n`),
        password: passwordSource(cli.env, mayAsk),
        confirm: () => confirmAtTerminal(`Sign this: ${decision}?`, mayAsk && options.yes !== true),
      },
    );
    return signed.ok ? importAtServer(client, out) : signed;
  });
}

/** Sends a decision that was signed elsewhere to the run that it names. Faults: those of `readResponse` and of the server. */
export async function importAtServer(client: ApiClient, file: string): Promise<Result<ImportedResponse>> {
  const response = await readResponse(file);
  if (!response.ok) {
    return response;
  }
  const { runId, gateId, planHash } = response.value.approval;
  const envelope = readJson(response.value.bytes, file);
  const decided = envelope.ok ? await client.approve(runId, { gateId, planHash, envelope: envelope.value }) : envelope;
  if (!decided.ok) {
    return decided;
  }
  const { decision, principal, again } = decided.value;
  return ok({ runId, gateId, decision, principal, again });
}

function keyOf(cli: Cli, key: string): string {
  return key.startsWith("signer:") ? key : resolve(cli.cwd, key);
}
