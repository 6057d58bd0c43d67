import { digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import type { Plan } from "./plan.ts";

/** Every input of a plan with its digest: of the file or tree, else of the value's canonical JSON. By name. */
export function inputDigests(
  plan: Plan,
  sha256: Sha256,
): readonly { readonly name: string; readonly digest: Digest }[] {
  return Object.entries(plan.inputs)
    .map(([name, input]) => ({ name, digest: "digest" in input ? input.digest : digestOfJson(input.value, sha256) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
