import type { Check, PackVerdict, Verdict } from "#verify/verdict.ts";
import { visibleText } from "./visible-text.ts";

const WIDTH = 18;

/**
 * A verdict for people: what was found, then every check, failures marked. Plain text without colours, the same on
 * every host.
 */
export function verdictText(verdict: Verdict | PackVerdict): string {
  const [title, ...more] = subjectLines(verdict.subject);
  const domain = `  trust domain ${verdict.trustDomain ?? "none: nobody is trusted"}`;
  return reportText([`${verdict.verdict}: ${title}`, ...more, domain], verdict.checks);
}

function subjectLines(subject: (Verdict | PackVerdict)["subject"]): readonly [string, ...string[]] {
  switch (subject.type) {
    case "evidence": {
      const { runId = "unknown", planHash, manifestDigest } = subject;
      const plan = planHash === undefined ? [] : [`  plan ${planHash}`];
      return [`run ${runId}`, ...plan, ...(manifestDigest === undefined ? [] : [`  manifest ${manifestDigest}`])];
    }
    case "pack": {
      const { name = "a pack that cannot be read", version, packDigest } = subject;
      const title = version === undefined ? name : `${name}@${version}`;
      return [title, ...(packDigest === undefined ? [] : [`  pack ${packDigest}`])];
    }
  }
}

/** What was found, then every check of it. */
function reportText(lines: readonly string[], checks: readonly Check[]): string {
  const failed = checks.filter((check) => check.status === "fail").length;
  const skipped = checks.filter((check) => check.status === "skipped").length;
  const end = `${checks.length} checks, ${failed} failed, ${skipped} not made`;
  return `${[...lines, "", ...checks.map(checkLine), "", end].map(visibleLine).join("\n")}\n`;
}

/** Names come from the bundle: with a line of its own one could say another verdict. */
function visibleLine(line: string): string {
  return visibleText(line).replaceAll("\n", "\\x0a");
}

function checkLine(check: Check): string {
  const word = { pass: "ok  ", fail: "FAIL", stale: "OLD ", skipped: "–   " }[check.status];
  const code = check.status === "fail" || check.status === "stale" ? `${check.code}: ` : "";
  return `  ${word} ${check.name.padEnd(WIDTH)} ${code}${check.why}`;
}

/** A verdict for programs: one line of JSON, members in their fixed order. */
export function verdictJson(verdict: Verdict | PackVerdict): string {
  return `${JSON.stringify(verdict)}\n`;
}
