import type { Members } from "./signed-file.ts";
import { digest, digestOfJson, hex } from "./signed-file.ts";

/** The moment at which the run of the originals was asked for. */
const START: number = Date.UTC(2026, 0, 5, 8);
/** A time of section 1 of SPEC.md, so many milliseconds after the start. */
export const time = (after: number): string => new Date(START + after).toISOString();

export type Node = { readonly id: string; readonly kind: string; readonly parent: string | null } & Members;
export type Plan = {
  readonly steps: readonly Node[];
  readonly finally: readonly Node[];
  readonly sandbox: { readonly mode: string } & Members;
  readonly security: { readonly secretsRedactionPolicy: string };
  readonly approvals: Readonly<Record<string, { readonly ttlMs: number; readonly from: readonly string[] } & Members>>;
  readonly pack: { readonly name: string; readonly version: string; readonly digest: string };
} & Members;

export type Event = {
  readonly eventType: string;
  readonly stepId?: string;
  readonly attempt?: number;
  readonly level: string;
  readonly message: string;
  readonly metadata: Members;
  readonly timestamp: string;
};

export const packFiles: Members[] = [{ mode: "644", path: "pack.yaml", sha256: hex("a pack"), size: 6 }];

const runNode = (id: string, more: Members = {}): Node => ({
  id,
  kind: "run",
  parent: null,
  needs: [],
  continueOnError: false,
  command: ["true"],
  env: {},
  inputs: {},
  outputs: {},
  timeoutMs: 60_000,
  retry: { maxAttempts: 1, initialMs: 1000, factor: 2, maxMs: 60_000 },
  idempotent: false,
  ...more,
});

const small = "size(inputs.channel) < 10";
const plainNode = { parent: null, continueOnError: false };
const limits = { cpus: 1, memoryBytes: 67_108_864, pids: 64, logBytes: 65_536, artifactBytes: 65_536 };
const rule = { host: "*.example.com", port: 443, protocol: "tls", allowPrivate: false };

/** A plan with every kind of node, a retry, a network, and a step that its own condition switches off. */
export const releasePlan: Plan = {
  apiVersion: "packrun.dev/v1",
  kind: "Plan",
  planVersion: 1,
  pack: { name: "acme/release", version: "1.2.0", digest: digestOfJson(packFiles) },
  inputs: {
    channel: { type: "string", value: "beta" },
    notes: { type: "file", name: "n.txt", size: 2, digest: digest("hi") },
  },
  secrets: {},
  sandbox: {
    mode: "sealed",
    egressAllowlist: [
      { ...rule, maxRequests: 2 },
      { ...rule, host: "mirror.example.com", maxRequests: 3, maxBytes: 4000 },
    ],
    egressQuota: { requests: 4, bytes: 10_000 },
    limits,
  },
  security: { secretsRedactionPolicy: "blank" },
  approvals: {
    go: {
      required: 2,
      from: ["approver", "approver-security"],
      ttlMs: 3_600_000,
      separationOfDuties: true,
      reasonRequired: true,
    },
  },
  policies: { small: { engine: "cel", expression: small, digest: digest(small) } },
  failurePolicy: { onFailure: "skip-dependents" },
  steps: [
    runNode("build", {
      outputs: {
        count: { type: "integer" },
        report: { file: "r.html", mediaType: "text/html" },
        parts: { dir: "parts" },
      },
      retry: { maxAttempts: 2, initialMs: 1000, factor: 2, maxMs: 60_000 },
    }),
    runNode("extra", { needs: ["build"], when: { $cel: [{ expr: 'inputs.channel == "stable"' }] } }),
    { ...plainNode, id: "check", kind: "gate.policy", needs: ["extra"], policy: "small", failAction: "halt" },
    { ...plainNode, id: "ok", kind: "gate.approval", needs: ["check"], approval: "go", message: "Release it?" },
    { ...plainNode, id: "push", kind: "map", needs: ["ok"], items: ["eu", "us"], as: "region", maxItems: 2 },
    runNode("push[*]::send", { parent: "push" }),
    { ...plainNode, id: "after", kind: "parallel", needs: ["push"] },
    runNode("notify", { parent: "after", continueOnError: true }),
    runNode("smoke", { parent: "after" }),
    runNode("last", { parent: "after", needs: ["smoke"] }),
  ],
  finally: [runNode("tidy")],
  outputs: { report: { from: { $cel: [{ expr: "steps.build.outputs.report" }] } } },
};

const report = "<p>all of it works</p>";
const part = "part one";
const listing = `[{"mode":"link","path":"latest","target":"one"},{"mode":"644","path":"one","sha256":"${hex(part)}","size":8}]`;
/** What the steps of the originals produced. */
export const produced: readonly string[] = [report, part, listing];
export const reportFile = { type: "file", digest: digest(report), size: report.length, mediaType: "text/html" };
export const partsFolder = { type: "directory", digest: digest(listing) };

/** The context of the policy gate. */
export const context = { inputs: { channel: "beta" }, pack: {}, run: {}, steps: {}, with: {} };

const line = { protocol: "tls", port: 443, durationMs: 20, stepId: "build", attempt: 2 };
const denied = { host: "evil.example.net", port: 443, reason: "EGRESS_DENIED" };
/** The record of the network, without numbers: three lines of the second attempt of `build`. */
export const egressLines: readonly Members[] = [
  {
    ...line,
    timestamp: time(1300),
    host: "mirror.example.com",
    decision: "allowed",
    bytesIn: 900,
    bytesOut: 100,
    address: "192.0.2.7",
  },
  { ...line, timestamp: time(1310), ...denied, protocol: "tls", decision: "denied", bytesIn: 0, bytesOut: 0 },
  {
    ...line,
    timestamp: time(1320),
    host: "www.example.com",
    decision: "allowed",
    bytesIn: 500,
    bytesOut: 50,
    address: "192.0.2.8",
  },
];

/** What the ledger tells of files that were made before it. */
export type Told = {
  readonly requestDigest: string;
  readonly inputsLock: string;
  readonly packDigest: string;
  readonly gateRequest: string;
  readonly notAfter: string;
  readonly context: string;
  readonly decisions: readonly {
    readonly decision: string;
    readonly principal: string;
    readonly payloadDigest: string;
  }[];
};

const at = (stepId: string, attempt?: number) => ({ stepId, ...(attempt === undefined ? {} : { attempt }) });
type Line = readonly [string, Members, Members?];
const enforced = {
  mode: "sealed",
  limits: { memoryBytes: { declared: 67_108_864, enforcedBy: "cgroup", level: "kernel-tree" } },
};

/** An attempt that does what it should. */
const attempt = (stepId: string, more: Members = {}): readonly Line[] => [
  ["step.started", {}, at(stepId, 1)],
  ["step.succeeded", { durationMs: 40, outputs: {}, ...more }, at(stepId, 1)],
];

const build: readonly Line[] = [
  ["step.started", {}, at("build", 1)],
  ["sandbox.enforced", enforced, at("build", 1)],
  ["step.retry", { reason: "STEP_EXIT", notBefore: time(1100) }, at("build", 1)],
  ["step.started", { exe: { path: "/usr/bin/true", digest: digest("true") } }, at("build", 2)],
  ["step.output", { stream: "stdout", lines: ["built", "ünï"] }, at("build", 2)],
  ["egress.denied", { ...denied, code: "EGRESS_DENIED", hint: "add a rule" }, at("build", 2)],
  [
    "step.artifact",
    { name: "report", status: "captured", digest: reportFile.digest, size: report.length, mediaType: "text/html" },
    at("build", 2),
  ],
  [
    "step.artifact",
    { name: "parts", status: "captured", digest: partsFolder.digest, size: part.length },
    at("build", 2),
  ],
  [
    "step.succeeded",
    {
      durationMs: 400,
      outputs: { count: { type: "integer", value: 3 }, parts: partsFolder, report: reportFile },
      egress: { requests: 2, bytesIn: 1400, bytesOut: 150 },
    },
    at("build", 2),
  ],
];

/** The ledger of the originals, from first to last. */
export function releaseEvents(told: Told): Event[] {
  const { requestDigest, inputsLock, packDigest, gateRequest, notAfter, decisions } = told;
  const lines: readonly Line[] = [
    ["run.created", { requestedBy: "requester", requestDigest, inputsLock, packDigest, packSource: "folder" }],
    ["lease.acquired", { owner: "host-1", fence: 1 }],
    ["plan.verified", {}],
    ["run.started", { engine: { name: "packrun", version: "0.1.0" }, sandbox: { mode: "sealed" } }],
    ...build,
    ["step.skipped", { reason: "WHEN_FALSE" }, at("extra")],
    ["policy.evaluated", { allowed: true, policyDigest: digest(small), contextDigest: told.context }, at("check")],
    ["gate.opened", { requestDigest: gateRequest, notAfter }, at("ok")],
    ["run.waiting", { gates: ["ok"] }],
    ["gate.refused", { commandId: "c-0", code: "APPROVAL_SELF", hint: "ask somebody else" }, at("ok")],
    ...decisions.map((metadata, index): Line => [
      "gate.decision",
      { commandId: `c-${index + 1}`, ...metadata },
      at("ok"),
    ]),
    ["gate.passed", {}, at("ok")],
    ["map.expanded", { count: 2, items: digestOfJson(["eu", "us"]) }, at("push")],
    ...attempt("push[0]::send"),
    ...attempt("push[1]::send"),
    ["step.started", {}, at("notify", 1)],
    [
      "step.failed",
      { reason: "STEP_EXIT", durationMs: 30, code: "STEP_EXIT", hint: "see its output", exitCode: 1 },
      at("notify", 1),
    ],
    ...attempt("smoke"),
    ...attempt("last"),
    ...attempt("tidy"),
    ["run.finished", { status: "succeeded", outputs: { report: reportFile } }],
  ];
  return lines.map(([eventType, metadata, place = {}], index) => ({
    eventType,
    ...place,
    level: "info",
    message: eventType,
    metadata,
    timestamp: time((index + 1) * 100),
  }));
}
