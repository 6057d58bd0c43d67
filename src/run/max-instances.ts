/**
 * How many instances the expansions of one run may make: for each map its items times the nodes whose nearest map it is.
 * A few bytes of items name very many, so they are counted before any of them is made or looked at.
 */
export const MAX_INSTANCES = 1_000_000;
