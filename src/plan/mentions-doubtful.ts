import type { Doubts } from "#pack/doubts.ts";

/**
 * Whether an expression names something in doubt by a name that is none: of `inputs.dry-run` nothing is certain while the
 * name of the input is wrong, for it reads as a subtraction.
 */
export function mentionsDoubtful(source: string, doubts: Doubts): boolean {
  return (source.match(/[\w-]+/g) ?? []).some((word) => !/^[A-Za-z_]\w*$/.test(word) && doubts.mayBe(word));
}
