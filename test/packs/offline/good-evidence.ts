import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { importPackBundle } from "#app/pack-bundle-import.ts";
import { registryFolder } from "#app/pack-registry.ts";
import { openRegistered } from "#app/registered-pack.ts";
import { value } from "../../attest/signing.ts";
import { evidenceOf, type Evidence } from "./evidence-run.ts";
import { writePack } from "./pack-samples.ts";
import { openSite, type SampleSite } from "./site.ts";

/** A pack with an input, a file that a step writes, and an approval gate before the last step. */
const NOTES: Readonly<Record<string, string>> = {
  "pack.yaml": `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/notes, version: 1.0.0}
spec:
  inputs: {channel: {type: string, default: beta}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  approvals: {two: {required: 2, from: [approver], ttl: 1h, reasonRequired: true}}
  steps:
    - id: write
      run: {command: [./write.sh, "\${{ inputs.channel }}"]}
      outputs: {notes: {file: notes.md, mediaType: text/markdown}}
    - {id: release, gate: {approval: two, message: "Release to \${{ inputs.channel }}?"}}
    - {id: publish, run: {command: [echo, released]}}
  outputs: {notes: {from: "\${{ steps.write.outputs.notes }}"}}
`,
  "write.sh": '#!/bin/sh\necho "# Notes for $1" > notes.md\n',
};

/** A run of the pack in a folder, with its gate. */
function notesEvidence(site: SampleSite, number: number): Promise<Evidence> {
  return evidenceOf(
    {
      pack: writePack(join(site.folder, "notes"), NOTES),
      number,
      written: { write: { notes: "# Notes for beta\n" } },
      approvers: ["approver-1", "approver-2"],
    },
    site,
  );
}

/** A run of the small pack out of a registry that its bundle was imported into. */
async function toolEvidence(site: SampleSite, bundle: Uint8Array, number: number): Promise<Evidence> {
  const { settings, now, ...tools } = site.place;
  const path = join(site.folder, "tool.packbundle.tar");
  writeFileSync(path, bundle);
  const registry = registryFolder(settings);
  const reference = { name: "acme/tool", version: "1.2.0" };
  value(await importPackBundle({ path, registry, version: "0.1.0" }, settings, { ...tools, now }));
  const registered = value(await openRegistered(reference, registry, settings, { ...tools, now }));
  const written = { greet: { greetings: "Hello Ada\nHello Grace\n" } };
  return evidenceOf({ pack: registered.folder, registered, number, written }, site);
}

/** `other` is a second run of the plan of `notes`. */
export type GoodEvidence = { readonly notes: Evidence; readonly tool: Evidence; readonly other: Evidence };

export async function goodEvidence(bundle: Uint8Array): Promise<GoodEvidence> {
  await using site = await openSite();
  return {
    notes: await notesEvidence(site, 1),
    tool: await toolEvidence(site, bundle, 2),
    other: await notesEvidence(site, 3),
  };
}
