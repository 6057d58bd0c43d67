import type { Fault } from "#fault/fault.ts";

/** What a host that remembers has against the trust root, or the site's revocation list, of a verification. */
export type Objections = { readonly trustRoot?: Fault; readonly revocations?: Fault };

/** Each objection fails its check before anything else of it is looked at, so that it is what the check reports. */
export function failObjections(
  { trustRoot, revocations }: Objections,
  fail: (name: "trust-root" | "revocation", fault: Fault) => void,
): void {
  if (trustRoot !== undefined) {
    fail("trust-root", trustRoot);
  }
  if (revocations !== undefined) {
    fail("revocation", revocations);
  }
}
