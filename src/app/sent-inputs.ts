import { createReadStream } from "node:fs";
import { basename, join, resolve } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { planCodes } from "#plan/codes.ts";
import { inputWords, readInputText } from "#plan/input-value.ts";
import type { FolderReader } from "#port/folder.ts";
import { readGivenInputs, type Given, type InputArguments } from "./given-inputs.ts";
import type { InputFile } from "./input-files.ts";
import type { DeclaredInputs } from "./pack-inputs.ts";
import { refusedBy, type PlanRefusal } from "./plan-refusal.ts";
import type { PlannedPack } from "./plan-pack.ts";

/** An input as a server is sent it: a value, or files that go before the order and are named in it by their digest. */
export type SentInput =
  | { readonly name: string; readonly kind: "value"; readonly value: Json }
  | {
      readonly name: string;
      readonly kind: "files";
      readonly digest: Digest;
      /** What the file or directory is called: a part of the plan. */
      readonly calledHere: string;
      readonly files: readonly SentFile[];
    };

/** Bytes to be stored, with the digest that they must have then. `what` names them in messages. */
export type SentFile = {
  readonly what: string;
  readonly digest: Digest;
  readonly open: () => AsyncIterable<Uint8Array>;
};

type Ports = { readonly folders: FolderReader; readonly sha256: Sha256 };

/** What was given for a pack that was planned here. Defaults are the pack's, and are not sent. */
export function sentInputs({ compiled, inputFiles, sources }: PlannedPack, sha256: Sha256): readonly SentInput[] {
  const files = new Map(inputFiles.map((file) => [file.name, file]));
  return Object.entries(compiled.plan.inputs)
    .filter(([name]) => sources[name] !== "default")
    .flatMap(([name, input]) => {
      const file = files.get(name);
      if ("value" in input) {
        return [{ name, kind: "value" as const, value: input.value }];
      }
      return file === undefined ? [] : [sentFiles(file, input.name, sha256)];
    });
}

/**
 * What was given for a pack of which only the types of its inputs are known. Whether the values fit, is for the server to
 * say. Faults: INPUT_UNKNOWN, INPUT_TYPE, INPUT_GIVEN_TWICE, INPUT_FILE, those of `readGivenInputs`.
 */
export async function readSentInputs(
  args: InputArguments,
  declared: DeclaredInputs,
  ports: Ports,
): Promise<Result<readonly SentInput[], PlanRefusal>> {
  const given = await readGivenInputs(args, { spec: { inputs: declared } });
  const chosen = given.ok ? chooseGiven(given.value) : given;
  if (!chosen.ok) {
    return chosen;
  }
  const sent: SentInput[] = [];
  for (const each of chosen.value) {
    const type = Object.hasOwn(declared, each.name) ? declared[each.name]?.type : undefined;
    if (type === undefined) {
      return refusedBy(faultOf(planCodes, "INPUT_UNKNOWN", { name: each.name }));
    }
    const read =
      type === "file" || type === "directory"
        ? await readFiles(each, type, ports)
        : "text" in each.given
          ? valueOf(each.name, type, each.given.text)
          : ok({ name: each.name, kind: "value" as const, value: each.given.value });
    if (!read.ok) {
      return read;
    }
    sent.push(read.value);
  }
  return ok(sent);
}

/** The command line goes before a file; twice in one place is a mistake. */
function chooseGiven(given: readonly Given[]): Result<readonly Given[], PlanRefusal> {
  const chosen = new Map<string, Given>();
  for (const each of given) {
    const before = chosen.get(each.name);
    if (before !== undefined && before.source === each.source && before.at.file === each.at.file) {
      return refusedBy(faultOf(planCodes, "INPUT_GIVEN_TWICE", { name: each.name }));
    }
    if (before === undefined || before.source === "file") {
      chosen.set(each.name, each);
    }
  }
  return ok([...chosen.values()]);
}

function valueOf(
  name: string,
  type: Parameters<typeof readInputText>[0],
  text: string,
): Result<SentInput, PlanRefusal> {
  const value = readInputText(type, text);
  return value.ok
    ? ok({ name, kind: "value", value: value.value })
    : refusedBy(faultOf(planCodes, "INPUT_TYPE", { name, expected: inputWords(type) }));
}

async function readFiles(
  { name, given, folder }: Given,
  type: "file" | "directory",
  { folders, sha256 }: Ports,
): Promise<Result<SentInput, PlanRefusal>> {
  const text = "text" in given ? given.text : given.value;
  if (typeof text !== "string" || text === "") {
    return refusedBy(faultOf(planCodes, "INPUT_TYPE", { name, expected: `the path of a ${type}` }));
  }
  const path = resolve(folder, text);
  if (type === "file") {
    const read = await folders.readFile(path);
    return read.ok
      ? ok(sentFiles({ kind: "file", name, path, sha256: read.value.sha256 }, basename(path), sha256))
      : refusedBy(read.fault);
  }
  const read = await folders.readTree(path);
  return read.ok
    ? ok(
        sentFiles(
          { kind: "directory", name, path: read.value.root, listing: read.value.listing },
          basename(path),
          sha256,
        ),
      )
    : refusedBy(read.fault);
}

/** A directory is stored as its files and its listing, which goes last. */
function sentFiles(file: InputFile, calledHere: string, sha256: Sha256): SentInput {
  const what = `the ${file.kind} of input "${file.name}"`;
  const open = (path: string) => (): AsyncIterable<Uint8Array> => createReadStream(path);
  if (file.kind === "file") {
    const digest = digestOfHex(file.sha256);
    return { name: file.name, kind: "files", digest, calledHere, files: [{ what, digest, open: open(file.path) }] };
  }
  const digest = treeDigest(file.listing, sha256);
  const entries = file.listing.flatMap((entry) =>
    entry.mode === "link"
      ? []
      : [
          {
            what: `${basename(entry.path)} in ${what}`,
            digest: digestOfHex(entry.sha256),
            open: open(join(file.path, entry.path)),
          },
        ],
  );
  return {
    name: file.name,
    kind: "files",
    digest,
    calledHere,
    files: [...entries, { what, digest, open: () => listingBytes(file.listing) }],
  };
}

async function* listingBytes(listing: unknown): AsyncGenerator<Uint8Array> {
  yield canonicalBytes(listing);
}
