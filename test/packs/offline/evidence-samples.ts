import { tarOf } from "../tampered/tampered-case.ts";
import type { GoodEvidence } from "./good-evidence.ts";
import type { Sample } from "./sample.ts";
import { tamperedEvidence } from "./tampered-evidence.ts";

/** Good evidence is a folder of a run with a gate, and an archive of one whose pack came from the registry. */
export async function evidenceSamples(evidence: GoodEvidence): Promise<readonly Sample[]> {
  const { notes, tool } = evidence;
  const all = ["--require-dsse"];
  const path = "good/notes.evidence";
  const archive = "good/tool.evidence.tar";
  return [
    { name: "notes", path, files: notes.files, verdict: "verified" },
    { name: "notes-of-this-plan", path, verdict: "verified", args: ["--plan-hash", notes.identity.planHash] },
    { name: "notes-at-a-site", path, verdict: "verified", args: ["--revocations", "site/nothing-revoked.json"] },
    { name: "tool-run", path: archive, bytes: tarOf(new Map(tool.files)), verdict: "verified" },
    { name: "tool-run-all-signed", path: archive, verdict: "verified", args: all },
    ...(await tamperedEvidence(evidence, path, archive)),
  ];
}
