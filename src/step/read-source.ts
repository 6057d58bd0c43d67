import { concatBytes } from "#canon/bytes.ts";
import type { Infer, Shape } from "#canon/shape.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BuiltInRequest } from "./built-in.ts";
import { fileReferenceShape, manifestPath, referenceOrPath } from "./reference.ts";

type FileReference = Infer<typeof fileReferenceShape>;

/** A file as `with` names it: a reference, or a path in the pack. */
export type FileSource = FileReference | string;
export const fileSourceShape: Shape<FileSource> = referenceOrPath(fileReferenceShape);

/** All bytes of a file that is not larger than `limit`. Throws the StoreError of a store that fails. */
export async function readSource(
  source: FileSource,
  limit: number,
  request: Pick<BuiltInRequest, "packFile" | "artifacts" | "tenantId">,
): Promise<Result<Uint8Array, "missing" | "tooLarge">> {
  const stream = await streamOf(source, request);
  if (stream === undefined) {
    return fail("missing");
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > limit) {
      return fail("tooLarge");
    }
    parts.push(part);
  }
  return ok(concatBytes(...parts));
}

async function streamOf(
  source: FileSource,
  { packFile, artifacts, tenantId }: Pick<BuiltInRequest, "packFile" | "artifacts" | "tenantId">,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (typeof source === "string") {
    const file = await packFile(manifestPath(source));
    return file.ok ? file.value.stream : undefined;
  }
  return (await artifacts.has(tenantId, source.digest)) ? artifacts.open(tenantId, source.digest) : undefined;
}

/** How messages name a file. */
export function sourceName(source: FileSource): string {
  return typeof source === "string" ? source : (source.name ?? source.digest);
}

export async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
