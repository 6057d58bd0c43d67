import type { TenantId } from "#canon/ids.ts";

/** Names a request that must be carried out once: whose it is, what it does, and the key that its sender chose. */
export type RequestKey = {
  readonly tenantId: TenantId;
  readonly bearer: string;
  readonly operation: string;
  readonly key: string;
};

export type RequestClaim =
  /** It is the caller's to carry out; `claim` settles it. */
  | { readonly state: "claimed"; readonly claim: string }
  /** Somebody is at work on it. */
  | { readonly state: "running" }
  /** The key was used for other content. */
  | { readonly state: "other" }
  | { readonly state: "answered"; readonly answer: string };

/**
 * Requests that carry a key of their own, and what was answered.
 * 1. At most one claim of a key is live at any time; one that was neither settled nor given back ends with its time.
 * 2. What `settle` was given is durable when it returns, and answers the key until `keepMs` are over.
 * 3. `settle` and `release` under a claim that has ended change nothing.
 * Where the medium fails, all three reject with a `StoreError`.
 */
export type RequestStore = {
  readonly claim: (key: RequestKey, content: string, milliseconds: number) => Promise<RequestClaim>;
  readonly settle: (key: RequestKey, claim: string, answer: string, keepMs: number) => Promise<void>;
  readonly release: (key: RequestKey, claim: string) => Promise<void>;
  readonly close: () => Promise<void>;
};
