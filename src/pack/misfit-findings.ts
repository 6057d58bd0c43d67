import type { Misfit, PathPart } from "#canon/shape.ts";
import type { PackCode } from "./codes.ts";
import type { Findings } from "./findings.ts";
import { KEY_WORDS } from "./names.ts";
import { KIND_MEMBERS, runMembers, runShape } from "./step-shape.ts";

const STEP_LISTS: ReadonlySet<PathPart | undefined> = new Set(["steps", "finally"]);
const RUN_MEMBERS: ReadonlySet<string> = new Set(Object.keys(runMembers));
const INSIDE_RUN: ReadonlySet<string> = new Set(
  Object.keys((runShape.schema as { readonly properties: object }).properties),
);

/** Says what does not fit the shape of a pack, in the pack's own codes and at its place. */
export function reportMisfits(misfits: readonly Misfit[], findings: Findings): void {
  for (const misfit of misfits) {
    switch (misfit.problem) {
      case "unknown":
        reportUnknown(misfit, findings);
        break;
      case "missing":
        reportMissing(misfit, findings);
        break;
      case "type":
        findings.add(
          "PACK_TYPE",
          { expected: misfit.expected, found: misfit.found },
          { path: misfit.path, part: "value" },
          quotingOf(misfit),
        );
        break;
      case "value":
        reportValue(misfit, findings);
        break;
    }
  }
}

function reportUnknown({ path, found, known = [] }: Misfit, findings: Findings): void {
  const at = { path: [...path, found], part: "key" } as const;
  if (isStep(path) && KIND_MEMBERS.some((kind) => kind === found)) {
    findings.add("PACK_STEP_KIND", { problem: `the step already says what it is, "${found}" says it again` }, at);
    return;
  }
  const hint = displaced(path, found);
  if (isStep(path) && INSIDE_RUN.has(found)) {
    findings.doubt([...path, "run", found]);
  }
  findings.add(
    "PACK_UNKNOWN_FIELD",
    { name: found },
    at,
    hint === undefined ? findings.didYouMean(found, known) : { hint },
  );
}

/** What is known, but elsewhere. */
function displaced(path: readonly PathPart[], name: string): string | undefined {
  if (isStep(path) && INSIDE_RUN.has(name)) {
    return `"${name}" stands inside "run"`;
  }
  if (isStep(path) && RUN_MEMBERS.has(name)) {
    return `"${name}" is a field of steps with "run"`;
  }
  return path.at(-1) === "run" && isStep(path.slice(0, -1)) && RUN_MEMBERS.has(name)
    ? `"${name}" stands beside "run", not inside it`
    : undefined;
}

function reportMissing({ path, found }: Misfit, findings: Findings): void {
  const at = { path, part: "key" } as const;
  const more = { doubt: [...path, found] };
  const [root, section, inner] = path;
  if (root === "spec" && section === "approvals" && path.length === 3) {
    findings.add("APPROVAL_RULE_INCOMPLETE", { id: String(inner), name: found }, at, more);
  } else if (root === "spec" && (section === "sandbox" || (section === undefined && found === "sandbox"))) {
    findings.add(sandboxCode(inner ?? found), { name: [...path.slice(1), found].join(".") }, at, more);
  } else {
    findings.add("PACK_MISSING_FIELD", { name: found }, at, more);
  }
}

function sandboxCode(member: PathPart): PackCode {
  return member === "limits"
    ? "SANDBOX_LIMIT_MISSING"
    : member === "egressQuota"
      ? "SANDBOX_QUOTA_MISSING"
      : "SANDBOX_MISSING";
}

function reportValue({ path, expected, found }: Misfit, findings: Findings): void {
  if (path.at(-1) === "shell" && found.includes("${{")) {
    return; // said as PACK_EXPR_IN_SCRIPT
  }
  const isName = KEY_WORDS.has(expected) && found === JSON.stringify(path.at(-1));
  const choices = expected.startsWith("one of ") ? expected.slice("one of ".length).split(", ") : [];
  const meant = choices.length === 0 ? {} : findings.didYouMean(unquoted(found), choices);
  findings.add(
    "PACK_VALUE",
    { problem: `expected ${expected}, found ${found}` },
    { path, part: isName ? "key" : "value" },
    isOfSandbox(path) ? { hint: SANDBOX_HINT, ...meant } : meant,
  );
}

const SANDBOX_HINT = "SPEC.md, section 2.2, says what each field of a sandbox takes";

/** Whether a field belongs to the sandbox of the pack or of a step. */
function isOfSandbox(path: readonly PathPart[]): boolean {
  return path.some((part, at) => part === "sandbox" && (at === 1 || typeof path[at - 1] === "number"));
}

const EMPTY_HINT = "the file says nothing; `packrun init DIR` writes a pack to begin with";

/** A number or a boolean where a string belongs is meant as it is written. */
function quotingOf({ path, expected, found }: Misfit): Parameters<Findings["add"]>[3] {
  if (found === "null") {
    return { hint: path.length === 0 ? EMPTY_HINT : "give a value, or remove the key" };
  }
  const isScalar = found !== "an object" && found !== "an array" && !found.startsWith('"');
  const isText = expected.startsWith("a string") || expected.includes("in quotes");
  return isScalar && isText
    ? { hint: (source) => `put it in quotes: ${JSON.stringify(source)}`, fix: (source) => JSON.stringify(source) }
    : {};
}

function unquoted(found: string): string {
  return found.startsWith('"') ? found.slice(1, -1) : found;
}

function isStep(path: readonly PathPart[]): boolean {
  return typeof path.at(-1) === "number" && STEP_LISTS.has(path.at(-2));
}
