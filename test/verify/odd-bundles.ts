import { sealRun } from "#app/seal-run.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { finishedRun, must, runNode, samplePlan, sealedRun, sha256, type World } from "../app/sealed-world.ts";
import { chained, eventsOf, filesOf, forge, resign, type Files } from "./bundle-tools.ts";

/** A bundle that an attestor signed, and all that is found in it. */
export type OddBundle = { readonly files: Files; readonly findings: readonly string[] };

const unplanned = ["egress: EGRESS_LINE_UNPLANNED"];
const mismatch = ["outputs: OUTPUTS_MISMATCH"];

/** Bundles that are wrong in one small thing which a verifier may overlook, and their neighbours that are right. */
export async function oddBundles(): Promise<Readonly<Record<string, OddBundle>>> {
  const world = await sealedRun();
  return {
    "a host that is Punycode": { files: await reached("xn--bcher-kva.acme.example"), findings: [] },
    "a host that is no Punycode": { files: await reached("xn--zz.acme.example"), findings: unplanned },
    "a host whose Punycode is a surrogate": { files: await reached("xn--ib9b.acme.example"), findings: unplanned },
    "a false size before the true one": {
      files: await capturedTwice(world),
      findings: ["artifacts: ARTIFACT_MISMATCH"],
    },
    "a null that is locked": { files: await lockedNull({ value: null }), findings: [] },
    "a null that is not locked": { files: await lockedNull({}), findings: ["inputs-lock: INPUTS_LOCK_MISMATCH"] },
    "an output of its step": { files: await taken("steps.build.outputs.report"), findings: [] },
    "an output of no step": { files: await taken("steps.nosuch.outputs.report"), findings: mismatch },
    "an output of a template": { files: await taken('steps["push[*]::send"].outputs.report'), findings: mismatch },
    "an output of another iteration": {
      files: await taken('steps["push[1]::send"].outputs.report'),
      findings: mismatch,
    },
    "a gate with a leading zero in its path": {
      files: await placed(world, "approvals/a[00]::b/1.sigstore.json"),
      findings: ["manifest: EVIDENCE_MANIFEST_INVALID"],
    },
    "a gate whose path is too long": {
      files: await placed(world, `approvals/${"a".repeat(60)}[0]::${"b".repeat(40)}/1.sigstore.json`),
      findings: ["manifest: EVIDENCE_MANIFEST_INVALID"],
    },
  };
}

/** A run that reached a host under `*.acme.example`. */
async function reached(host: string): Promise<Files> {
  const base = samplePlan({ nodes: [runNode("fetch")] });
  const rule = { host: "*.acme.example", port: 443, protocol: "tls", allowPrivate: false } as const;
  const egressQuota = { requests: 1, bytes: 100 };
  const plan: Plan = { ...base, sandbox: { ...base.sandbox, egressAllowlist: [rule], egressQuota } };
  const use = { requests: 1, bytesIn: 5, bytesOut: 5 };
  const world = await finishedRun({ plan, outcome: (id) => (id === "fetch" ? { egress: use } : undefined) });
  const line = {
    sequence: 1,
    timestamp: "2026-01-05T08:00:00.000Z",
    stepId: "fetch",
    attempt: 1,
    protocol: "tls",
    host,
    port: 443,
    decision: "allowed",
    bytesIn: 5,
    bytesOut: 5,
    durationMs: 1,
  };
  const bytes = Buffer.concat([canonicalBytes(line), Buffer.from("\n")]);
  must(await world.ports.lines.append(world.identity, "egress.jsonl", bytes, { durable: true }));
  must(await sealRun(world.identity, world.ports, world.folder));
  return filesOf(world.folder);
}

/** The report is captured with a size that it does not have, and then with its own. */
function capturedTwice(world: World): Promise<Files> {
  return forge(world, (events) =>
    events.flatMap((event) =>
      event.eventType === "step.artifact" && event.metadata.name === "report"
        ? [{ ...event, metadata: { ...event.metadata, size: 7 + (event.metadata.size ?? 0) } }, event]
        : [event],
    ),
  );
}

/** A run with an input of null, whose entry in the lock has this beside type and digest. */
async function lockedNull(more: object): Promise<Files> {
  const world = await sealedRun({
    plan: { ...samplePlan(), inputs: { nothing: { type: "object", value: null } as never } },
  });
  const files = filesOf(world.folder);
  const lock = JSON.parse(Buffer.from(files.get("inputs.lock") ?? "").toString()) as { inputs: { nothing: object } };
  const { value: _value, ...entry } = lock.inputs.nothing as { value: unknown };
  const bytes = canonicalBytes({ ...lock, inputs: { nothing: { ...entry, ...more } } });
  const inputsLock = digestOf(bytes, sha256);
  const ledger = chained(
    world,
    eventsOf(files).map((event) =>
      event.eventType === "run.created" ? { ...event, metadata: { ...event.metadata, inputsLock } } : event,
    ),
  );
  const changed = new Map([...files, ["inputs.lock", bytes], ["ledger.jsonl", ledger]]);
  const headHash = eventsOf(changed).at(-1)?.hash;
  return resign(changed, {
    predicate: (before) => ({
      ...before,
      inputsLock: { digest: inputsLock },
      ledger: { ...before.ledger, headHash },
    }),
  });
}

/** A run that gave the report of its first step as the output that this expression names. */
async function taken(expr: string): Promise<Files> {
  const world = await sealedRun({ plan: { ...samplePlan(), outputs: { report: { from: { $cel: [{ expr }] } } } } });
  const built = eventsOf(filesOf(world.folder)).find(
    (event) => event.eventType === "step.succeeded" && event.stepId === "build",
  );
  const report = built?.eventType === "step.succeeded" ? built.metadata.outputs["report"] : undefined;
  return forge(world, (events) =>
    events.map((event) =>
      event.eventType === "run.finished"
        ? ({ ...event, metadata: { ...event.metadata, outputs: { report } } } as LedgerEvent)
        : event,
    ),
  );
}

/** The good bundle with one response more, at a path of its own. */
function placed(world: World, path: string): Promise<Files> {
  const files = filesOf(world.folder);
  return resign(new Map([...files, [path, files.get("approvals/ok/1.sigstore.json") ?? new Uint8Array()]]), {
    manifest: (manifest) => ({
      ...manifest,
      hashes: manifest.hashes.map((file) => (file.path === path ? { ...file, role: "approval" } : file)),
    }),
  });
}
