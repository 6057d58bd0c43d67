const SEGMENT = /^[A-Za-z0-9_[\]:@+-][A-Za-z0-9._[\]:@+-]{0,254}$/;
/** Names that a store keeps for itself at the top of a run's folder. */
const RESERVED = new Set(["ledger.jsonl", "run.json"]);

/**
 * Whether a small file of a run may have this path: relative, up to 1,024 characters, no segment that begins with a dot
 * (so neither `..` nor a temporary file), nothing that a file system or a tar reads in a second way.
 */
export function isRunFilePath(path: string): boolean {
  const segments = path.split("/");
  return path.length <= 1024 && !RESERVED.has(segments[0] ?? "") && segments.every((segment) => SEGMENT.test(segment));
}
