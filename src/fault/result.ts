import type { Fault } from "./fault.ts";

/** What an operation that can fail in an expected way returns. Throwing is kept for bugs. */
export type Result<T, E = Fault> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<E>(fault: E): { readonly ok: false; readonly fault: E } {
  return { ok: false, fault };
}
