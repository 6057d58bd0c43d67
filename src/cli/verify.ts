import { recordVerdict, verifyPinned, type PinnedVerdict } from "#app/pinned-verification.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { readSettings } from "#app/settings.ts";
import { verdictJson, verdictText } from "#view/verdict-text.ts";
import { withBundlePath } from "./bundle-path.ts";
import type { Cli, CommandFile, GlobalOptions } from "./cli.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";
import { version } from "./version.ts";

type VerifyOptions = GlobalOptions & {
  readonly planHash?: string;
  readonly revocations?: string;
  readonly at?: string;
  readonly requireDsse?: boolean;
  readonly record?: boolean;
};

/** `packrun verify PATH`. */
export const verify: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("verify <path>").description("verify an evidence bundle offline"))
      .option("--plan-hash <hash>", "the planHash that was approved; any other fails")
      .option("--revocations <file>", "revocation list (default: the configured one, or the one beside the trust root)")
      .option("--at <time>", "time of verification, as 2026-01-05T08:00:00.000Z (default: now)")
      .option("--require-dsse", "every signature must be there and valid")
      .option("--record", "keep the verdict beside the bundle, as PATH.verdict.json")
      .addHelpText(
        "after",
        "\nPATH is the folder or .tar of a bundle, or a run of this store (an id, the beginning of one, last).\n" +
          "Without --trust the configured trust root is used, else the development one.\n" +
          "Exit codes: 0 verified, 2 usage, 7 failed, 11 verified but stale.\n" +
          "Example: packrun verify .packrun/evidence/RUN --trust trust-root.json",
      )
      .action(async (text: string, options: VerifyOptions) => {
        done(await withBundlePath(cli, text, options, (path) => verifyPath(cli, path, options)));
      });
  },
};

/** What is said of a verdict by the root that was believed. */
export const ANCHORS: Readonly<Record<PinnedVerdict["anchor"], string | undefined>> = {
  pinned: undefined,
  development: "development trust: whoever can use this folder can sign; pin a trust root with --trust",
  none: "no trust root: give one with --trust, because nothing in a bundle says whom to believe",
};

async function verifyPath(cli: Cli, path: string, options: VerifyOptions): Promise<number> {
  const format = formatOf(options);
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, format);
  }
  const { sha256, verifySignature, proveAnchor, clock } = await import("#compose.ts");
  const { planHash, revocations, at, requireDsse } = options;
  const request = {
    path,
    ...(planHash === undefined ? {} : { planHash }),
    ...(revocations === undefined ? {} : { revocations }),
    ...(at === undefined ? {} : { at }),
    ...(requireDsse === undefined ? {} : { requireDsse }),
  };
  const found = await verifyPinned(request, settings.value, { sha256, verifySignature, proveAnchor, now: clock.now });
  if (!found.ok) {
    return cli.fault(found.fault, format);
  }
  const { verdict, anchor, exitCode } = found.value;
  const note = ANCHORS[anchor];
  if (note !== undefined) {
    cli.note(note);
  }
  if (options.record === true) {
    const recorded = await recordVerdict(path, verdict, timestampOf(clock.now()), version);
    if (!recorded.ok) {
      return cli.fault(recorded.fault, format);
    }
    cli.note(`recorded in ${recorded.value}`);
  }
  cli.out(format === "json" ? verdictJson(verdict) : verdictText(verdict));
  return exitCode;
}
