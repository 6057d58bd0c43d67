import { randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { parseRunId, type RunId } from "#canon/ids.ts";

/** What nobody can foresee: ids of runs, and nonces that bind an answer to what was asked. */
export type Chance = {
  readonly runId: () => RunId;
  /** 32 lower-case hex digits. */
  readonly nonce: () => string;
};

export const systemChance: Chance = {
  runId: () => {
    const runId = parseRunId(uuidv7());
    if (runId === undefined) {
      throw new Error("uuid made no version 7");
    }
    return runId;
  },
  nonce: () => randomBytes(16).toString("hex"),
};
