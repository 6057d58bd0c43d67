import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { secretNotGiven } from "#fault/secret-given-codes.ts";
import { packCodes } from "#pack/codes.ts";
import type { Plan } from "#plan/plan.ts";
import type { Redactor, SecretProvider, SecretReference } from "#port/secrets.ts";
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
  const given = checkDeclared(plan, references);
  const whole = given.ok ? checkGiven(plan, references) : given;
  return whole.ok
    ? withEach(plan, references, provider, (name, value) =>
        standsIn(plan, value) ? fail(faultOf(secretUseCodes, "SECRET_IN_PLAN", { name })) : ok(undefined),
      )
    : whole;
}

/**
 * Makes the secrets that are given known to the redactor of a run, before any step of it starts: what an earlier process
 * resolved may lie in what its steps left behind, for a later one to print.
 */
export function teachSecrets(
  plan: Plan,
  references: ReadonlyMap<string, SecretReference>,
  provider: SecretProvider,
  redactor: Pick<Redactor, "add">,
): Promise<Result<void>> {
  return withEach(plan, references, provider, (name, value) => {
    redactor.add(name, value);
    return ok(undefined);
  });
}

/** The secrets that the steps of a plan use. */
export function usedSecrets({ secrets }: Pick<Plan, "secrets">): readonly string[] {
  return Object.entries(secrets).flatMap(([name, { steps }]) => (steps.length > 0 ? [name] : []));
}

/** Whether every secret that a step uses is given. Fault: SECRET_UNRESOLVED. */
export function checkGiven(
  plan: Pick<Plan, "secrets">,
  references: ReadonlyMap<string, SecretReference>,
): Result<void> {
  const name = usedSecrets(plan).find((used) => !references.has(used));
  return name === undefined ? ok(undefined) : fail(secretNotGiven(name));
}

/** Resolves what is used and given, one after the other, up to the first fault. */
async function withEach(
  plan: Plan,
  references: ReadonlyMap<string, SecretReference>,
  provider: SecretProvider,
  use: (name: string, value: string) => Result<void>,
): Promise<Result<void>> {
  for (const name of usedSecrets(plan)) {
    const reference = references.get(name);
    const value = reference === undefined ? undefined : await provider.resolve(name, reference);
    const taken = value?.ok === true ? use(name, value.value) : (value ?? ok(undefined));
    if (!taken.ok) {
      return taken;
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
