import { closeSync } from "node:fs";
import { fail, type Result } from "#fault/result.ts";
import type { FileOutput } from "#plan/plan.ts";
import type { StoredArtifact } from "#port/artifact-store.ts";
import { keep, outputFault, scannerFor, type Collecting } from "./collecting.ts";
import { openInside, type Opened } from "./open-inside.ts";
import { scannedBytes } from "./scanned-bytes.ts";

/** Takes a declared file from the working folder into the artifact store. */
export async function collectFile(
  collecting: Collecting,
  name: string,
  rule: FileOutput,
): Promise<Result<StoredArtifact>> {
  const opened = openInside(collecting.workFolder, rule.file);
  if (opened.kind !== "file") {
    return fail(refusal(collecting, name, rule.file, opened));
  }
  try {
    const problem = collecting.budget.refusal(opened.size);
    return problem === undefined
      ? await keep(collecting, name, scannedBytes(opened.fd, opened.size, scannerFor(collecting, rule)))
      : fail(outputFault(collecting.redactor, "STEP_OUTPUT_TOO_LARGE", { name, problem }));
  } finally {
    closeSync(opened.fd);
  }
}

function refusal(
  { redactor }: Collecting,
  name: string,
  path: string,
  opened: Exclude<Opened, { kind: "file" }>,
): ReturnType<typeof outputFault> {
  switch (opened.kind) {
    case "missing":
      return outputFault(redactor, "STEP_OUTPUT_MISSING", { name, problem: `there is no file ${path}` });
    case "directory":
      closeSync(opened.fd);
      return outputFault(redactor, "STEP_OUTPUT_TYPE", { name, problem: `${path} is a directory, not a file` });
    case "link":
      return outputFault(redactor, "STEP_OUTPUT_UNSAFE", { name, problem: `${path} is a symbolic link` });
    case "unsafe":
      return outputFault(redactor, "STEP_OUTPUT_UNSAFE", { name, problem: `${path}: ${opened.why}` });
  }
}
