import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { packBundleUseCodes } from "../pack-bundle-codes.ts";

/** Commands import into the registry of their own host; this one is the server's. */
const HINT =
  "a pack comes into this server's registry by POST /api/packs with its bundle, or by the operator's " +
  "`packrun bundle import FILE` there; GET /api/packs lists what it has";

/** The fault of a pack that the registry of a server does not have. */
export function packUnknown(pack: string): Fault {
  return faultOf(packBundleUseCodes, "REGISTRY_UNKNOWN", { pack }, { hint: HINT });
}
