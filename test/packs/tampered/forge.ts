import { canonicalBytes } from "#canon/canonical-json.ts";
import {
  context,
  egressLines,
  packFiles,
  produced,
  releaseEvents,
  releasePlan,
  time,
  type Event,
  type Plan,
} from "./release.ts";
import { digest, digestOfJson, hex, signed, statementOf, type Members } from "./signed-file.ts";

import { REQUEST, same, type Files, type Change, type Decision, type Identity } from "./change.ts";
import { inputDigest, inputsOf, seal } from "./seal.ts";
import { rootBytes } from "./site-trust.ts";
import { principalOf } from "./people.ts";

const TWO: readonly Decision[] = [{ by: "approver-1" }, { by: "approver-2" }];

/** A bundle whose every part is made as packrun makes it, but for one change. The same change gives the same bytes. */
export function forge(change: Change = {}): Files {
  const plan = (change.plan ?? same)(releasePlan);
  const plainPlan = Buffer.from(canonicalBytes(plan));
  const planBytes = change.planBytes?.(plainPlan) ?? plainPlan;
  const identity: Identity = {
    runId: "019b8cc2-8400-7000-8000-000000000001",
    tenantId: "default",
    trustDomain: "acme-prod",
    planHash: digest(planBytes),
    ...change.identity,
  };
  const planFile = { name: "plan.canonical.json", digest: digest(planBytes) };
  const requestedBy = change.requestedBy ?? "requester";
  const files: Files = new Map();
  const put = (path: string, bytes: Uint8Array | string): void => void files.set(path, Buffer.from(bytes));
  put("plan.canonical.json", planBytes);
  put("pack.manifest.json", canonicalBytes(packFiles));
  put("trust/trust-root.json", rootBytes());
  const lock = lockBytes(plan, identity, change);
  put("inputs.lock", lock);
  for (const artifact of produced) {
    put(`artifacts/sha256/${hex(artifact)}`, artifact);
  }
  const plainContext = Buffer.from(canonicalBytes(context));
  const contextBytes = change.policy?.(plainContext) ?? plainContext;
  put("policies/check.json", contextBytes);

  const asked = {
    ...identity,
    requestedBy: "requester",
    authn: { kind: "key" },
    requestedAt: time(0),
    nonce: "0".repeat(32),
  };
  const edit = change.runRequest === "absent" ? undefined : change.runRequest;
  const runRequest = signed(
    statementOf("run-request/v1", [planFile], (edit ?? same)(asked)),
    "requester",
    change.runRequestSigning,
  );
  if (change.runRequest !== "absent") {
    put("request.sigstore.json", runRequest.sidecar);
  }
  const gate = gateFiles(plan, identity, requestedBy, change);
  const decisions = (change.decisions ?? TWO).map((decision, index) => {
    const predicate = (decision.predicate ?? same)({ ...gate.decision, approver: principalOf(decision.by) });
    const response = signed(statementOf("approval/v1", [planFile], predicate), decision.by, decision.signing);
    if (decision.absent !== true) {
      put(`approvals/ok/${index + 1}.sigstore.json`, response.sidecar);
    }
    const told = {
      decision: predicate["decision"],
      principal: principalOf(decision.by),
      payloadDigest: response.payloadDigest,
    };
    return (decision.told ?? same)(told) as { decision: string; principal: string; payloadDigest: string };
  });
  if (
    decisions.length > 0 ||
    change.request !== undefined ||
    change.requestSigning !== undefined ||
    plan === releasePlan
  ) {
    put(REQUEST, gate.bytes);
    put(`${REQUEST}.sigstore.json`, gate.sidecar);
  }
  const allEvents = (change.events ?? same)(
    releaseEvents({
      requestDigest: runRequest.payloadDigest,
      inputsLock: digest(lock),
      packDigest: plan.pack.digest,
      gateRequest: digest(gate.bytes),
      notAfter: gate.notAfter,
      context: digest(contextBytes),
      decisions,
    }).map((event) =>
      event.eventType === "run.created" ? { ...event, metadata: { ...event.metadata, requestedBy } } : event,
    ),
  );
  const events = change.snapshot === true ? allEvents.slice(0, -1) : allEvents;
  const lines = (change.lines ?? same)([...chained(events, (change.genesis ?? same)(identity))]);
  put("ledger.jsonl", lines.map((line) => `${line}\n`).join(""));
  put("outputs.json", canonicalBytes((change.outputs ?? same)(outputsOf(events, identity))));
  const network = (change.egress ?? same)(egressLines).map(
    (line, index) => `${String(Buffer.from(canonicalBytes({ sequence: index + 1, ...line })))}\n`,
  );
  put("egress.jsonl", (change.egressText ?? same)(network.join("")));
  if (change.snapshot === true) {
    ["outputs.json", "egress.jsonl"].forEach((path) => files.delete(path));
  }
  change.files?.(files);
  seal(files, { plan, identity, events, lines }, change);
  change.after?.(files);
  return files;
}

function lockBytes(plan: Plan, { planHash, tenantId }: Identity, change: Change): Uint8Array {
  const inputs = Object.entries(plan["inputs"] as Record<string, Members>).map(([name, input]) => {
    const value = "value" in input ? { value: input["value"] } : {};
    return [name, { type: input["type"], source: "cli", digest: inputDigest(input), ...value }];
  });
  const lock = {
    schema: "packrun.inputs-lock/v1",
    planHash,
    tenantId,
    inputs: Object.fromEntries(inputs) as Members,
    secrets: {},
  };
  const plain = Buffer.from(canonicalBytes((change.lock ?? same)(lock)));
  return change.lockBytes?.(plain) ?? plain;
}

function gateFiles(plan: Plan, identity: Identity, requestedBy: string, change: Change) {
  const ttl = plan.approvals["go"]?.ttlMs ?? 0;
  const request = (change.request ?? same)({
    schema: "packrun.approval-request/v1",
    ...identity,
    gateId: "ok",
    approval: "go",
    message: "Release it?",
    requestedBy,
    requestedAt: time(1500),
    notAfter: time(1500 + ttl),
    nonce: "1".repeat(32),
    pack: plan.pack,
    inputs: inputsOf(plan),
  });
  const plain = Buffer.from(canonicalBytes(request));
  const bytes = change.requestBytes?.(plain) ?? plain;
  const { runId, gateId, tenantId, trustDomain, planHash, nonce } = request;
  const claim = { runId, gateId, tenantId, trustDomain, planHash, nonce };
  const statement = statementOf(
    "approval-request/v1",
    [{ name: "request.json", digest: digest(bytes) }],
    (change.requestPredicate ?? same)(claim),
  );
  const notAfter = String(request["notAfter"]);
  return {
    bytes,
    notAfter,
    sidecar: signed(statement, "attestor", change.requestSigning).sidecar,
    decision: { ...claim, decision: "approve", reason: "looks right", issuedAt: time(1600), notAfter } as Members,
  };
}

/** Events as the lines of a ledger whose chain holds. */
function chained(events: readonly Event[], identity: Identity): readonly string[] {
  let prev = digestOfJson(identity);
  return events.map((event, index) => {
    const body = { ...event, sequence: index + 1, prev };
    prev = digestOfJson(body);
    return String(Buffer.from(canonicalBytes({ ...body, hash: prev })));
  });
}

function outputsOf(events: readonly Event[], { runId }: Identity): Members {
  const artifacts = events.flatMap(({ eventType, stepId, metadata: { name, status, digest, size, mediaType } }) =>
    eventType === "step.artifact" && status === "captured"
      ? [{ stepId, name, digest, size, ...(mediaType === undefined ? {} : { mediaType }) }]
      : [],
  );
  const finished = events.findLast(({ eventType }) => eventType === "run.finished");
  return { schema: "packrun.outputs/v1", runId, outputs: finished?.metadata["outputs"] ?? {}, artifacts };
}
