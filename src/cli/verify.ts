import { bundleKind } from "#app/bundle-kind.ts";
import { verifyPinned } from "#app/pinned-verification.ts";
import { readSettings } from "#app/settings.ts";
import { withBundlePath } from "./bundle-path.ts";
import { keepVerdict, type VerdictOptions } from "./bundle-verdict.ts";
import type { Cli, CommandFile } from "./cli.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";

type VerifyOptions = VerdictOptions & {
  readonly planHash?: string;
  readonly revocations?: string;
  readonly at?: string;
  readonly requireDsse?: boolean;
};

/** `packrun verify PATH`. */
export const verify: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("verify <path>").description("verify a bundle of evidence, or of a pack, offline"))
      .option("--plan-hash <hash>", "the planHash that was approved; any other fails")
      .option("--revocations <file>", "revocation list (default: the configured one, or the one beside the trust root)")
      .option("--at <time>", "time of verification, as 2026-01-05T08:00:00Z (default: now)")
      .option("--require-dsse", "every signature must be there and valid")
      .option("--record", "keep the verdict beside the bundle, as PATH.verdict.json")
      .addHelpText(
        "after",
        "\nPATH is the folder or .tar of a bundle, or a run of this store (an id, the beginning of one, last).\n" +
          "It cannot be a pipe: parts of it are read more than once. Pack bundles are verified as by packrun bundle verify.\n" +
          "Without --trust the configured trust root is used, else the development one.\n" +
          "Exit codes: 0 verified, 2 usage, 7 failed, 11 verified but stale.\n" +
          "Example: packrun verify .packrun/evidence/RUN --trust trust-root.json",
      )
      .action(async (text: string, options: VerifyOptions) => {
        done(await withBundlePath(cli, text, options, (path) => verifyPath(cli, path, options)));
      });
  },
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
  const tools = { sha256, verifySignature, proveAnchor, now: clock.now };
  const found = await verifyKind(request, settings.value, tools);
  return found.ok ? keepVerdict(cli, path, options, found.value, clock.now) : cli.fault(found.fault, format);
}

async function verifyKind(
  request: Parameters<typeof verifyPinned>[0],
  settings: Parameters<typeof verifyPinned>[1],
  tools: Parameters<typeof verifyPinned>[2],
) {
  if ((await bundleKind(request.path)) === "evidence") {
    return verifyPinned(request, settings, tools);
  }
  const { verifyPackPinned } = await import("#app/pack-bundle-verify.ts");
  return verifyPackPinned(request, settings, tools);
}
