import type { Fault } from "#fault/fault.ts";
import type { Sandbox } from "#plan/plan.ts";
import { readHostFacts, type HostFacts } from "../host/host-facts.ts";
import { limitRemedy } from "../host/host-remedy.ts";
import { lackOf, limitFault } from "./limit-enforcement.ts";
import type { LimitMeans } from "./limit-means.ts";
import type { UserScope } from "./scope-judgement.ts";
import { findUserScope } from "./user-scope.ts";

/** Why a plan's limits cannot be held here, with what to do on this very host; undefined when they can. */
export async function unenforceable(
  means: LimitMeans,
  sandbox: Pick<Sandbox, "mode" | "limits">,
): Promise<Fault | undefined> {
  const lack = lackOf(means, sandbox);
  return lack === undefined ? undefined : limitFault(lack, await hostLimitRemedy());
}

/** What to do about limits that are not held by the kernel here. */
export async function hostLimitRemedy(facts: HostFacts = readHostFacts()): Promise<string> {
  return limitRemedy(facts, await scopeOfUser(facts));
}

/** Undefined for root and where users have no scopes. */
async function scopeOfUser({ uid, cgroups }: HostFacts): Promise<UserScope | undefined> {
  return uid === 0 || cgroups.version !== "v2" ? undefined : findUserScope(process.env);
}
