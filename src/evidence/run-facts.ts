import type { Digest } from "#canon/digest.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import type { EnforcementLevel, Plan } from "#plan/plan.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import { WALL_CLOCK_COMMAND } from "#run/evolve.ts";
import type { Values } from "#run/value.ts";
import type { OutputArtifact } from "./outputs-file.ts";

/** `none` is what a limit has that nothing enforces. */
type Level = EnforcementLevel | "none";
const STRENGTH: readonly Level[] = ["none", "watchdog", "kernel-process", "kernel-tree"];

type Decision = {
  readonly gateId: string;
  readonly decision: "approve" | "reject";
  readonly principal: string;
  readonly payloadDigest: Digest;
};

/** A file or tree that the ledger names: `artifacts/` must hold it. */
export type ArtifactUse = {
  readonly stepId: string;
  readonly name: string;
  readonly digest: Digest;
  /** Of a tree that of all its files together; absent where the ledger names one taken over from another run. */
  readonly size?: number;
  readonly mediaType?: string;
};

/** What the statements about a run are made from, apart from plan and statuses. Filled event by event. */
export type RunFacts = {
  created?: Metadata<"run.created"> & { readonly at: string };
  started?: Metadata<"run.started"> & { readonly at: string };
  finished?: Metadata<"run.finished"> & { readonly at: string };
  count: number;
  head: string;
  readonly decisions: Decision[];
  readonly artifacts: ArtifactUse[];
  /** Digests that an ended step calls directories. */
  readonly trees: Set<Digest>;
  readonly enforcement: Map<string, Level>;
  /** What stopped the run as a whole. */
  readonly stops: Set<"cancel" | "wallClock" | "drift">;
  /** Steps taken over, with the run that they come from. */
  readonly reused: Map<string, string>;
};

export function noFacts(): RunFacts {
  return {
    count: 0,
    head: "",
    decisions: [],
    artifacts: [],
    trees: new Set(),
    enforcement: new Map(),
    stops: new Set(),
    reused: new Map(),
  };
}

/** Adds one event; events come in ledger order. */
export function addEvent(facts: RunFacts, event: LedgerEvent): void {
  facts.count = event.sequence;
  facts.head = event.hash;
  const { timestamp: at, stepId = "" } = event;
  if (event.eventType === "run.created") {
    facts.created ??= { ...event.metadata, at };
  } else if (event.eventType === "run.started") {
    facts.started ??= { ...event.metadata, at };
  } else if (event.eventType === "run.finished") {
    facts.finished ??= { ...event.metadata, at };
  } else if (event.eventType === "run.cancelRequested") {
    facts.stops.add(event.metadata.commandId === WALL_CLOCK_COMMAND ? "wallClock" : "cancel");
  } else if (event.eventType === "plan.drift") {
    facts.stops.add("drift");
  } else if (event.eventType === "gate.decision") {
    const { decision, principal, payloadDigest } = event.metadata;
    facts.decisions.push({ gateId: stepId, decision, principal, payloadDigest });
  } else if (event.eventType === "step.artifact") {
    addArtifact(facts, stepId, event.metadata);
  } else if (event.eventType === "step.succeeded") {
    addOutputs(facts, stepId, event.metadata);
  } else if (event.eventType === "sandbox.enforced") {
    addEnforcement(facts, event.metadata);
  }
}

function addArtifact(facts: RunFacts, stepId: string, found: Metadata<"step.artifact">): void {
  if (found.status === "captured" && found.digest !== undefined) {
    const { name, digest, size, mediaType } = found;
    facts.artifacts.push({
      stepId,
      name,
      digest,
      ...(size === undefined ? {} : { size }),
      ...(mediaType === undefined ? {} : { mediaType }),
    });
  }
}

/** Outputs of a step that ran were captured before; those of a step taken over are named here only. */
function addOutputs(facts: RunFacts, stepId: string, ended: Metadata<"step.succeeded">): void {
  for (const value of Object.values(ended.outputs)) {
    if (value.type === "directory") {
      facts.trees.add(value.digest);
    }
  }
  if (ended.reusedFrom !== undefined) {
    facts.reused.set(stepId, ended.reusedFrom);
    facts.artifacts.push(...filesOf(stepId, ended.outputs));
  }
}

function filesOf(stepId: string, outputs: Values): readonly ArtifactUse[] {
  return Object.entries(outputs)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .flatMap(([name, value]) => {
      if (value.type === "file") {
        const { digest, size, mediaType } = value;
        return [{ stepId, name, digest, size, ...(mediaType === undefined ? {} : { mediaType }) }];
      }
      return value.type === "directory" ? [{ stepId, name, digest: value.digest }] : [];
    });
}

/** The weakest level of each limit over all attempts. */
function addEnforcement(facts: RunFacts, enforced: Metadata<"sandbox.enforced">): void {
  for (const [limit, { level }] of Object.entries(enforced.limits)) {
    const before = facts.enforcement.get(limit);
    if (before === undefined || STRENGTH.indexOf(level) < STRENGTH.indexOf(before)) {
      facts.enforcement.set(limit, level);
    }
  }
}

/**
 * The artifacts as `outputs.json` lists them. `sizeOf` gives the size of a tree that was taken over: that of all files in
 * its listing together.
 */
export function listArtifacts(facts: RunFacts, sizeOf: (tree: Digest) => number): readonly OutputArtifact[] {
  return facts.artifacts.map((use) => ({ ...use, size: use.size ?? sizeOf(use.digest) }));
}

/** The artifacts that are trees: by the plan's rule for the output, or as the step taken over says. */
export function treeUses(facts: RunFacts, plan: Plan): readonly ArtifactUse[] {
  const folders = new Set<string>();
  for (const node of [...plan.steps, ...plan.finally]) {
    for (const [name, rule] of Object.entries(node.kind === "run" ? node.outputs : {})) {
      if ("dir" in rule) {
        folders.add(`${node.id} ${name}`);
      }
    }
  }
  const isFolder = ({ stepId, name }: ArtifactUse): boolean =>
    folders.has(`${stepId.replaceAll(/\[[0-9]+\]/g, "[*]")} ${name}`);
  return facts.artifacts.filter((use) => use.size === undefined || isFolder(use));
}

/** Digests of trees: of each that is an artifact, the listed files are artifacts too. */
export function treesOf(facts: RunFacts, plan: Plan): ReadonlySet<Digest> {
  return new Set([...facts.trees, ...treeUses(facts, plan).map(({ digest }) => digest)]);
}
