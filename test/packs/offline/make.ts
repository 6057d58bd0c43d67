import { goodPacks } from "./pack-samples.ts";
import { evidenceSamples } from "./evidence-samples.ts";
import { goodEvidence, type GoodEvidence } from "./good-evidence.ts";
import type { Sample } from "./sample.ts";
import { keys } from "./keys.ts";
import { listOf, trustRoot } from "./site.ts";
import { tamperedPacks } from "./tampered-packs.ts";

/** The lists of a site, by name: what its owner revoked after the samples were made. */
async function siteFiles({ tool }: GoodEvidence): Promise<readonly (readonly [string, Uint8Array])[]> {
  const lists = {
    "nothing-revoked": [],
    "pack-revoked": [["pack", "acme/tool@1.2.0"] as const],
    "publisher-revoked": [["key", keys.publisher.key.keyid] as const],
    "run-revoked": [["run", tool.identity.runId] as const],
  };
  const made = Object.entries(lists).map(async ([name, entries]) => {
    const { list, sidecar } = await listOf({ sequence: 2, entries });
    return [[`site/${name}.json`, list] as const, [`site/${name}.json.sigstore.json`, sidecar] as const];
  });
  return (await Promise.all(made)).flat();
}

/** One line for each sample, so that a change of one is one line of a difference. */
function expectedText(samples: readonly Sample[]): string {
  const lines = samples.map(({ name, path, verdict, code, at, args }) => {
    const entry = { path, verdict, code, at, args };
    return `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`;
  });
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** Every file below `offline-bundles/` but its README, by its path there. The same bytes on every machine. */
export async function offlineBundles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const packs = await goodPacks();
  const tool = packs.find(({ name }) => name === "tool");
  if (tool === undefined) {
    throw new Error("the small pack is one of the samples");
  }
  const evidence = await goodEvidence(tool.bytes ?? new Uint8Array());
  const samples = [...packs, ...(await evidenceSamples(evidence)), ...(await tamperedPacks(tool))];
  const names = new Set(samples.map(({ name }) => name));
  if (names.size < samples.length) {
    throw new Error("two samples have one name");
  }
  const files = new Map<string, Uint8Array>([
    ["expected.json", Buffer.from(expectedText(samples))],
    ["trust-root.json", trustRoot],
    ...(await siteFiles(evidence)),
  ]);
  for (const { path, bytes, files: inside } of samples) {
    if (bytes !== undefined) {
      files.set(path, bytes);
    }
    for (const [name, content] of inside ?? []) {
      files.set(`${path}/${name}`, content);
    }
  }
  return files;
}
