import { resolve } from "node:path";
import type { Command } from "commander";
import type { GatheredPackBundle } from "#app/pack-bundle-from-layout.ts";
import type { PackBundleView } from "#app/pack-bundle-show.ts";
import { readSettings } from "#app/settings.ts";
import { visibleText } from "#view/visible-text.ts";
import { defineCreate } from "./bundle-create.ts";
import { defineImport, defineList } from "./bundle-import.ts";
import { keepVerdict, type VerdictOptions } from "./bundle-verdict.ts";
import type { Cli, CommandFile, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";

type VerifyOptions = VerdictOptions & {
  readonly planHash?: string;
  readonly revocations?: string;
  readonly at?: string;
};

/** `packrun bundle …`: packs that cross a gap. */
export const bundle: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("bundle").description("signed, portable packs: create, verify, import, list, show");
    defineCreate(group, cli, done);
    defineVerify(group, cli, done);
    defineImport(group, cli, done);
    defineList(group, cli, done);
    defineShow(group, cli, done);
    defineFromLayout(group, cli, done);
  },
};

function defineVerify(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("verify <path>").description("verify a pack bundle offline"))
    .option("--plan-hash <hash>", "the planHash of the plan in it; any other, or none, fails")
    .option("--revocations <file>", "revocation list (default: the configured one, or the one beside the trust root)")
    .option("--at <time>", "time of verification, as 2026-01-05T08:00:00Z (default: now)")
    .option("--record", "keep the verdict beside the bundle, as PATH.verdict.json")
    .addHelpText(
      "after",
      "\nPATH is the .packbundle.tar, or a folder of the same layout.\n" +
        "Without --trust the configured trust root is used, else the development one.\n" +
        "Exit codes: 0 verified, 2 usage, 7 failed, 11 verified but stale.\n" +
        "Example: packrun bundle verify quickstart.packbundle.tar --trust trust-root.json",
    )
    .action(async (file: string, options: VerifyOptions) => done(await verifyFile(cli, file, options)));
}

async function verifyFile(cli: Cli, file: string, options: VerifyOptions): Promise<number> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, formatOf(options));
  }
  const [{ verifyPackPinned }, { sha256, verifySignature, clock }] = await Promise.all([
    import("#app/pack-bundle-verify.ts"),
    import("#compose.ts"),
  ]);
  const { planHash, revocations, at } = options;
  const path = resolve(cli.cwd, file);
  const request = {
    path,
    ...(planHash === undefined ? {} : { planHash }),
    ...(revocations === undefined ? {} : { revocations: resolve(cli.cwd, revocations) }),
    ...(at === undefined ? {} : { at }),
  };
  const found = await verifyPackPinned(request, settings.value, { sha256, verifySignature, now: clock.now });
  if (!found.ok) {
    return cli.fault(found.fault, formatOf(options));
  }
  return keepVerdict(cli, path, options, found.value, clock.now);
}

function defineShow(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("show <file>").description("what is in a pack bundle, without verifying it"))
    .option("--names", "only the names of its manifests, one a line, for clients of registries")
    .addHelpText("after", "\nExample: packrun bundle show quickstart.packbundle.tar")
    .action(async (file: string, options: GlobalOptions & { readonly names?: boolean }) => {
      const [{ showPackBundle }, { sha256 }] = await Promise.all([
        import("#app/pack-bundle-show.ts"),
        import("#compose.ts"),
      ]);
      done(
        answer(
          cli,
          options,
          await showPackBundle(resolve(cli.cwd, file), sha256),
          options.names === true ? namesText : viewText,
        ),
      );
    });
}

function defineFromLayout(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("from-layout <folder>").description("make a pack bundle again from a copied OCI layout"))
    .requiredOption("-o, --output <file>", "write the bundle there, as x.packbundle.tar")
    .addHelpText(
      "after",
      "\nFOLDER is an OCI image layout into which a registry client copied a pack and what refers to it.\n" +
        "The bundle has the bytes that it had before. It is not verified.\n" +
        "Example: packrun bundle from-layout layout -o quickstart.packbundle.tar",
    )
    .action(async (folder: string, options: GlobalOptions & { readonly output: string }) => {
      const [{ bundleFromLayout }, { sha256 }] = await Promise.all([
        import("#app/pack-bundle-from-layout.ts"),
        import("#compose.ts"),
      ]);
      const order = { folder: resolve(cli.cwd, folder), out: resolve(cli.cwd, options.output) };
      const words = ({ file, name, version, packDigest, size }: GatheredPackBundle): string =>
        `${file}: ${name}@${version}, ${size} bytes, not verified\npack ${packDigest}\n`;
      done(answer(cli, options, await bundleFromLayout(order, sha256), words));
    });
}

function namesText({ version, referrers }: PackBundleView): string {
  return [version, ...referrers.map(({ refName }) => refName)].map((name) => `${name}\n`).join("");
}

function viewText({ name, version, packDigest, size, files, referrers, attested }: PackBundleView): string {
  const lines = [
    `${name}@${version}, ${size} bytes, not verified`,
    `  pack      ${packDigest}`,
    ...(attested === null
      ? ["  attested  by nobody"]
      : [`  attested  for ${attested.trustDomain}, ${attested.createdAt}, key ${attested.keyid}`]),
    ...(attested?.plan === undefined ? [] : [`  plan      ${attested.plan.hash}`]),
    "",
    ...files.map((file) => `  ${file.mode}  ${String(file.size).padStart(12)}  ${file.path}`),
    "",
    ...referrers.map(({ kind, digest }) => `  ${kind.padEnd(16)}  ${digest}`),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}
