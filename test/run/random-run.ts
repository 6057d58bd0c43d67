import * as fc from "fast-check";
import type { Plan } from "#plan/plan.ts";
import { approval, cel, map, parallel, planOf, policy, run, type Sketch } from "./sample-plan.ts";
import type { Act, Script } from "./scripted-run.ts";

/** The form of a random step; names are given afterwards, so that they are unique. */
type Form = {
  readonly kind: Sketch["kind"];
  readonly inside: readonly Form[];
  readonly more: Readonly<Record<string, unknown>>;
};

const flags = fc.record({
  continueOnError: fc.boolean(),
  when: fc.constantFrom(undefined, undefined, true, false, cel("run.id != ''"), cel("run.missing == 1")),
});
const retry = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  initialMs: fc.constantFrom(0, 100),
  factor: fc.constantFrom(1, 2),
  maxMs: fc.constant(1000),
});
const runForm: fc.Arbitrary<Form> = fc
  .tuple(flags, retry, fc.boolean())
  .map(([more, retry, idempotent]) => ({ kind: "run", inside: [], more: { ...more, retry, idempotent } }));
const policyForm: fc.Arbitrary<Form> = fc
  .tuple(flags, fc.constantFrom("halt", "continue"))
  .map(([more, failAction]) => ({ kind: "gate.policy", inside: [], more: { ...more, failAction } }));
const approvalForm: fc.Arbitrary<Form> = fc
  .boolean()
  .map((continueOnError) => ({ kind: "gate.approval", inside: [], more: { continueOnError } }));
const limit = fc.constantFrom(undefined, 1, 2);

const { anyForm } = fc.letrec<{ anyForm: Form; mapChild: Form }>((tie) => ({
  anyForm: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    runForm,
    policyForm,
    approvalForm,
    container("parallel", tie("anyForm")),
    container("map", tie("mapChild")),
  ),
  mapChild: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    runForm,
    policyForm,
    container("parallel", tie("mapChild")),
    container("map", tie("mapChild")),
  ),
}));

function container(kind: "parallel" | "map", child: fc.Arbitrary<Form>): fc.Arbitrary<Form> {
  return fc
    .tuple(fc.array(child, { minLength: 1, maxLength: 3 }), flags, limit, fc.integer({ min: 0, max: 3 }), fc.nat(7))
    .map(([inside, more, maxParallel, items, needs]) => ({
      kind,
      inside,
      more: { ...more, maxParallel, items, needs },
    }));
}

/** Names steps by counting; children of a parallel need those earlier siblings that the bits of `needs` say. */
function named(forms: readonly Form[], counter: { next: number }, bits?: number): readonly Sketch[] {
  const names: string[] = [];
  return forms.map((form, at) => {
    counter.next += 1;
    const name = `s${counter.next}`;
    const chosen = names.filter((_, index) => ((bits ?? 0) >> (at + index)) % 2 === 1);
    names.push(name);
    const { items, needs, ...others } = form.more;
    const more = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    const below = named(form.inside, counter, form.kind === "parallel" ? Number(needs) : undefined);
    const place = bits === undefined ? {} : { needs: chosen };
    switch (form.kind) {
      case "run":
        return run(name, { ...more, ...place });
      case "parallel":
        return parallel(name, below, { ...more, ...place });
      case "map":
        return map(
          name,
          Array.from({ length: Number(items) }, (_, item) => item),
          below,
          { ...more, ...place },
        );
      case "gate.approval":
        return approval(name, { ...more, ...place });
      case "gate.policy":
        return policy(name, { ...more, ...place });
    }
  });
}

export const randomPlan: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.array(anyForm, { minLength: 0, maxLength: 5 }),
    fc.array(runForm, { maxLength: 2 }),
    fc.constantFrom("skip-dependents", "drain", "cancel"),
    fc.constantFrom(undefined, 2000),
  )
  .map(([steps, last, onFailure, wallClockMs]) => {
    const counter = { next: 0 };
    const { sandbox } = planOf([]);
    return planOf(named(steps, counter), {
      finally: named(last, counter),
      failurePolicy: { onFailure },
      sandbox: wallClockMs === undefined ? sandbox : { ...sandbox, wallClockMs },
    });
  });

/** What happens to a run besides its steps' ends; each at most once between two things that are wanted. */
export type Incident = "none" | "cancel" | "takeOver" | "approve" | "reject" | "later" | "drift" | "refused";
export type RandomScript = {
  readonly acts: readonly Act[];
  readonly script: Script;
  readonly incidents: readonly Incident[];
};

const incidents: readonly Incident[] = ["approve", "reject", "cancel", "takeOver", "later", "drift", "refused"];

export const randomScript: fc.Arbitrary<RandomScript> = fc.record({
  acts: fc.array(fc.constantFrom<Act>("ok", "ok", "ok", 1, { reason: "STEP_TIMEOUT" }, "hang"), {
    minLength: 1,
    maxLength: 12,
  }),
  script: fc.record({ maxParallel: fc.integer({ min: 1, max: 4 }), takes: fc.constantFrom(1, 400) }),
  incidents: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Incident>("none") },
      { weight: 2, arbitrary: fc.constantFrom(...incidents) },
    ),
    { maxLength: 20 },
  ),
});
