import { dirname } from "node:path";
import { isJsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import type { Config } from "./config.ts";
import { memberAt } from "#canon/member-at.ts";

/**
 * Members that are taken from one file as a whole: a token is for the server that stands beside it, a public key for the
 * command, a database for its address. Mixed from two files, one could send off what the other holds.
 */
const WHOLE: readonly RegExp[] = [/^signers\/[^/]+$/, /^secrets\/vault$/, /^TaskRunner\/Storage\/Mongo$/];

/** One file of the configuration of a command. */
export type ConfigFile = {
  readonly file: string;
  readonly value: Config;
  /** The line, from 1, in which a member of the file stands. */
  readonly lineOf: (path: readonly PathPart[]) => number;
};

/** A member of one of the files, and the file. */
type Laid = { readonly value: unknown; readonly file: ConfigFile; readonly base: string };

/** Configuration files, of which the first that says something says it; lists and what is `WHOLE` are never mixed. */
export type ConfigLayers = {
  readonly files: readonly ConfigFile[];
  /** What they say together. */
  readonly value: Config;
  /** Who says what stands at a path, with the folder that its paths are relative to. */
  readonly at: (path: readonly PathPart[]) => Laid | undefined;
  /** The same files without the first ones. */
  readonly from: (index: number) => ConfigLayers;
};

export function configLayers(files: readonly ConfigFile[]): ConfigLayers {
  return {
    files,
    value: merged(
      files.map(({ value }) => value),
      [],
    ) as Config,
    at: (path) => laidAt(files, path),
    from: (index) => configLayers(files.slice(index)),
  };
}

/** Of values at one path, the nearest first. */
function merged(values: readonly unknown[], path: readonly PathPart[]): unknown {
  const [nearest] = values;
  if (values.length < 2 || !isJsonObject(nearest) || isWhole(path)) {
    return nearest ?? {};
  }
  const names = new Set(values.flatMap((value) => Object.keys(value as object)));
  return Object.fromEntries(
    [...names].map((name) => {
      const said = values.map((value) => memberAt(value, [name])).filter((member) => member !== undefined);
      return [name, merged(said, [...path, name])];
    }),
  );
}

function laidAt(files: readonly ConfigFile[], path: readonly PathPart[]): Laid | undefined {
  let saying = files;
  for (let length = 1; length <= path.length; length += 1) {
    const part = path.slice(0, length);
    saying = saying.filter(({ value }) => memberAt(value, part) !== undefined);
    if (isWhole(part) || !isJsonObject(memberAt(saying[0]?.value, part))) {
      saying = saying.slice(0, 1);
    }
  }
  const [file] = saying;
  return file === undefined ? undefined : { value: memberAt(file.value, path), file, base: dirname(file.file) };
}

function isWhole(path: readonly PathPart[]): boolean {
  const text = path.join("/");
  return WHOLE.some((whole) => whole.test(text));
}
