import type { Pack } from "#pack/pack.ts";
import { celOfJson, type CelValue } from "./cel-value.ts";
import type { PlanInput } from "./plan.ts";
import { INPUTS_FOLDER } from "./step-scope.ts";

/** `inputs` and `pack` as expressions see them when the plan is made. Inputs without a value are absent. */
export function knownValues(
  pack: Pack,
  inputs: Readonly<Record<string, PlanInput>>,
): { readonly inputs: CelValue; readonly pack: CelValue } {
  return {
    inputs: new Map(Object.entries(inputs).map(([name, input]) => [name, inputValue(name, input)])),
    pack: new Map([
      ["name", pack.name],
      ["version", pack.version],
    ]),
  };
}

function inputValue(name: string, input: PlanInput): CelValue {
  if (input.type === "file" || input.type === "directory") {
    return celOfJson({ ...input, path: `${INPUTS_FOLDER}/${name}/${input.name}` });
  }
  return input.type === "number" && typeof input.value === "number" ? input.value : celOfJson(input.value);
}
