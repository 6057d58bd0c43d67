import type { Doubts } from "#pack/doubts.ts";
import type { Pack } from "#pack/pack.ts";
import type { Roots } from "./cel-survey.ts";
import { celOfJson, type CelValue } from "./cel-value.ts";
import type { PlanInput } from "./plan.ts";
import { INPUTS_FOLDER } from "./step-scope.ts";

/** What is known when a plan is made. */
export type KnownValues = {
  /** `inputs` and `pack` as expressions see them. Inputs without a value are absent. */
  readonly values: Readonly<Record<"inputs" | "pack", ReadonlyMap<string, CelValue>>>;
  /** Whether all that these roots read is known. */
  readonly covers: (roots: Roots) => boolean;
};

/** `unknown`: inputs that have or may still get another value than the one here. Absent when all have their values. */
export function knownValues(
  pack: Pack,
  inputs: Readonly<Record<string, PlanInput>>,
  { doubts, unknown }: { readonly doubts: Doubts; readonly unknown?: ((name: string) => boolean) | undefined },
): KnownValues {
  const given = new Map(Object.entries(inputs).map(([name, input]) => [name, inputValue(name, input)]));
  const coversInputs = (members: ReadonlySet<string> | undefined): boolean =>
    unknown === undefined || (members !== undefined && ![...members].some(unknown));
  const coversPack = !doubts.touch(["metadata", "name"]) && !doubts.touch(["metadata", "version"]);
  return {
    values: { inputs: given, pack: new Map(Object.entries({ name: pack.name, version: pack.version })) },
    covers: (roots) => {
      for (const [root, members] of roots) {
        if (!(root === "pack" && coversPack) && !(root === "inputs" && coversInputs(members))) {
          return false;
        }
      }
      return true;
    },
  };
}

function inputValue(name: string, input: PlanInput): CelValue {
  if (input.type === "file" || input.type === "directory") {
    return celOfJson({ ...input, path: `${INPUTS_FOLDER}/${name}/${input.name}` });
  }
  return input.type === "number" && typeof input.value === "number" ? input.value : celOfJson(input.value);
}
