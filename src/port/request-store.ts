import type { TenantId } from "#canon/ids.ts";

/** Names a request that must be carried out once: whose it is, what it does, and the key that its sender chose. */
export type RequestKey = {
  readonly tenantId: TenantId;
  readonly bearer: string;
  readonly operation: string;
  readonly key: string;
};

/** What is claimed: the digest of the request's content, and the name of what it makes. Times in milliseconds. */
export type RequestOrder = {
  readonly content: string;
  readonly work: string;
  readonly claimMs: number;
  readonly keepMs: number;
};

/** `work` is the name that the first claim of the key gave. */
export type RequestClaim =
  /** It is the caller's to carry out; `claim` settles it. */
  | { readonly state: "claimed"; readonly claim: string; readonly work: string }
  /** Somebody is at work on it, or has died over it. */
  | { readonly state: "running"; readonly work: string }
  /** The key was used for other content. */
  | { readonly state: "other" }
  | { readonly state: "answered"; readonly answer: string };

/**
 * Requests that carry a key of their own, and what was answered.
 * 1. At most one claim of a key is live at any time; one that was neither settled nor given back ends with its time.
 * 2. Whoever claims a key behind a claim that ended so has the same content, and makes its work under the same name: what a
 *    process that died had already made is found by it.
 * 3. What `settle` was given is durable when it returns, and answers the key until `keepMs` are over.
 * 4. `release` forgets a key of which nothing was made. Under a claim that another has followed, `settle` and `release`
 *    change nothing.
 * Where the medium fails, all reject with a `StoreError`.
 */
export type RequestStore = {
  readonly claim: (key: RequestKey, order: RequestOrder) => Promise<RequestClaim>;
  readonly settle: (key: RequestKey, claim: string, answer: string, keepMs: number) => Promise<void>;
  readonly release: (key: RequestKey, claim: string) => Promise<void>;
  readonly close: () => Promise<void>;
};
