import { parseRunId, parseTenantId, parseTrustDomain, type RunId, type TenantId, type TrustDomain } from "./ids.ts";
import { guarded, string, type Shape } from "./shape.ts";

/** Shapes of the ids that signed documents carry. */
export const runIdShape: Shape<RunId> = guarded(
  "a run id (UUIDv7 in lower case)",
  "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
  (value): value is RunId => typeof value === "string" && parseRunId(value) !== undefined,
);

export const tenantIdShape: Shape<TenantId> = guarded(
  "a tenant id such as default or team-1",
  "^[a-z0-9][a-z0-9-]{0,62}$",
  (value): value is TenantId => typeof value === "string" && parseTenantId(value) !== undefined,
);

export const trustDomainShape: Shape<TrustDomain> = guarded(
  "a trust domain such as acme-prod",
  "^[a-z0-9][a-z0-9.-]{0,126}$",
  (value): value is TrustDomain => typeof value === "string" && parseTrustDomain(value) !== undefined,
);

/** 32 lower-case hex digits. */
export const nonceShape: Shape<string> = string({ pattern: /^[0-9a-f]{32}$/, expected: "32 lower-case hex digits" });
