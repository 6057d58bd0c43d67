import { storeCodes } from "#fault/store-codes.ts";
import type { Fault } from "#fault/fault.ts";
import type { OutputRule } from "#plan/plan.ts";
import type { ArtifactRecord } from "#run/outcome.ts";
import type { Value, Values } from "#run/value.ts";
import { collectFile } from "./collect-file.ts";
import { collectTree } from "./collect-tree.ts";
import { collectTyped, readTypedOutputs, type TypedOutputs } from "./collect-typed.ts";
import type { Collecting } from "./collecting.ts";

export type Collected = {
  readonly outputs: Values;
  readonly artifacts: readonly ArtifactRecord[];
  /** In the order of the outputs' names. */
  readonly faults: readonly Fault[];
};

type One = { readonly value?: Value; readonly record?: ArtifactRecord; readonly fault?: Fault };

/**
 * Takes all declared outputs of an attempt, in the order of their names, after everything of the step has ended. Every
 * output is looked at, so that all that is wrong is known; a store that fails ends it at once.
 */
export async function collect(collecting: Collecting, rules: Readonly<Record<string, OutputRule>>): Promise<Collected> {
  const outputs: Record<string, Value> = {};
  const artifacts: ArtifactRecord[] = [];
  const faults: Fault[] = [];
  let written: TypedOutputs | undefined;
  for (const [name, rule] of Object.entries(rules).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if ("type" in rule) {
      written ??= readTypedOutputs(collecting.outputFile);
    }
    const one = await collectOne(collecting, name, rule, written ?? { kind: "nothing" });
    if (one.fault !== undefined && Object.hasOwn(storeCodes, one.fault.code)) {
      return { outputs: {}, artifacts, faults: [one.fault] };
    }
    if (one.value !== undefined) {
      outputs[name] = one.value;
    }
    if (one.record !== undefined) {
      artifacts.push(one.record);
    }
    if (one.fault !== undefined) {
      faults.push(one.fault);
    }
  }
  return { outputs, artifacts, faults };
}

async function collectOne(collecting: Collecting, name: string, rule: OutputRule, written: TypedOutputs): Promise<One> {
  if ("type" in rule) {
    const typed = await collectTyped(collecting, name, rule, written);
    return typed.ok ? { value: typed.value } : { fault: typed.fault };
  }
  const kept = "file" in rule ? await collectFile(collecting, name, rule) : await collectTree(collecting, name, rule);
  if (!kept.ok) {
    const status = kept.fault.code === "STEP_OUTPUT_MISSING" ? "missing" : "refused";
    return { fault: kept.fault, record: { name, status, notes: kept.fault.code } };
  }
  const { digest, size } = kept.value;
  if ("dir" in rule) {
    return { value: { type: "directory", digest }, record: { name, status: "captured", digest, size } };
  }
  const media = rule.mediaType === undefined ? {} : { mediaType: rule.mediaType };
  return {
    value: { type: "file", digest, size, ...media },
    record: { name, status: "captured", digest, size, ...media },
  };
}
