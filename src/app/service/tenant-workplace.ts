import type { TenantId } from "#canon/ids.ts";
import type { Workplace } from "../workplace.ts";

/**
 * The workplace of one tenant: store, artifacts and all other adapters are shared, and whatever takes a tenant is given
 * this one. A service that has no requester's key of its own signs with the attestor's.
 */
export function tenantWorkplace(workplace: Workplace, tenantId: TenantId): Workplace {
  const { requesterKey, attestorKey } = workplace.settings;
  const key = requesterKey ?? attestorKey;
  return {
    ...workplace,
    settings: { ...workplace.settings, tenantId, ...(key === undefined ? {} : { requesterKey: key }) },
  };
}
