// The public face: what other programs may rely on.
export { verify } from "#verify/verify.ts";
export type { BundleSource } from "#verify/bundle-source.ts";
export type { Verdict } from "#verify/verdict.ts";
export type { Plan } from "#plan/plan.ts";
export type { LedgerEvent } from "#run/event.ts";
export type { Diagnostic } from "#fault/diagnostic.ts";
export type { Fault } from "#fault/fault.ts";
export type { Result } from "#fault/result.ts";
