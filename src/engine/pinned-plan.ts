import { digestOf, digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { Plan, PlanNode } from "#plan/plan.ts";
import type { LedgerStore, RunIdentity } from "#port/run-store.ts";
import { isStoreFault } from "./store-fault.ts";

const PLAN_FILE = "plan.canonical.json";
const OTHER_NODE = "the step about to run is not the one of the pinned plan";
const CHANGED = "the stored plan.canonical.json is not the one whose planHash was approved";

type PinnedPorts = { readonly ledger: Pick<LedgerStore, "getFile" | "fileMark">; readonly sha256: Sha256 };

/**
 * The plan that a shift holds its steps to.
 * Invariant: `#mark` is that of a stored plan whose bytes were held to planHash after the mark was taken.
 */
export class PinnedPlan {
  readonly #identity: RunIdentity;
  readonly #ports: PinnedPorts;
  readonly #nodes = new Map<string, Digest>();
  #mark: string | undefined;

  /** `mark`: taken before the stored plan was read, which has this run's planHash. */
  constructor(identity: RunIdentity, plan: Plan, mark: string | undefined, ports: PinnedPorts) {
    this.#identity = identity;
    this.#ports = ports;
    this.#mark = mark;
    for (const node of [...plan.steps, ...plan.finally]) {
      this.#nodes.set(node.id, digestOfJson(node, ports.sha256));
    }
  }

  /** Holds a node that is about to run to the pinned one. Fault: PLAN_DRIFT. */
  holdNode(node: PlanNode): Result<void> {
    return this.#nodes.get(node.id) === digestOfJson(node, this.#ports.sha256)
      ? ok(undefined)
      : drift(node.id, OTHER_NODE);
  }

  /**
   * Holds the stored plan to planHash before `node` starts: costs a look at its mark, and reads the file only when that
   * has moved. Faults: PLAN_DRIFT, and those of a store that fails.
   */
  async holdStored(node: string): Promise<Result<void>> {
    const { ledger, sha256 } = this.#ports;
    const mark = await ledger.fileMark(this.#identity, PLAN_FILE);
    if (mark.ok && mark.value === this.#mark) {
      return ok(undefined);
    }
    const stored = mark.ok ? await ledger.getFile(this.#identity, PLAN_FILE) : mark;
    if (!stored.ok && isStoreFault(stored.fault.code)) {
      // What cannot be read now has not changed.
      return stored;
    }
    if (!stored.ok || digestOf(stored.value, sha256) !== this.#identity.planHash) {
      return drift(node, CHANGED);
    }
    this.#mark = mark.ok ? mark.value : undefined;
    return ok(undefined);
  }
}

/** Where the plan is read: the mark that its reading may be known by. Undefined where there is none. */
export async function planMark(
  identity: RunIdentity,
  { ledger }: Pick<PinnedPorts, "ledger">,
): Promise<string | undefined> {
  const mark = await ledger.fileMark(identity, PLAN_FILE);
  return mark.ok ? mark.value : undefined;
}

function drift(node: string, hint: string): Result<never> {
  return fail(faultOf(planCodes, "PLAN_DRIFT", { node, pointer: "" }, { hint }));
}
