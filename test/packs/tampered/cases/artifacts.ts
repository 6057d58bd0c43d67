import type { Change } from "../change.ts";
import { partsFolder, reportFile, type Event } from "../release.ts";
import { hex, type Members } from "../signed-file.ts";
import { tampered, type TamperedCase } from "../tampered-case.ts";
import { changed, find, timed, without } from "../event-edits.ts";

const otherRun = "019b8cc2-8400-7000-8000-000000000002";
const withOutputs = (more: Members): Change => changed("run.finished", undefined, { outputs: more });
const FILE = `artifacts/sha256/${reportFile.digest.slice(7)}`;
const ARTIFACT = "artifacts ARTIFACT_MISMATCH";
const OUTPUTS = "outputs OUTPUTS_MISMATCH";
const text = (value: string): Uint8Array => Buffer.from(value);

export const artifactCases: readonly TamperedCase[] = [
  tampered("artifacts/output-never-captured", ARTIFACT, without("step.artifact")),
  tampered(
    "artifacts/output-refused",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.metadata["name"] === "report"
          ? { ...each, metadata: { name: "report", status: "refused", notes: "OUTPUT_TOO_LARGE" } }
          : each,
      ),
    ),
  ),
  tampered(
    "artifacts/captured-before-the-attempt",
    ARTIFACT,
    timed((events) => {
      const [one] = events.splice(find(events, "step.artifact"), 1);
      return events.toSpliced(find(events, "step.retry"), 0, { ...(one as Event), attempt: 1 });
    }),
  ),
  tampered(
    "artifacts/captured-with-another-type",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.eventType === "step.succeeded" && each.stepId === "build"
          ? {
              ...each,
              metadata: {
                ...each.metadata,
                outputs: {
                  ...(each.metadata["outputs"] as Members),
                  report: { ...reportFile, mediaType: "text/plain" },
                },
              },
            }
          : each.eventType === "run.finished"
            ? {
                ...each,
                metadata: { ...each.metadata, outputs: { report: { ...reportFile, mediaType: "text/plain" } } },
              }
            : each,
      ),
    ),
  ),
  tampered(
    "artifacts/size-of-the-ledger",
    ARTIFACT,
    timed((events) =>
      events.map((each) => {
        const report = { ...reportFile, size: reportFile.size + 1 };
        return each.metadata["name"] === "report"
          ? { ...each, metadata: { ...each.metadata, size: report.size } }
          : each.eventType === "step.succeeded" && each.stepId === "build"
            ? { ...each, metadata: { ...each.metadata, outputs: { ...(each.metadata["outputs"] as Members), report } } }
            : each.eventType === "run.finished"
              ? { ...each, metadata: { ...each.metadata, outputs: { report } } }
              : each;
      }),
    ),
  ),
  tampered(
    "artifacts/two-sizes-of-one-file",
    ARTIFACT,
    timed((events) =>
      events.flatMap((each) =>
        each.metadata["name"] === "report"
          ? [{ ...each, metadata: { ...each.metadata, size: reportFile.size + 1 } }, each]
          : [each],
      ),
    ),
  ),
  tampered(
    "artifacts/size-of-a-folder",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.metadata["name"] === "parts" ? { ...each, metadata: { ...each.metadata, size: 9 } } : each,
      ),
    ),
  ),
  tampered("artifacts/not-there", ARTIFACT, { files: (files) => void files.delete(FILE) }),
  tampered("artifacts/file-of-a-folder-not-there", ARTIFACT, {
    files: (files) => void files.delete(`artifacts/sha256/${hex("part one")}`),
  }),
  tampered("artifacts/listing-not-there", ARTIFACT, {
    files: (files) => void files.delete(`artifacts/sha256/${partsFolder.digest.slice(7)}`),
  }),
  tampered("artifacts/under-the-name-of-another", ARTIFACT, {
    files: (files) => void files.set(FILE, text("<p>none of it works</p>")),
  }),
  tampered("artifacts/named-by-nobody", ARTIFACT, {
    files: (files) => void files.set(`artifacts/sha256/${hex("more")}`, text("more")),
  }),
  tampered("artifacts/another-media-type", ARTIFACT, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === FILE ? { ...file, mediaType: "text/plain" } : file)),
    }),
  }),
  tampered("outputs/other-than-the-ledgers", OUTPUTS, { outputs: (plain) => ({ ...plain, outputs: {} }) }),
  tampered("outputs/of-another-run", OUTPUTS, { outputs: (plain) => ({ ...plain, runId: otherRun }) }),
  tampered("outputs/artifact-left-out", OUTPUTS, {
    outputs: (plain) => ({ ...plain, artifacts: (plain["artifacts"] as unknown[]).slice(1) }),
  }),
  tampered("outputs/artifacts-out-of-order", OUTPUTS, {
    outputs: (plain) => ({ ...plain, artifacts: (plain["artifacts"] as unknown[]).toReversed() }),
  }),
  tampered("outputs/size-of-a-folder", OUTPUTS, {
    outputs: (plain) => ({
      ...plain,
      artifacts: (plain["artifacts"] as Members[]).map((each) =>
        each["name"] === "parts" ? { ...each, size: 9 } : each,
      ),
    }),
  }),
  tampered("outputs/another-file-of-the-step", OUTPUTS, withOutputs({ report: partsFolder })),
  tampered(
    "outputs/file-that-no-step-gave",
    OUTPUTS,
    withOutputs({ report: { ...reportFile, digest: `sha256:${"a".repeat(64)}` } }),
  ),
  tampered("outputs/text-in-place-of-the-file", OUTPUTS, withOutputs({ report: { type: "string", value: "works" } })),
  tampered("outputs/absent-although-the-step-gave-it", OUTPUTS, withOutputs({})),
  tampered("outputs/name-that-the-plan-does-not-have", OUTPUTS, withOutputs({ other: reportFile, report: reportFile })),
];
