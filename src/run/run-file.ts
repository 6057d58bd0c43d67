const SEGMENT = /^[A-Za-z0-9_[\]:@+-][A-Za-z0-9._[\]:@+-]{0,254}$/;
const LINES = /^[a-z][a-z0-9-]{0,62}\.jsonl$/;
const LEDGER = "ledger.jsonl";
/** Names that a store keeps for itself at the top of a run's folder, beside every name of lines. */
const RESERVED = new Set([LEDGER, "run.json"]);

/**
 * Whether a small file of a run may have this path: relative, up to 1,024 characters, no segment that begins with a dot
 * (so neither `..` nor a temporary file), nothing that a file system or a tar reads in a second way.
 */
export function isRunFilePath(path: string): boolean {
  const segments = path.split("/");
  const [top = ""] = segments;
  return (
    path.length <= 1024 &&
    !RESERVED.has(top) &&
    !isRunLinesName(top) &&
    segments.every((segment) => SEGMENT.test(segment))
  );
}

/** Whether lines of a run may have this name, such as `egress.jsonl`: no small file of a run has one of these. */
export function isRunLinesName(name: string): boolean {
  return LINES.test(name) && name !== LEDGER;
}
