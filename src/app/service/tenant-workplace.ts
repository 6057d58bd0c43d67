import type { TenantId } from "#canon/ids.ts";
import type { Workplace } from "../workplace.ts";
import { recompileApart } from "./planner/recompile-apart.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

/**
 * The workplace of one tenant: store, artifacts and all other adapters are shared, and whatever takes a tenant is given
 * this one. Plans are compiled in the planner's thread, also those of runs that are driven. A service that has no
 * requester's key of its own signs with the attestor's. What is written of runs here is counted, whoever had it written.
 */
export function tenantWorkplace(
  workplace: Workplace,
  tenantId: TenantId,
  metrics: Pick<ServiceMetrics, "count">,
): Workplace {
  const { requesterKey, attestorKey } = workplace.settings;
  const key = requesterKey ?? attestorKey;
  return {
    ...workplace,
    onWritten: (events, state) => metrics.count(events, state),
    recompile: recompileApart(workplace.planner, tenantId),
    settings: { ...workplace.settings, tenantId, ...(key === undefined ? {} : { requesterKey: key }) },
  };
}
