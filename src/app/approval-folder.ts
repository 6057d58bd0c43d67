import { SIDECAR_SUFFIX } from "#attest/sidecar.ts";

/**
 * The files of an approval folder: all that the other side of a gap needs to judge a request. Nothing lists them: the
 * request's own digests bind each of them.
 */
export const FOLDER = {
  request: "request.json",
  requestSidecar: `request.json${SIDECAR_SUFFIX}`,
  /** Who asked for the run, over the plan. */
  runRequest: `run-request${SIDECAR_SUFFIX}`,
  plan: "plan.canonical.json",
  inputsLock: "inputs.lock",
  packManifest: "pack.manifest.json",
  simulationText: "simulation.txt",
  simulationJson: "simulation.json",
} as const;

/** Where a file of the pack lies in the folder. */
export function packFilePath(path: string): string {
  return `pack/${path}`;
}
