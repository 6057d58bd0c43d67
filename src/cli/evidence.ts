import { resolve } from "node:path";
import type { Command } from "commander";
import { copyAnchor } from "#app/copy-anchor.ts";
import { exportSnapshot } from "#app/export-snapshot.ts";
import { exportEvidence } from "#app/export-evidence.ts";
import { extractEvidence } from "#app/extract-evidence.ts";
import { openBundle, type OpenBundle } from "#app/open-bundle.ts";
import { readBundleEvents } from "#app/read-bundle-events.ts";
import { attestationPae, showEvidence, type EvidenceView } from "#app/show-evidence.ts";
import { writeUserFile } from "#app/user-file.ts";
import { useTexts } from "#view/step-use.ts";
import { padded } from "#view/text-width.ts";
import { Transcript } from "#view/transcript.ts";
import { visibleText } from "#view/visible-text.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { ok } from "#fault/result.ts";
import { isBundlePath, withBundlePath } from "./bundle-path.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { defineSnapshot } from "./evidence-snapshot.ts";
import { defineAnchor } from "./evidence-anchor.ts";
import { answer } from "./keys.ts";
import { nextStep } from "./next-step.ts";
import { formatOf, withGlobals } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { withRun } from "./runs.ts";
import { isAtServer, serverOf, withServer } from "./server-options.ts";

type BundleSource = OpenBundle["source"];
type Done = (code: number) => void;
type ExportOptions = DeskOptions & { readonly output: string; readonly snapshot?: string | true };
type ShowOptions = DeskOptions & { readonly logs?: boolean; readonly pae?: boolean; readonly output?: string };

/** `packrun evidence …`. */
export const evidence: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("evidence").description("show, extract, export and anchor evidence bundles");
    defineShow(group, cli, done);
    defineExtract(group, cli, done);
    defineExport(group, cli, done);
    defineSnapshot(group, cli, done);
    defineAnchor(group, cli, done);
    group.addHelpText(
      "after",
      "\nPATH is the folder or .tar of a bundle, or a run of this store (an id, the beginning of one, last).\n" +
        "These commands verify nothing; `packrun verify PATH` does.\n" +
        "Exit codes: 0 ok, 2 usage or a run that has not ended, 7 the bundle cannot be read, 11 a snapshot has no end to show.\n" +
        "Example: packrun evidence extract last -o out",
    );
  },
};

function defineShow(group: Command, cli: Cli, done: Done): void {
  withServer(withGlobals(group.command("show <path>").description("what a bundle says of its run")))
    .option("--logs", "the output of its steps instead")
    .option("--pae", "the bytes that its attestation's signature is made over instead")
    .option("-o, --output <file>", "with --pae: write them there")
    .addHelpText(
      "after",
      "\nExamples: packrun evidence show last --logs\n          packrun evidence show last --pae -o run.pae",
    )
    .action(async (path: string, options: ShowOptions, command: Command) => {
      if (options.output !== undefined && options.pae !== true) {
        command.error("error: -o goes with --pae alone; stdout has all else");
      }
      done(await withBundle(cli, path, options, (source) => show(cli, path, source, options)));
    });
}

async function show(cli: Cli, named: string, source: BundleSource, options: ShowOptions): Promise<number> {
  if (options.logs === true) {
    return showLogs(cli, source, options);
  }
  if (options.pae === true) {
    return showPae(cli, source, options);
  }
  const { sha256 } = await import("#compose.ts");
  const shown = await showEvidence(source, sha256);
  if (!shown.ok) {
    return cli.fault(shown.fault, formatOf(options));
  }
  const isFetched = isAtServer(cli.where, cli.env) && !isBundlePath(cli, named);
  const next = isFetched ? ["evidence", "export", named, "-o", "evidence.tar"] : ["verify", named];
  const text = (): string => `${viewText(shown.value)}not verified here: ${nextStep(cli, ...next)}\n`;
  cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, ...shown.value }) : text());
  return 0;
}

/** Exactly the signed bytes: no line end is added, whatever the format. */
async function showPae(cli: Cli, source: BundleSource, options: ShowOptions): Promise<number> {
  const pae = await attestationPae(source);
  if (!pae.ok) {
    return cli.fault(pae.fault, formatOf(options));
  }
  if (options.output === undefined) {
    cli.out(Buffer.from(pae.value).toString("utf8"));
    return 0;
  }
  const written = await writeUserFile(resolve(cli.cwd, options.output), pae.value);
  return written.ok ? 0 : cli.fault(written.fault, formatOf(options));
}

async function showLogs(cli: Cli, source: BundleSource, options: GlobalOptions): Promise<number> {
  const asJson = formatOf(options) === "json";
  const items = [];
  const transcript = new Transcript(true);
  for await (const event of readBundleEvents(source)) {
    if (event.eventType !== "step.output") {
      continue;
    }
    if (asJson) {
      const { stepId = "", attempt, timestamp, metadata } = event;
      items.push({ stepId, attempt, timestamp, ...metadata });
    } else {
      cli.out(transcript.add(event));
    }
  }
  cli.out(transcript.end());
  if (asJson) {
    cli.out(jsonLine({ schemaVersion: 1, items }));
  }
  return 0;
}

function defineExtract(group: Command, cli: Cli, done: Done): void {
  withServer(
    withGlobals(group.command("extract <path>").description("write the artifacts of a bundle under their names")),
  )
    .requiredOption("-o, --output <folder>", "a new or empty folder")
    .addHelpText("after", "\nExample: packrun evidence extract run.tar -o out")
    .action(async (path: string, options: DeskOptions & { output: string }) => {
      const extract = async (source: BundleSource): Promise<number> => {
        const written = await extractEvidence(source, options.output);
        const result = written.ok
          ? { ok: true as const, value: { folder: options.output, files: written.value } }
          : written;
        return answer(cli, options, result, ({ files }) =>
          files.map((file) => `${file.path}  ${file.digest}\n`).join(""),
        );
      };
      done(await withBundle(cli, path, options, extract));
    });
}

function defineExport(group: Command, cli: Cli, done: Done): void {
  withServer(
    withGlobals(
      group.command("export <run>").description("write a bundle as one .tar, the same bytes on every machine"),
    ),
  )
    .requiredOption("-o, --output <file>", "where the .tar goes")
    .option("--snapshot [sequence]", "the evidence so far: the snapshot of this event, the last unless given")
    .addHelpText(
      "after",
      "\nRUN may be the folder of a bundle too. Its anchor goes along.\nA run that goes on has snapshots only; they are never verified, at best whole so far (exit 11).\nExample: packrun evidence export last -o run.tar",
    )
    .action(async (run: string, options: ExportOptions) => {
      const access = isBundlePath(cli, run) ? ok(undefined) : await serverOf(cli, options);
      if (!access.ok) {
        done(cli.fault(access.fault, formatOf(options)));
        return;
      }
      if (access.value !== undefined) {
        done(await exportFetched(cli, run, options, access.value));
        return;
      }
      if (options.snapshot !== undefined) {
        done(await writeSnapshot(cli, run, options));
        return;
      }
      const write = async (source: BundleSource, path: string): Promise<number> => {
        const out = resolve(cli.cwd, options.output);
        const written = await exportEvidence(source, out);
        const copied = written.ok ? await copyAnchor(path, out) : written;
        const value = { file: options.output, ...(written.ok ? written.value : { size: 0 }) };
        const result = copied.ok ? { ok: true as const, value } : copied;
        return answer(cli, options, result, ({ file, size }) => `${file}  ${size} bytes\n`);
      };
      done(await withBundle(cli, run, options, write));
    });
}

async function exportFetched(cli: Cli, run: string, options: ExportOptions, access: ServerAccess): Promise<number> {
  const { snapshot, output } = options;
  const file = resolve(cli.cwd, output);
  const { fetchEvidence, fetchSnapshot } = await import("./server-evidence.ts");
  const fetched = await (snapshot === undefined
    ? fetchEvidence(run, file, access)
    : fetchSnapshot(run, snapshot === true ? "last" : snapshot, file, access));
  const result = fetched.ok ? ok({ file: output, ...fetched.value }) : fetched;
  return answer(cli, options, result, ({ file, size }) => `${file}  ${size} bytes\n`);
}

async function writeSnapshot(cli: Cli, run: string, options: ExportOptions): Promise<number> {
  const { snapshot, output } = options;
  const sequence = typeof snapshot === "string" ? Number(snapshot) : undefined;
  return withRun(cli, options, run, async (key, workplace) => {
    const written = await exportSnapshot(key, sequence, resolve(cli.cwd, output), workplace);
    const result = written.ok ? { ok: true as const, value: { file: output, ...written.value } } : written;
    return answer(cli, options, result, ({ file, size }) => `${file}  ${size} bytes\n`);
  });
}

/** Finds and opens the bundle that is named, here or at a server; the exit code of what is done with it. */
async function withBundle(
  cli: Cli,
  text: string,
  options: DeskOptions,
  work: (source: BundleSource, path: string) => Promise<number>,
): Promise<number> {
  const access = isBundlePath(cli, text) ? ok(undefined) : await serverOf(cli, options);
  if (!access.ok) {
    return cli.fault(access.fault, formatOf(options));
  }
  if (access.value === undefined) {
    return withBundlePath(cli, text, options, (path) => withOpened(cli, path, options, work));
  }
  const { withFetchedEvidence } = await import("./server-evidence.ts");
  return withFetchedEvidence(text, access.value, async (fetched) =>
    fetched.ok ? withOpened(cli, fetched.value, options, work) : cli.fault(fetched.fault, formatOf(options)),
  );
}

async function withOpened(
  cli: Cli,
  path: string,
  options: GlobalOptions,
  work: (source: BundleSource, path: string) => Promise<number>,
): Promise<number> {
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return cli.fault(bundle.fault, formatOf(options));
  }
  try {
    return await work(bundle.value.source, path);
  } finally {
    await bundle.value.close();
  }
}

function viewText({ manifest, manifestDigest, attestation, keyid, outputs, use, takenBack }: EvidenceView): string {
  const lines = [
    `run       ${manifest.runId}`,
    `pack      ${attestation.pack.name}@${attestation.pack.version} (${attestation.packSource})`,
    `planHash  ${manifest.planHash}`,
    `manifest  ${manifestDigest}, ${manifest.hashes.length} files`,
    `signed    by ${keyid}, which only a trust root can vouch for`,
    `outcome   ${attestation.outcome}${attestation.reason === undefined ? "" : ` (${attestation.reason})`}`,
    `from      ${attestation.startedAt ?? attestation.requestedAt} to ${attestation.completedAt}`,
    ...stepLines(attestation.steps, use),
    ...approvalLines(attestation.approvals, takenBack),
    ...Object.entries(outputs.outputs).map(([name, value]) => `output    ${name} = ${valueText(value)}`),
    ...outputs.artifacts.map(
      ({ stepId, name, digest, size }) => `artifact  ${stepId}/${name}  ${digest}  ${size} bytes`,
    ),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function approvalLines(
  approvals: EvidenceView["attestation"]["approvals"],
  takenBack: EvidenceView["takenBack"],
): readonly string[] {
  return approvals.map(({ gateId, decision, principal }, at) => {
    const code = takenBack[at] ?? undefined;
    return `approval  ${gateId}: ${decision} by ${principal}${code === undefined ? "" : `, taken back: ${code}`}`;
  });
}

function stepLines(steps: EvidenceView["attestation"]["steps"], use: EvidenceView["use"]): readonly string[] {
  const uses = new Map(use.map((each) => [each.id, each]));
  const texts = useTexts(steps.map(({ id }) => uses.get(id) ?? {}));
  const ids = padded(steps.map(({ id }) => id));
  const statuses = padded(steps.map(({ status }) => status));
  return steps.map((_, at) => `  ${ids[at] ?? ""}  ${statuses[at] ?? ""}  ${texts[at] ?? ""}`.trimEnd());
}

function valueText(value: EvidenceView["outputs"]["outputs"][string]): string {
  return value.type === "file" || value.type === "directory" ? value.digest : JSON.stringify(value.value);
}
