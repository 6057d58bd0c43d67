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

/** `open`: the inputs may still get other values, so that only those which have one are known. */
export function knownValues(
  pack: Pack,
  inputs: Readonly<Record<string, PlanInput>>,
  { open }: { readonly open: boolean },
): KnownValues {
  const given = new Map(Object.entries(inputs).map(([name, input]) => [name, inputValue(name, input)]));
  const coversInputs = (members: ReadonlySet<string> | undefined): boolean =>
    !open || (members !== undefined && [...members].every((name) => given.has(name)));
  return {
    values: { inputs: given, pack: new Map(Object.entries({ name: pack.name, version: pack.version })) },
    covers: (roots) => {
      for (const [root, members] of roots) {
        if (root !== "pack" && !(root === "inputs" && coversInputs(members))) {
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
