import type { Command } from "commander";
import type { AnchorAddresses, AnchoredEvidence } from "#app/anchor-evidence.ts";
import { anchorStored } from "#app/anchor-stored.ts";
import { readSettings } from "#app/settings.ts";
import { visibleText } from "#view/visible-text.ts";
import { withBundlePath } from "./bundle-path.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";

type AnchorOptions = GlobalOptions & AnchorAddresses;

/** `packrun evidence anchor PATH`. */
export function defineAnchor(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("anchor <path>").description("have others vouch that a bundle was there, and when"))
    .option("--tsa <url>", "timestamp authority, RFC 3161 (default: anchor.tsa of the configuration)")
    .option("--rekor <url>", "transparency log, Rekor v2 (default: anchor.rekor of the configuration)")
    .addHelpText(
      "after",
      "\nWrites PATH.anchor.sigstore.json beside the bundle, which stays as it is. Only a digest, the signature and its\n" +
        "public key leave this machine. May be repeated: what the trust root believes is kept and not asked for again.\n" +
        "With --tsa or --rekor only these are asked. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed.\n" +
        "Exit codes: 0 anchored, 2 usage, 7 an answer does not hold, 10 nobody answers.\n" +
        "Example: packrun evidence anchor last --tsa https://tsa.example/tsr",
    )
    .action(async (text: string, options: AnchorOptions) => {
      done(await withBundlePath(cli, text, options, (path) => anchor(cli, path, options)));
    });
}

async function anchor(cli: Cli, path: string, options: AnchorOptions): Promise<number> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, formatOf(options));
  }
  const { anchorSource, proveAnchor, verifySignature, sha256, clock } = await import("#compose.ts");
  const { tsa, rekor } = options;
  const named = { ...(tsa === undefined ? {} : { tsa }), ...(rekor === undefined ? {} : { rekor }) };
  const tools = { source: anchorSource(cli.env), prove: proveAnchor, verifySignature, sha256, now: clock.now };
  const anchored = await anchorStored(path, named, settings.value, tools);
  const code = answer(cli, options, anchored, anchoredText);
  if (anchored.ok && anchored.value.anchors.some(({ by }) => by === undefined)) {
    cli.note("the trust root does not name everyone who vouches here; what is by nobody counts for nothing with it");
  }
  return code;
}

function anchoredText({ file, anchors }: AnchoredEvidence): string {
  const lines = anchors.map(({ kind, added, by, time }) => {
    const what = kind === "tsa" ? "timestamp" : "log entry";
    const whose = by === undefined ? "by nobody whom the trust root names" : `by ${by}`;
    return `${what}  ${whose}${time === undefined ? "" : `, ${time}`}${added ? "" : "  (was there)"}`;
  });
  return `${[file, ...lines].map(visibleText).join("\n")}\n`;
}
