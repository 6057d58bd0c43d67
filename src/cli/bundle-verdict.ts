import type { PinnedPackVerdict } from "#app/pack-bundle-verify.ts";
import type { PinnedVerdict } from "#app/pinned-verification.ts";
import { recordVerdict } from "#app/record-verdict.ts";
import { verdictJson, verdictText } from "#view/verdict-text.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { formatOf } from "./options.ts";
import { version } from "./version.ts";

export type VerdictOptions = GlobalOptions & { readonly record?: boolean };

type Found = PinnedPackVerdict | PinnedVerdict;

/** What is said of a verdict by the root that was believed. */
const ANCHORS: Readonly<Record<Found["anchor"], string | undefined>> = {
  pinned: undefined,
  development: "development trust: whoever can use this folder can sign; pin a trust root with --trust",
  none: "no trust root: give one with --trust, because nothing in a bundle says whom to believe",
};

/** Prints a verdict, and whose root was believed. The exit code. */
export function showVerdict(cli: Cli, options: GlobalOptions, { verdict, anchor, exitCode }: Found): number {
  const note = ANCHORS[anchor];
  if (note !== undefined) {
    cli.note(note);
  }
  // What the newcomer has to hear stands before a list of checks that were not reached.
  if (isNoBundle(verdict)) {
    cli.note("there is no evidence bundle at this path: it is the folder, or the .tar of it, that a run ends with");
  }
  cli.out(formatOf(options) === "json" ? verdictJson(verdict) : verdictText(verdict));
  return exitCode;
}

/** Neither manifest nor attestation is there, or the file is no archive at all. */
function isNoBundle({ checks }: Found["verdict"]): boolean {
  const codes = new Set(checks.map((check) => ("code" in check ? check.code : "")));
  const isBare = codes.has("ATTESTATION_MISSING") && codes.has("EVIDENCE_FILE_MISSING");
  return (
    isBare ||
    checks.some((check) => "code" in check && check.code === "BUNDLE_TAR_INVALID" && /byte 0:/.test(check.why))
  );
}

/** The same, kept beside the bundle first where that is asked for. */
export async function keepVerdict(
  cli: Cli,
  path: string,
  options: VerdictOptions,
  found: Found,
  now: () => number,
): Promise<number> {
  if (options.record === true) {
    const recorded = await recordVerdict(path, found.verdict, { now, version });
    if (!recorded.ok) {
      return cli.fault(recorded.fault, formatOf(options));
    }
    cli.note(`recorded in ${recorded.value}`);
  }
  return showVerdict(cli, options, found);
}
