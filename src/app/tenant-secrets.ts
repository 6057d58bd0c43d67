import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SecretReference } from "#port/secrets.ts";
import { secretUseCodes } from "./secret-use-codes.ts";
import type { Settings } from "./settings.ts";

/**
 * The references of these secrets as the operator configured them for a tenant: whoever asks for a run names secrets, and
 * never the place of one. Fault: SECRET_NOT_CONFIGURED, which repeats nothing of the name.
 */
export function tenantSecrets(
  names: Iterable<string>,
  tenantId: TenantId,
  { secrets }: Pick<Settings, "secrets">,
): Result<ReadonlyMap<string, SecretReference>> {
  const configured = Object.hasOwn(secrets?.tenants ?? {}, tenantId) ? secrets?.tenants[tenantId] : undefined;
  const references = new Map<string, SecretReference>();
  for (const name of names) {
    const reference = configured !== undefined && Object.hasOwn(configured, name) ? configured[name] : undefined;
    if (reference === undefined) {
      return fail(faultOf(secretUseCodes, "SECRET_NOT_CONFIGURED", { tenant: tenantId }));
    }
    references.set(name, reference);
  }
  return ok(references);
}
