import type { Command } from "commander";
import type { Edited, TrustTools, WrittenRoot } from "#app/trust-edit.ts";
import { trustAuthority, trustLog } from "#app/trust-witness.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { GlobalOptions } from "./cli.ts";
import { withGlobals } from "./options.ts";
import { time } from "./time.ts";

type WitnessOptions = GlobalOptions & {
  readonly url?: string;
  readonly validFrom?: Timestamp;
  readonly validUntil?: Timestamp;
  readonly output?: string;
};

/** Carries out an edit of the trust root that the options name, and tells what was written. */
export type EditRoot = (
  options: GlobalOptions,
  edit: (file: string, tools: TrustTools) => Promise<Result<WrittenRoot>>,
) => Promise<void>;

/** `packrun trust authority` and `packrun trust log`: whose timestamps and entries are believed. */
export function defineWitnesses(group: Command, edit: EditRoot): void {
  withWitness(group.command("authority <chain>").description("believe a timestamp authority; writes the next version"))
    .requiredOption("--name <name>", "what it is called in verdicts")
    .addHelpText(
      "after",
      "\nCHAIN is a PEM file: the certificate that signs timestamps first, then its issuers, the root last.\n" +
        "Example: packrun trust authority tsa-chain.pem --name acme-tsa --url https://tsa.example/tsr",
    )
    .action((chainFile: string, options: WitnessOptions & { readonly name: string }) =>
      edit(options, (file, tools) =>
        trustAuthority({ ...editedOf(file, options), chainFile, name: options.name }, tools),
      ),
    );
  withWitness(group.command("log <public-key>").description("believe a transparency log; writes the next version"))
    .requiredOption("--origin <name>", "the first line of its checkpoints")
    .addHelpText("after", "\nExample: packrun trust log rekor.pub --origin rekor.example --url https://rekor.example")
    .action((keyFile: string, options: WitnessOptions & { readonly origin: string }) =>
      edit(options, (file, tools) => trustLog({ ...editedOf(file, options), keyFile, origin: options.origin }, tools)),
    );
}

function withWitness(command: Command): Command {
  return withGlobals(command)
    .option("--url <url>", "where it can be asked, for people")
    .option("--valid-from <time>", "beginning of its window", time)
    .option("--valid-until <time>", "end of its window", time)
    .option("-o, --output <file>", "write the next version here instead of in place");
}

function editedOf(file: string, { url, validFrom, validUntil, output: out }: WitnessOptions) {
  const given = Object.entries({ url, validFrom, validUntil, out }).filter(([, value]) => value !== undefined);
  return { file, ...(Object.fromEntries(given) as Omit<Edited, "file"> & Pick<WitnessOptions, "url" | "validFrom">) };
}
