import { canonicalBytes } from "#canon/canonical-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { mediaTypeOf, roleOf } from "#evidence/evidence-path.ts";
import { people, type Name } from "./people.ts";
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
import { digest, digestOfJson, hex, signed, statementOf, type Members, type Signing } from "./signed-file.ts";
import { statusesOf, type Status } from "./statuses.ts";

/** Files by path; a text is a link to that target. */
export type Files = Map<string, Uint8Array>;
type Edit<T, R = T> = (value: T) => R;

export const MANIFEST = "evidence.manifest.json";
export const ATTESTATION = `${MANIFEST}.sigstore.json`;
export const REQUEST = "approvals/ok/request.json";

export type Decision = {
  readonly by: Name;
  readonly predicate?: Edit<Members>;
  readonly signing?: Signing;
  /** Another `gate.decision` than this response is. */
  readonly told?: Edit<Members>;
  readonly absent?: boolean;
};

export type Identity = {
  readonly runId: string;
  readonly tenantId: string;
  readonly trustDomain: string;
  readonly planHash: string;
};

/** How a bundle departs from the original. Everything behind a change is made anew, and signed by whoever has to. */
export type Change = {
  readonly plan?: Edit<Plan>;
  /** Other bytes of the plan, of which everything else then speaks. */
  readonly planBytes?: Edit<Buffer, Uint8Array>;
  readonly identity?: Partial<Identity>;
  readonly runRequest?: Edit<Members> | "absent";
  readonly runRequestSigning?: Signing;
  /** Who asked, as the ledger and the gate's request tell it. */
  readonly requestedBy?: string;
  readonly lock?: Edit<Members, unknown>;
  readonly lockBytes?: Edit<Buffer, Uint8Array>;
  readonly request?: Edit<Members>;
  readonly requestBytes?: Edit<Buffer, Uint8Array>;
  readonly requestPredicate?: Edit<Members>;
  readonly requestSigning?: Signing;
  readonly decisions?: readonly Decision[];
  readonly events?: Edit<Event[], readonly Event[]>;
  /** Members of chained events by their place: not what the chain was made from. */
  readonly lines?: Edit<string[], readonly string[]>;
  readonly genesis?: Edit<Identity>;
  readonly statuses?: Edit<readonly Status[]>;
  readonly outputs?: Edit<Members, unknown>;
  readonly egress?: Edit<readonly Members[]>;
  readonly egressText?: Edit<string>;
  /** The bytes of the policy's context, of which the ledger then speaks. */
  readonly policy?: Edit<Buffer, Uint8Array>;
  /** Before the manifest lists them. */
  readonly files?: (files: Files) => void;
  readonly manifest?: Edit<Manifest, unknown>;
  readonly manifestBytes?: Edit<Buffer, Uint8Array>;
  readonly predicate?: Edit<Members>;
  readonly subjects?: Edit<readonly Subject[]>;
  readonly signing?: Signing;
  /** After everything was signed. */
  readonly after?: (files: Files) => void;
};

export type Listed = {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
  readonly role: string;
};
export type Manifest = Members & { readonly hashes: readonly Listed[] };
export type Subject = { readonly name: string; readonly digest: string };

const TWO: readonly Decision[] = [{ by: "approver-1" }, { by: "approver-2" }];
const same = <T>(value: T): T => value;

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
  const events = (change.events ?? same)(
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
  const lines = (change.lines ?? same)([...chained(events, (change.genesis ?? same)(identity))]);
  put("ledger.jsonl", lines.map((line) => `${line}\n`).join(""));
  put("outputs.json", canonicalBytes((change.outputs ?? same)(outputsOf(events, identity))));
  const network = (change.egress ?? same)(egressLines).map(
    (line, index) => `${String(Buffer.from(canonicalBytes({ sequence: index + 1, ...line })))}\n`,
  );
  put("egress.jsonl", (change.egressText ?? same)(network.join("")));
  change.files?.(files);
  seal(files, { plan, identity, events, lines }, change);
  change.after?.(files);
  return files;
}

const principalOf = (name: Name): string => name.replace(/1b$/, "1");

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

const inputDigest = (input: Members): unknown => ("value" in input ? digestOfJson(input["value"]) : input["digest"]);

const inputsOf = (plan: Plan): readonly Members[] =>
  Object.entries(plan["inputs"] as Record<string, Members>)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([name, input]) => ({ name, digest: inputDigest(input) }));

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
export function chained(events: readonly Event[], identity: Identity): readonly string[] {
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

type Sealed = {
  readonly plan: Plan;
  readonly identity: Identity;
  readonly events: readonly Event[];
  readonly lines: readonly string[];
};

/** Manifest and attestation over the files as they are now. */
function seal(files: Files, run: Sealed, change: Change): void {
  const { identity, events } = run;
  const types = new Map(
    events.map(({ metadata }) => [String(metadata["digest"]), metadata["mediaType"] as string | undefined]),
  );
  const hashes = [...files]
    .map(([path, bytes]) => ({
      path,
      sha256: hex(bytes),
      size: bytes.length,
      mediaType: mediaTypeOf(path, types.get(`sha256:${path.split("/").at(-1) ?? ""}`)),
      role: roleOf(path) ?? "artifact",
    }))
    .toSorted((a, b) => compareUtf8(a.path, b.path));
  const { planHash } = identity;
  const manifest = (change.manifest ?? same)({
    schema: "packrun.evidence/v1",
    ...identity,
    plan: { hash: planHash, canonicalPlanPath: "plan.canonical.json" },
    final: true,
    hashes,
    verifier: { name: "verify_offline_bundle.mjs", version: "0.1.0", digest: `sha256:${"f".repeat(64)}` },
  });
  const plain = Buffer.from(canonicalBytes(manifest));
  const bytes = change.manifestBytes?.(plain) ?? plain;
  const listed = (manifest as Manifest).hashes ?? hashes;
  const predicate = (change.predicate ?? same)({
    ...runPredicate(run),
    ledger: { count: run.lines.length, headHash: headOf(run.lines), digest: digest(files.get("ledger.jsonl") ?? "") },
    evidence: {
      manifestDigest: digest(bytes),
      fileCount: listed.length,
      totalBytes: listed.reduce((sum, { size }) => sum + size, 0),
    },
    steps: (change.statuses ?? same)(statusesOf(run.plan, events)),
  });
  const end = events.findLast(({ eventType }) => eventType === "run.finished");
  const outputs = Object.entries(end?.metadata["outputs"] ?? {}).toSorted(([a], [b]) => compareUtf8(a, b));
  const further = outputs.flatMap(([name, value]) => {
    const { digest: of } = value as { readonly digest?: string };
    return of === undefined ? [] : [{ name, digest: of }];
  });
  const subjects = (change.subjects ?? same)([{ name: MANIFEST, digest: digest(bytes) }, ...further]);
  files.set(MANIFEST, bytes);
  files.set(ATTESTATION, signed(statementOf("pack-run/v1", subjects, predicate), "attestor", change.signing).sidecar);
}

const headOf = (lines: readonly string[]): unknown => /"hash":"([^"]*)"/.exec(lines.at(-1) ?? "")?.[1] ?? digest("");

function runPredicate({ plan, identity, events }: Sealed): Members {
  const first = (type: string): Event | undefined => events.find(({ eventType }) => eventType === type);
  const created = first("run.created");
  const started = first("run.started");
  const finished = first("run.finished");
  const reason = finished?.metadata["reason"];
  return {
    schemaVersion: 1,
    ...identity,
    pack: plan.pack,
    packSource: created?.metadata["packSource"] ?? "folder",
    inputs: inputsOf(plan),
    inputsLock: { digest: created?.metadata["inputsLock"] ?? digest("") },
    outcome: finished?.metadata["status"] ?? "succeeded",
    ...(reason === undefined ? {} : { reason }),
    approvals: events.flatMap(({ eventType, stepId, metadata: { decision, principal, payloadDigest } }) =>
      eventType === "gate.decision" ? [{ gateId: stepId, decision, principal, payloadDigest }] : [],
    ),
    redaction: { policy: plan.security.secretsRedactionPolicy },
    sandbox: { mode: plan.sandbox.mode, enforcement: { memoryBytes: "kernel-tree" } },
    engine: started?.metadata["engine"] ?? { name: "packrun", version: "0.1.0" },
    requestedAt: created?.timestamp ?? time(0),
    ...(started === undefined ? {} : { startedAt: started.timestamp }),
    completedAt: finished?.timestamp ?? time(0),
  };
}

/** Who holds what in the trust root of the originals. */
const ROLES: Readonly<Record<string, { readonly people: readonly Name[]; readonly gates?: readonly string[] }>> = {
  root: { people: ["root", "root-2"] },
  requester: { people: ["requester", "approver-1"] },
  "run-attestor": { people: ["attestor", "attestor-2", "bearer"] },
  approver: { people: ["approver-1", "approver-1b", "approver-2", "requester", "newcomer", "leaver"] },
  "approver-security": { people: ["guard"], gates: ["deploy-*"] },
  revoker: { people: ["revoker"] },
};

export type Root = Members & {
  readonly keys: Readonly<Record<string, Members>>;
  readonly roles: Readonly<Record<string, Members>>;
};

export const root: Root = {
  schema: "packrun.trust-root/v1",
  trustDomain: "acme-prod",
  version: 3,
  issuedAt: time(-10 * 86_400_000),
  expires: "2028-01-01T00:00:00.000Z",
  keys: Object.fromEntries(
    Object.values(people)
      .filter(({ name }) => !name.startsWith("stranger"))
      .map(({ name, alg, pem, keyid }) => [
        keyid,
        {
          alg,
          pem,
          principal: principalOf(name as Name),
          validFrom: name === "newcomer" ? time(7_200_000) : time(-10 * 86_400_000),
          validUntil: name === "leaver" ? time(7_200_000) : "2027-01-01T00:00:00.000Z",
        },
      ]),
  ),
  roles: Object.fromEntries(
    Object.entries(ROLES).map(([role, { people: names, ...bounds }]) => [
      role,
      { keyids: names.map((name) => people[name].keyid), threshold: 1, ...bounds },
    ]),
  ),
};

/** A trust root that departs from that of the originals. */
export const rootBytes = (edit: Edit<Root, unknown> = same): Buffer => Buffer.from(canonicalBytes(edit(root)));

export type ListEntry = { readonly kind: string; readonly value: string };

/** A revocation list that the site's root takes, but for the changes. */
export function revocations(
  entries: readonly ListEntry[],
  more: Members = {},
  signing: Signing = {},
  claim: Members = {},
): Files {
  const list = {
    schema: "packrun.revocations/v1",
    trustDomain: "acme-prod",
    sequence: 4,
    issuedAt: time(86_400_000 - 3_600_000),
    nextUpdate: time(8 * 86_400_000),
    previousDigest: digest("the list before"),
    entries: entries.map(({ kind, value }) => ({ kind, value, reason: "lost", revokedAt: time(0) })),
    ...more,
  };
  const bytes = canonicalBytes(Object.fromEntries(Object.entries(list).filter(([, value]) => value !== undefined)));
  const predicate = { trustDomain: list.trustDomain, sequence: list.sequence, ...claim };
  const statement = statementOf("revocation-list/v1", [{ name: "revocations.json", digest: digest(bytes) }], predicate);
  return new Map<string, Uint8Array>([
    ["revocations.json", bytes],
    ["revocations.json.sigstore.json", signed(statement, "revoker", signing).sidecar],
  ]);
}
