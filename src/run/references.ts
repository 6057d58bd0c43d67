import { canonicalJson } from "#canon/canonical-json.ts";
import { isDigest } from "#canon/digest.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import type { Plan } from "#plan/plan.ts";
import type { Value, Values } from "./value.ts";

/** A file or directory as a step gave it, or an input of the run. Anyone can write such an object. */
type Reference = Extract<Value, { readonly type: "file" | "directory" }>;

/**
 * The files and directories that belong to a run: its inputs, and what its steps gave. A tenant's artifacts are all in
 * one store, so that a digest alone, which a step may have made up, must not open what another run has put there. The
 * type counts too: a file that holds a listing of other files is no directory.
 */
export class References {
  readonly #own = new Set<string>();
  /** Outputs member by member, as canonical JSON. */
  readonly #produced = new Set<string>();

  constructor(plan: Plan) {
    for (const input of Object.values(plan.inputs)) {
      if (input.type === "file" || input.type === "directory") {
        this.#own.add(nameOf(input));
      }
    }
  }

  addOutputs(outputs: Values): void {
    for (const value of Object.values(outputs)) {
      if (value.type === "file" || value.type === "directory") {
        this.#own.add(nameOf(value));
        this.#produced.add(canonicalJson(value));
      }
    }
  }

  /** Whether a step gave exactly this. */
  produced(value: Reference): boolean {
    return this.#produced.has(canonicalJson(value));
  }

  /** The first reference anywhere in a value that is not the run's own. */
  foreignIn(value: Json): { readonly type: string; readonly digest: string } | undefined {
    if (typeof value !== "object" || value === null) {
      return undefined;
    }
    const { type, digest } = isJsonObject(value) ? value : {};
    if ((type === "file" || type === "directory") && isDigest(digest) && !this.#own.has(nameOf({ type, digest }))) {
      return { type, digest };
    }
    for (const member of Object.values(value as Readonly<Record<string, Json>>)) {
      const found = this.foreignIn(member);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }
}

function nameOf({ type, digest }: { readonly type: string; readonly digest: string }): string {
  return `${type} ${digest}`;
}
