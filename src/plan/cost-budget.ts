/** Thrown where something costs more than it may. */
export class OverBudget extends Error {}

/** Letters of a text that cost as much as one value. */
export const LETTERS = 16;

export type CostBudget = {
  /** Throws OverBudget, and from then on whatever it is asked for. */
  readonly spend: (cost: number) => void;
  /** From now on so much may be spent, whatever was left. */
  readonly allow: (cost: number) => void;
};

/**
 * What looking at values may cost, in steps of about the same work. A count and no time: what a pack asks for is done, or is
 * too much, whatever machine does it. `what` is what its refusal calls too much.
 */
export function costBudget(what: string): CostBudget {
  let allowed = 0;
  let left = 0;
  let over: OverBudget | undefined;
  return {
    spend: (cost) => {
      left -= cost;
      if (left < 0) {
        // One for all: where errors are caught, it may be thrown for each of very many items.
        throw (over ??= new OverBudget(`${what} takes more than ${allowed} steps`));
      }
    },
    allow: (cost) => {
      allowed = cost;
      left = cost;
      over = undefined;
    },
  };
}
