import { basename, join, resolve } from "node:path";
import { digestOfHex, type Sha256 } from "#canon/digest.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { Fault } from "#fault/fault.ts";
import { treeDigest, type TreeListing } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import type { InputFile as DigestedInput } from "#plan/resolve-inputs.ts";
import type { FolderReader } from "#port/folder.ts";
import type { Given } from "./given-inputs.ts";

/** A file or directory input on this machine, with what was digested of it. */
export type InputFile =
  | { readonly kind: "file"; readonly name: string; readonly path: string; readonly sha256: string }
  | { readonly kind: "directory"; readonly name: string; readonly path: string; readonly listing: TreeListing };

export type ReadInputFiles = {
  readonly files: readonly InputFile[];
  readonly digested: ReadonlyMap<string, DigestedInput>;
  /** Files that cannot be inputs (INPUT_FILE), by the name of the input: paths that were given are not repeated. */
  readonly diagnostics: readonly Diagnostic[];
};

type Ports = { readonly folders: FolderReader; readonly sha256: Sha256 };
type Wanted = {
  readonly name: string;
  readonly type: "file" | "directory";
  readonly path: string;
  readonly file: string;
};

/** Digests every file and directory input that has a path: given, or a default inside the pack. */
export async function readInputFiles(
  pack: Pack,
  packFolder: string,
  given: ReadonlyMap<string, Given>,
  ports: Ports,
): Promise<ReadInputFiles> {
  const files: InputFile[] = [];
  const digested = new Map<string, DigestedInput>();
  const diagnostics: Diagnostic[] = [];
  for (const [name, { type, default: preset }] of Object.entries(pack.spec.inputs)) {
    if (type !== "file" && type !== "directory") {
      continue;
    }
    const wanted = wantedFile(name, type, given.get(name), preset, { folder: packFolder, file: pack.source.file });
    if (wanted === undefined) {
      continue;
    }
    const read = "problem" in wanted ? wanted : await readInput(wanted, ports);
    if ("problem" in read) {
      diagnostics.push(refusal(name, type, read.problem, read.hint, read.file));
    } else {
      files.push(read.file);
      digested.set(name, read.digested);
    }
  }
  return { files, digested, diagnostics };
}

type Refused = { readonly problem: string; readonly hint: string | undefined; readonly file: string };

function wantedFile(
  name: string,
  type: Wanted["type"],
  given: Given | undefined,
  preset: unknown,
  pack: { readonly folder: string; readonly file: string },
): Wanted | Refused | undefined {
  if (given !== undefined) {
    const path = "text" in given.given ? given.given.text : given.given.value;
    const { file } = given.at;
    return typeof path === "string" && path !== ""
      ? { name, type, path: resolve(given.folder, path), file }
      : { problem: "its path is no text", hint: undefined, file };
  }
  if (preset === undefined) {
    return undefined;
  }
  return typeof preset === "string" && isInside(preset)
    ? { name, type, path: join(pack.folder, preset), file: pack.file }
    : { problem: "its default is no path inside the pack", hint: "write a relative path without ..", file: pack.file };
}

/** A pack decides nothing about files outside itself. */
function isInside(path: string): boolean {
  return path !== "" && !path.startsWith("/") && !path.split("/").includes("..") && !path.includes("\0");
}

async function readInput(
  { name, type, path, file }: Wanted,
  { folders, sha256 }: Ports,
): Promise<{ readonly file: InputFile; readonly digested: DigestedInput } | Refused> {
  if (type === "file") {
    const read = await folders.readFile(path);
    if (!read.ok) {
      return refused(read.fault, file);
    }
    const { size, sha256: hex } = read.value;
    return {
      file: { kind: "file", name, path, sha256: hex },
      digested: { type, name: basename(path), size, digest: digestOfHex(hex) },
    };
  }
  const read = await folders.readTree(path);
  if (!read.ok) {
    const { problem, ...more } = refused(read.fault, file);
    const inside = read.fault.data?.["path"];
    // The path of the folder itself was given, and is not repeated.
    const isNamed = typeof inside === "string" && inside !== "" && inside !== path;
    return { ...more, problem: isNamed ? `"${inside}" in it: ${problem}` : problem };
  }
  const { root, listing } = read.value;
  return {
    file: { kind: "directory", name, path: root, listing },
    digested: { type, name: basename(path), digest: treeDigest(listing, sha256) },
  };
}

function refused({ data, hint }: Fault, file: string): Refused {
  const problem = data?.["problem"];
  return { problem: typeof problem === "string" ? problem : "it cannot be read", hint, file };
}

function refusal(
  name: string,
  type: Wanted["type"],
  problem: string,
  hint: string | undefined,
  file: string,
): Diagnostic {
  return {
    code: "INPUT_FILE",
    severity: "error",
    message: `the ${type} for input "${name}" cannot be used: ${problem}`,
    file,
    ...(hint === undefined ? {} : { hint }),
  };
}
