import { canonicalJson } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import { namedOutput } from "#run/named-output.ts";
import type { Value, Values } from "#run/value.ts";

type Reference = Extract<Value, { readonly type: "file" | "directory" }>;
type Captured = Metadata<"step.artifact">;

/** A file or directory that a step says it produced, although no attempt of its own captured it. */
type Uncaptured = { readonly digest: Digest; readonly problem: string };

/**
 * Holds outputs to what was captured, event by event: those of a step to the artifacts of the attempt that it ended
 * with, those of the run to the outputs of its steps. What expressions made of them is not evaluated again.
 */
export class OutputLog {
  readonly uncaptured: Uncaptured[] = [];
  readonly #plan: Plan;
  /** By instance, then by name: artifacts of the attempt that runs. */
  readonly #running = new Map<string, Map<string, Captured>>();
  /** Files and directories that steps ended with, as canonical JSON. */
  readonly #references = new Set<string>();
  /** Outputs of the steps that outputs of the pack name. */
  readonly #named = new Map<string, Values>();

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const { from } of Object.values(plan.outputs)) {
      const named = namedOutput(from);
      if (named !== undefined) {
        this.#named.set(named.step, {});
      }
    }
  }

  take(event: LedgerEvent): void {
    const { stepId = "" } = event;
    if (event.eventType === "step.started") {
      this.#running.set(stepId, new Map());
    } else if (event.eventType === "step.artifact") {
      this.#running.get(stepId)?.set(event.metadata.name, event.metadata);
    } else if (event.eventType === "step.succeeded") {
      this.#end(stepId, event.metadata);
      this.#running.delete(stepId);
    }
  }

  #end(stepId: string, { outputs, reusedFrom }: Metadata<"step.succeeded">): void {
    for (const [name, value] of Object.entries(outputs)) {
      if (isReference(value)) {
        this.#references.add(canonicalJson(value));
        if (reusedFrom === undefined && !isSame(value, this.#running.get(stepId)?.get(name))) {
          this.uncaptured.push({ digest: value.digest, problem: `output ${name} of ${stepId} was not captured so` });
        }
      }
    }
    if (this.#named.has(stepId)) {
      this.#named.set(stepId, outputs);
    }
  }

  /** The first thing that is wrong with the outputs that the run ended with. */
  problemOf(outputs: Values): string | undefined {
    const strange = Object.keys(outputs).find((name) => !Object.hasOwn(this.#plan.outputs, name));
    if (strange !== undefined) {
      return `the plan has no output ${strange}`;
    }
    for (const [name, { from }] of Object.entries(this.#plan.outputs)) {
      const value = memberOf(outputs, name);
      const named = namedOutput(from);
      const source = named === undefined ? undefined : this.#named.get(named.step);
      if (named !== undefined && textOf(value) !== textOf(memberOf(source ?? {}, named.name))) {
        return `output ${name} is not what ${named.step} gave`;
      }
      if (value !== undefined && isReference(value) && !this.#references.has(canonicalJson(value))) {
        return `output ${name} is no file or directory that a step gave`;
      }
    }
    return undefined;
  }
}

function isReference(value: Value): value is Reference {
  return value.type === "file" || value.type === "directory";
}

/** A directory's size stands in its artifact only. */
function isSame(value: Reference, captured: Captured | undefined): boolean {
  if (captured?.status !== "captured" || captured.digest !== value.digest) {
    return false;
  }
  return value.type === "directory" || (captured.size === value.size && captured.mediaType === value.mediaType);
}

/** A member of its own: an output may be called `constructor`. */
function memberOf(values: Values, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function textOf(value: Value | undefined): string {
  return value === undefined ? "" : canonicalJson(value);
}
