/** A sample: one file, or a folder of files, and what verifiers have to say of it. */
export type Sample = {
  readonly name: string;
  /** Below `offline-bundles/`. */
  readonly path: string;
  /** The file; absent where another sample has it already, and for folders. */
  readonly bytes?: Uint8Array;
  /** The files of a folder by their paths in it. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly verdict: "verified" | "stale" | "failed";
  /** What some check has to say. */
  readonly code?: string;
  /** The time of verification, where it is not any day. */
  readonly at?: string;
  /** Further flags; files that they name are below `offline-bundles/`. */
  readonly args?: readonly string[];
};

type Expected = Pick<Sample, "code" | "at" | "args" | "verdict">;

/** What was tampered with, and the code that some check has to give. */
export function tampered(
  name: string,
  code: string,
  content: Pick<Sample, "bytes" | "files"> & { readonly path?: string },
  more: Partial<Expected> = {},
): Sample {
  const { files, path = `tampered/${name}${files === undefined ? ".tar" : ""}` } = content;
  return { name, ...content, path, verdict: "failed", code, ...more };
}
