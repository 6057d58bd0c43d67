import { isJsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { stoppedHint } from "#engine/drive-run.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { HeldLease, RunIdentity } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { runCodes } from "#run/codes.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { approvalCodes } from "#trust/approval-codes.ts";
import { appCodes } from "./codes.ts";
import { driveStoredRun } from "./drive-stored-run.ts";
import { indexRun } from "./run-row.ts";
import type { RunTrust } from "./run-trust.ts";
import { sealFinished } from "./seal-finished.ts";
import type { Workplace } from "./workplace.ts";

/** How long to wait for the process that drives the run to record a command, in milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * Puts a command into a run's inbox and sees that it is recorded: by the process that drives the run, or, when there is
 * none, by this one, which starts nothing. The event that records it.
 */
export async function deliver(
  identity: RunIdentity,
  command: InboxCommand,
  workplace: Workplace,
  trust: RunTrust,
): Promise<Result<LedgerEvent>> {
  const put = await workplace.store.inbox.put(identity, command);
  if (!put.ok) {
    return put;
  }
  const deadline = workplace.clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const driven = await driveStoredRun(identity, workplace, trust, {
      maxParallel: 0,
      wait: false,
      cancelBy: trust.principal,
      references: new Map(),
    });
    if (!driven.ok && driven.fault.code !== "RUN_BUSY") {
      return driven;
    }
    const put = driven.ok ? await indexRun(identity, driven.value.state, workplace.store) : ok(undefined);
    if (!put.ok) {
      return put;
    }
    if (driven.ok && driven.value.end === "finished") {
      const sealed = await sealFinished(identity, workplace, trust);
      if (!sealed.ok) {
        return sealed;
      }
    }
    const event = await findCommand(identity, command.commandId, workplace);
    if (event !== undefined) {
      return ok(event);
    }
    if (driven.ok && driven.value.end === "finished") {
      return fail(await whyUnheard(identity, command, workplace));
    }
    const held = await workplace.store.leases.current(identity);
    if (held?.life.state === "stopped" || workplace.clock.monotonic() > deadline) {
      return fail(unanswered(identity, held));
    }
  }
}

/** A process that is stopped answers nobody, however long one waits. */
function unanswered({ runId }: RunIdentity, held: HeldLease | undefined): Fault {
  const { life } = held ?? {};
  return life?.state === "stopped"
    ? faultOf(appCodes, "COMMAND_UNANSWERED", { runId }, { hint: stoppedHint(life.pid) })
    : faultOf(appCodes, "COMMAND_UNANSWERED", { runId });
}

/** A run that ended before it took the command: for drift, because its gate's time was over, or because it was at its end. */
async function whyUnheard(identity: RunIdentity, { body }: InboxCommand, { store }: Workplace): Promise<Fault> {
  const gate = isJsonObject(body) ? body["gate"] : undefined;
  let notAfter = "";
  for await (const { eventType, stepId, metadata, timestamp: now } of store.ledger.read(identity)) {
    if (eventType === "plan.drift") {
      const { node, pointer, hint } = metadata;
      return faultOf(planCodes, "PLAN_DRIFT", { node: node === "" ? "it" : node, pointer }, { hint });
    }
    if (eventType === "gate.opened" && stepId === gate) {
      notAfter = metadata.notAfter;
    }
    if (eventType === "gate.expired" && stepId === gate) {
      return faultOf(approvalCodes, "APPROVAL_LATE", { now, notAfter });
    }
  }
  return faultOf(runCodes, "RUN_FINISHED", { runId: identity.runId });
}

async function findCommand(
  identity: RunIdentity,
  commandId: string,
  { store }: Workplace,
): Promise<LedgerEvent | undefined> {
  for await (const event of store.ledger.read(identity)) {
    if ("commandId" in event.metadata && event.metadata.commandId === commandId) {
      return event;
    }
  }
  return undefined;
}
