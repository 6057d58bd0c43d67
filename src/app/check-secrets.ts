import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packCodes } from "#pack/codes.ts";
import type { Plan } from "#plan/plan.ts";
import type { SecretProvider, SecretReference } from "#port/secrets.ts";
import { stepCodes } from "#step/codes.ts";
import { secretUseCodes } from "./secret-use-codes.ts";

/** Texts of fewer characters stand in many plans by chance. */
const LEAST_SOUGHT = 8;

/**
 * Whether every secret that a step uses is given and can be had, and none stands in the plan, before anything runs. Values
 * are dropped at once: each attempt resolves its own.
 */
export async function checkSecrets(
  plan: Plan,
  references: ReadonlyMap<string, SecretReference>,
  provider: SecretProvider,
): Promise<Result<void>> {
  const declared = checkDeclared(plan, references);
  if (!declared.ok) {
    return declared;
  }
  const used = Object.entries(plan.secrets).filter(([, { steps }]) => steps.length > 0);
  for (const [name] of used) {
    const reference = references.get(name);
    if (reference === undefined) {
      return fail(faultOf(stepCodes, "SECRET_NOT_GIVEN", { name }));
    }
    const value = await provider.resolve(name, reference);
    if (!value.ok) {
      return value;
    }
    if (standsIn(plan, value.value)) {
      return fail(faultOf(secretUseCodes, "SECRET_IN_PLAN", { name }));
    }
  }
  return ok(undefined);
}

/** Whether the plan knows every secret that is given. Fault: SECRET_UNDECLARED. */
export function checkDeclared(
  { secrets }: Pick<Plan, "secrets">,
  references: ReadonlyMap<string, SecretReference>,
): Result<void> {
  const name = [...references.keys()].find((given) => !Object.hasOwn(secrets, given));
  const hint = `the plan uses ${Object.keys(secrets).join(", ") || "no secrets"}`;
  return name === undefined ? ok(undefined) : fail(faultOf(packCodes, "SECRET_UNDECLARED", { name }, { hint }));
}

/** As JSON writes it: inputs, arguments and addresses are texts of the plan's JSON. */
function standsIn(plan: Plan, value: string): boolean {
  return value.length >= LEAST_SOUGHT && JSON.stringify(plan).includes(JSON.stringify(value).slice(1, -1));
}
