import { compareUtf8 } from "#canon/utf8.ts";
import { paddingOf, ustarHeader } from "#evidence/ustar.ts";
import { ATTESTATION, MANIFEST, type Change, type Files } from "./change.ts";
import { forge } from "./forge.ts";
import { rootBytes, type Root } from "./site-trust.ts";

/** What is no regular file: a link, a FIFO. */
export type Odd = { readonly link: string } | { readonly fifo: true };
/** A folder with a bundle in it (`bundle/…` or `bundle.tar`), the root that is pinned, and what else the flags name. */
export type Site = ReadonlyMap<string, Uint8Array | Odd>;

/** The day after the run. */
export const AT = "2026-01-06T08:00:00.000Z";

type Expected = {
  readonly verdict: "verified" | "stale" | "failed";
  /** `check CODE`: the first is what the input is about, the others follow from it. */
  readonly findings: readonly string[];
  /** Further flags; paths are those of the site. */
  readonly args?: readonly string[];
  readonly at?: string;
  /** What `packrun verify` says instead, when it verified with other flags before. */
  readonly remembered?: { readonly args: readonly string[]; readonly code: string };
};

export type TamperedCase = Expected & { readonly name: string; readonly site: Site };

export type More = {
  readonly args?: readonly string[];
  readonly at?: string;
  readonly verdict?: "verified" | "stale";
  readonly root?: (root: Root) => unknown;
  readonly rootBytes?: (bytes: Buffer) => Uint8Array;
  readonly odd?: Readonly<Record<string, Odd>>;
  /** Files beside the bundle. */
  readonly beside?: Files;
  /** The bundle as an archive, with this done to it. */
  readonly tar?: (tar: Buffer, files: Files) => Uint8Array;
  readonly remembered?: Expected["remembered"];
};

/** One input: the original with one change, and what a verifier has to say of it by SPEC.md. */
export function tampered(
  name: string,
  findings: string | readonly string[],
  change: Change,
  more: More = {},
): TamperedCase {
  const files = forge(change);
  const root = rootBytes(more.root);
  const bundle: (readonly [string, Uint8Array])[] =
    more.tar === undefined
      ? [...files].map(([path, bytes]) => [`bundle/${path}`, bytes] as const)
      : [["bundle.tar", more.tar(tarOf(files), files)]];
  const site = new Map<string, Uint8Array | Odd>([
    ...bundle,
    ...Object.entries(more.odd ?? {}),
    ["trust-root.json", more.rootBytes?.(root) ?? root],
    ...(more.beside ?? []),
  ]);
  const { args, at, remembered, verdict = "failed" } = more;
  return {
    name,
    site,
    verdict,
    findings: typeof findings === "string" ? [findings] : findings,
    ...(args === undefined ? {} : { args }),
    ...(at === undefined ? {} : { at }),
    ...(remembered === undefined ? {} : { remembered }),
  };
}

/** A change that is no tampering: what SPEC.md allows, so that no verifier refuses for the wrong reason. */
export const allowed = (name: string, change: Change, more: More = {}): TamperedCase =>
  tampered(name, [], change, { ...more, verdict: "verified" });

const rankOf = (path: string): number => [MANIFEST, ATTESTATION].indexOf(path) + 1 || 3;

/** Files in the order of 9.5. */
export const inOrder = (files: Files): readonly (readonly [string, Uint8Array])[] =>
  [...files].toSorted(([a], [b]) => rankOf(a) - rankOf(b) || compareUtf8(a, b));

export function entryOf(path: string, bytes: Uint8Array): Buffer {
  const header = ustarHeader({ path, size: bytes.length });
  if (header === undefined) {
    throw new Error(`${path} has no place in an archive`);
  }
  return Buffer.concat([header, bytes, new Uint8Array(paddingOf(bytes.length))]);
}

/** Two zero blocks. */
export const END: Uint8Array = new Uint8Array(1024);

export const tarOf = (files: Files): Buffer =>
  Buffer.concat([...inOrder(files).map(([path, bytes]) => entryOf(path, bytes)), END]);

/** A site with its folder as an archive. */
export function archived(site: Site): Site {
  const inside = [...site].flatMap(([path, entry]) =>
    path.startsWith("bundle/") && entry instanceof Uint8Array ? [[path.slice("bundle/".length), entry] as const] : [],
  );
  const beside = [...site].filter(([path]) => !path.startsWith("bundle/"));
  return new Map([...beside, ["bundle.tar", tarOf(new Map(inside))] as const]);
}
