import { digestOfHex, hexOf } from "#canon/digest.ts";
import { object, string, type Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { StoredArtifact } from "#port/artifact-store.ts";
import type { BuiltIn, BuiltInRequest, Produced } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import { checksumShape, hexOfChecksum } from "../checksum.ts";
import { builtIn } from "../define-built-in.ts";
import { fileReferenceShape, manifestPath, referenceOrPath } from "../reference.ts";
import { isSafeFilename } from "./safe-filename.ts";
import { stageBundle } from "./stage-bundle.ts";

const withShape = object(
  { source: referenceOrPath(fileReferenceShape) },
  { checksum: checksumShape, checksumSha256: checksumShape, filename: string() },
);
type With = Infer<typeof withShape>;
type Source = With["source"];

/** Checks a file against a checksum that was known beforehand, and stages it where offline imports look for it. */
export const bundleIngest: BuiltIn = builtIn({
  name: "bundle.ingest",
  withShape,
  packFiles: ["source"],
  outputs: { bundle: { file: "bundle" }, metadata: { file: "metadata.json", mediaType: "application/json" } },
  refusals: ({ checksum, checksumSha256, filename }) => [
    ...(checksum === undefined && checksumSha256 === undefined
      ? [{ fault: faultOf(stepCodes, "BUNDLE_CHECKSUM_REQUIRED") }]
      : []),
    ...(typeof filename === "string" && !isSafeFilename(filename)
      ? [{ fault: unsafe(filename), member: "filename" }]
      : []),
  ],
  produce: ingest,
});

async function ingest(given: With, request: BuiltInRequest): Promise<Result<readonly Produced[]>> {
  const filename = given.filename ?? nameOf(given.source);
  if (!isSafeFilename(filename)) {
    return fail(unsafe(filename));
  }
  const bundle = await findChecked(given, request);
  if (!bundle.ok) {
    return bundle;
  }
  const metadata = await stageBundle(bundle.value, filename, request);
  if (!metadata.ok) {
    return metadata;
  }
  const kept = await request.artifacts.put(request.tenantId, one(metadata.value));
  return kept.ok
    ? ok([
        { name: "bundle", ...bundle.value },
        { name: "metadata", ...kept.value, mediaType: "application/json" },
      ])
    : kept;
}

function unsafe(filename: string): Fault {
  return faultOf(stepCodes, "BUNDLE_FILENAME_UNSAFE", { filename: JSON.stringify(filename) });
}

/** The bundle in the artifact store, once its digest is the one that was asked for. */
async function findChecked(given: With, request: BuiltInRequest): Promise<Result<StoredArtifact>> {
  const { source } = given;
  const missing = fail(faultOf(stepCodes, "BUNDLE_FILE_MISSING", { source: nameOf(source) }));
  if (typeof source !== "string") {
    const { digest, size } = source;
    const there = await request.artifacts.has(request.tenantId, digest);
    return there ? holdToChecksums(given, { digest, size }) : missing;
  }
  const file = await request.packFile(manifestPath(source));
  if (!file.ok) {
    return missing;
  }
  const claimed = holdToChecksums(given, { digest: digestOfHex(file.value.sha256), size: file.value.size });
  if (!claimed.ok) {
    return claimed;
  }
  const stored = await request.artifacts.put(request.tenantId, file.value.stream);
  return stored.ok ? holdToChecksums(given, stored.value) : stored;
}

function holdToChecksums(given: With, found: StoredArtifact): Result<StoredArtifact> {
  const actual = hexOf(found.digest);
  const asked = [given.checksum, given.checksumSha256].flatMap((text) =>
    text === undefined ? [] : [hexOfChecksum(text)],
  );
  const expected = asked.find((hex) => hex !== actual);
  return expected === undefined
    ? ok(found)
    : fail(faultOf(stepCodes, "BUNDLE_CHECKSUM_MISMATCH", { source: nameOf(given.source), actual, expected }));
}

function nameOf(source: Source): string {
  return typeof source === "string" ? (source.split("/").at(-1) ?? source) : (source.name ?? "bundle");
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
