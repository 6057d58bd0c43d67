import type { PinnedPackVerdict } from "#app/pack-bundle-verify.ts";
import { reportText } from "#view/verdict-text.ts";
import { jsonLine, type Cli, type GlobalOptions } from "./cli.ts";
import { formatOf } from "./options.ts";
import { ANCHORS } from "./verify.ts";

/** Prints a verdict on a pack bundle, and whose root was believed. */
export function showVerdict(cli: Cli, options: GlobalOptions, { verdict, anchor }: PinnedPackVerdict): void {
  const note = ANCHORS[anchor];
  if (note !== undefined) {
    cli.note(note);
  }
  const { name = "a pack that cannot be read", version, packDigest } = verdict.subject;
  const lines = [
    `${verdict.verdict}: ${version === undefined ? name : `${name}@${version}`}`,
    ...(packDigest === undefined ? [] : [`  pack ${packDigest}`]),
    `  trust domain ${verdict.trustDomain ?? "none: nobody is trusted"}`,
  ];
  cli.out(formatOf(options) === "json" ? jsonLine(verdict) : reportText(lines, verdict.checks));
}
