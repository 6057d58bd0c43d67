declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

/** UUIDv7 in lower case. */
export type RunId = Id<"RunId">;
/** `[a-z0-9][a-z0-9-]{0,62}`: names whose runs and keys these are. */
export type TenantId = Id<"TenantId">;
/** `[a-z0-9][a-z0-9.-]{0,126}`: names one trust root's realm. */
export type TrustDomain = Id<"TrustDomain">;

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function parseRunId(text: string): RunId | undefined {
  return RUN_ID.test(text) ? (text as RunId) : undefined;
}

export function parseTenantId(text: string): TenantId | undefined {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text) ? (text as TenantId) : undefined;
}

export function parseTrustDomain(text: string): TrustDomain | undefined {
  return /^[a-z0-9][a-z0-9.-]{0,126}$/.test(text) ? (text as TrustDomain) : undefined;
}

/** The tenant of whoever names none. */
const DEFAULT_TENANT = "default";

/** Where what a tenant has lies in a folder that tenants share: at the top, or below `tenants/<tenant>/`. */
export function tenantPrefix(tenant: TenantId): string {
  return tenant === DEFAULT_TENANT ? "" : `tenants/${tenant}/`;
}
