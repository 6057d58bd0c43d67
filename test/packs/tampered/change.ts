import type { Name } from "./people.ts";
import type { Event, Plan } from "./release.ts";
import type { Members, Signing } from "./signed-file.ts";
import type { Status } from "./statuses.ts";

/** Files by path. */
export type Files = Map<string, Uint8Array>;
export type Edit<T, R = T> = (value: T) => R;

export const MANIFEST = "evidence.manifest.json";
export const ATTESTATION = `${MANIFEST}.sigstore.json`;
export const REQUEST = "approvals/ok/request.json";

export type Decision = {
  readonly by: Name;
  readonly predicate?: Edit<Members>;
  readonly signing?: Signing;
  /** Another `gate.decision` than this response is. */
  readonly told?: Edit<Members>;
  readonly absent?: boolean;
};

export type Identity = {
  readonly runId: string;
  readonly tenantId: string;
  readonly trustDomain: string;
  readonly planHash: string;
};

/** How a bundle departs from the original. Everything behind a change is made anew, and signed by whoever has to. */
export type Change = {
  readonly plan?: Edit<Plan>;
  /** Other bytes of the plan, of which everything else then speaks. */
  readonly planBytes?: Edit<Buffer, Uint8Array>;
  readonly identity?: Partial<Identity>;
  readonly runRequest?: Edit<Members> | "absent";
  readonly runRequestSigning?: Signing;
  /** Who asked, as the ledger and the gate's request tell it. */
  readonly requestedBy?: string;
  readonly lock?: Edit<Members, unknown>;
  readonly lockBytes?: Edit<Buffer, Uint8Array>;
  readonly request?: Edit<Members>;
  readonly requestBytes?: Edit<Buffer, Uint8Array>;
  readonly requestPredicate?: Edit<Members>;
  readonly requestSigning?: Signing;
  readonly decisions?: readonly Decision[];
  readonly events?: Edit<Event[], readonly Event[]>;
  /** Members of chained events by their place: not what the chain was made from. */
  readonly lines?: Edit<string[], readonly string[]>;
  readonly genesis?: Edit<Identity>;
  readonly statuses?: Edit<readonly Status[]>;
  readonly outputs?: Edit<Members, unknown>;
  readonly egress?: Edit<readonly Members[]>;
  readonly egressText?: Edit<string>;
  /** The bytes of the policy's context, of which the ledger then speaks. */
  readonly policy?: Edit<Buffer, Uint8Array>;
  /** Before the manifest lists them. */
  readonly files?: (files: Files) => void;
  readonly manifest?: Edit<Manifest, unknown>;
  readonly manifestBytes?: Edit<Buffer, Uint8Array>;
  readonly predicate?: Edit<Members>;
  readonly subjects?: Edit<readonly Subject[]>;
  readonly signing?: Signing;
  /** The evidence before the run ended. */
  readonly snapshot?: true;
  /** After everything was signed. */
  readonly after?: (files: Files) => void;
};

export type Listed = {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
  readonly role: string;
};
export type Manifest = Members & { readonly hashes: readonly Listed[] };
type Subject = { readonly name: string; readonly digest: string };

export const same = <T>(value: T): T => value;
