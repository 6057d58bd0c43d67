import { resolve } from "node:path";
import type { Command } from "commander";
import type { CreatedPackBundle, PackBundleOrder } from "#app/pack-bundle-create.ts";
import { readSettings, type Settings } from "#app/settings.ts";
import { ok, type Result } from "#fault/result.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import type { Cli } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";
import { withPlanOptions, type PlanOptions } from "./plan-options.ts";
import { showRefusal } from "./plan-refusal.ts";
import { packArgument, plannedArgument } from "./registered-plan.ts";

type CreateOptions = PlanOptions &
  RegistryOptions & {
    readonly key: string;
    readonly output: string;
    readonly createdAt?: string;
    readonly attach?: readonly string[];
    readonly sbomAttestation?: string;
  };

/** `packrun bundle create PACK`. */
export function defineCreate(group: Command, cli: Cli, done: (code: number) => void): void {
  const command = group.command("create <pack>").description("write a signed, portable bundle of a pack");
  withPlanOptions(withGlobals(command))
    .option(...REGISTRY_OPTION)
    .requiredOption("--key <key>", "private key that holds the role pack-publisher, or signer:NAME")
    .requiredOption("-o, --output <file>", "write the bundle there, as x.packbundle.tar")
    .option("--created-at <time>", "when it is said to be made (default: SOURCE_DATE_EPOCH, else its revocation list)")
    .option("--attach <file...>", "put in SPDX documents (2.2, 2.3 or 3, as JSON)")
    .option(
      "--sbom-attestation <file>",
      "put in this attestation of the SBOM, made by another tool, in place of an own one",
    )
    .addHelpText(
      "after",
      "\nPACK is a folder, a pack.yaml, or NAME@VERSION of the registry. With -i or --inputs the canonical plan and its inputs lock go along.\n" +
        "The same pack, revocation list, inputs and Ed25519 key give the same bytes on every machine.\n" +
        "Example: packrun bundle create packs/quickstart --key publisher.key -o quickstart.packbundle.tar",
    )
    .action(async (pack: string, options: CreateOptions) => done(await create(cli, pack, options)));
}

async function create(cli: Cli, pack: string, options: CreateOptions): Promise<number> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, formatOf(options));
  }
  const content = await contentOf(cli, pack, options, settings.value);
  if (!content.ok) {
    return content.fault;
  }
  if (content.value.planned === undefined) {
    cli.note("made without inputs: the bundle has no plan in it");
  }
  return answer(cli, options, await write(cli, options, settings.value, content.value), wordsOf);
}

type Content = Pick<PackBundleOrder, "pack" | "folder" | "planned">;

/** The pack, and its plan when inputs are given; else what is wrong with it is shown, and the exit code is the fault. */
async function contentOf(
  cli: Cli,
  pack: string,
  options: CreateOptions,
  { tenantId }: Settings,
): Promise<Result<Content, number>> {
  const ports = await import("#compose.ts");
  if (options.i === undefined && options.inputs === undefined) {
    const given = await unchangedPack(cli, pack, options);
    if (!given.ok) {
      return given;
    }
    const { contentForBundle } = await import("#app/bundled-pack.ts");
    const read = await contentForBundle(given.value, cli.cwd, ports);
    return read.ok
      ? ok({ pack: read.value.content, folder: read.value.folder })
      : { ok: false, fault: showRefusal(cli, read.fault, options) };
  }
  const planned = await plannedArgument(cli, pack, options);
  if (!planned.ok) {
    return planned;
  }
  const { lockInputs } = await import("#app/plan-pack.ts");
  const { compiled, packListing, packFolder } = planned.value;
  const { name, version, digest: packDigest } = compiled.plan.pack;
  const lock = lockInputs(planned.value, tenantId, new Map(), ports.sha256);
  return ok({
    pack: { name, version, packDigest, listing: packListing },
    folder: packFolder,
    planned: { planHash: compiled.planHash, plan: compiled.bytes, lock },
  });
}

/** The folder of a PACK argument; one of the registry is as its publisher signed it. */
async function unchangedPack(cli: Cli, text: string, options: RegistryOptions): Promise<Result<string, number>> {
  const given = await packArgument(cli, text, options);
  if (!given.ok || given.value.registered === undefined) {
    return given.ok ? ok(given.value.pack) : given;
  }
  const [{ checkFilesUnchanged }, ports] = await Promise.all([
    import("#app/registered-files.ts"),
    import("#compose.ts"),
  ]);
  const unchanged = await checkFilesUnchanged(given.value.registered, ports);
  return unchanged.ok ? ok(given.value.pack) : { ok: false, fault: cli.fault(unchanged.fault, formatOf(options)) };
}

async function write(
  cli: Cli,
  options: CreateOptions,
  settings: Settings,
  content: Content,
): Promise<Result<CreatedPackBundle>> {
  const [{ createPackBundle, createdAtOf }, { keyringFor, passwordSource, sha256, verifySignature, clock }] =
    await Promise.all([import("#app/pack-bundle-create.ts"), import("#compose.ts")]);
  const createdAt = createdAtOf(options.createdAt, cli.env["SOURCE_DATE_EPOCH"]);
  if (!createdAt.ok) {
    return createdAt;
  }
  const signer = await keyringFor(settings).open(options.key, passwordSource(cli.env, options.input !== false));
  if (!signer.ok) {
    return signer;
  }
  const out = resolve(cli.cwd, options.output);
  const more = await moreOf(cli, options);
  if (!more.ok) {
    return more;
  }
  const time = createdAt.value === undefined ? {} : { createdAt: createdAt.value };
  const order = { ...content, ...more.value, ...time, signer: signer.value, out };
  return createPackBundle(order, { settings, verifySignature, sha256, now: clock.now });
}

/** What is not made from the pack. */
async function moreOf(
  cli: Cli,
  { attach = [], sbomAttestation }: CreateOptions,
): Promise<Result<Pick<PackBundleOrder, "attachments" | "sbomAttestation">>> {
  const [{ readAttachments }, { readUserFile }] = await Promise.all([
    import("#app/pack-attachments.ts"),
    import("#app/user-file.ts"),
  ]);
  const attachments = await readAttachments(attach.map((file) => resolve(cli.cwd, file)));
  if (!attachments.ok) {
    return attachments;
  }
  if (sbomAttestation === undefined) {
    return ok({ attachments: attachments.value });
  }
  const path = resolve(cli.cwd, sbomAttestation);
  const bytes = await readUserFile(path);
  return bytes.ok ? ok({ attachments: attachments.value, sbomAttestation: { path, bytes: bytes.value } }) : bytes;
}

function wordsOf({ file, name, version, packDigest, planHash, size }: CreatedPackBundle): string {
  const plan = planHash === null ? "" : `plan ${planHash}\n`;
  return `${file}: ${name}@${version}, ${size} bytes\npack ${packDigest}\n${plan}`;
}
