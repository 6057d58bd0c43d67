import { openBundle } from "#app/open-bundle.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import type { Verdict } from "#verify/verdict.ts";
import { LATER, must, sha256, verifySignature } from "./sealed-world.ts";
import { passingFolder } from "./passing-folder.ts";

export function freshFolder(): string {
  return passingFolder("evidence-test");
}

/** The verdict on a folder or a tar. */
export async function verdictOf(path: string, trustRoot: Uint8Array): Promise<Verdict> {
  return must(await verifyEvidence({ path, trustRoot, at: LATER }, { sha256, verifySignature, now: () => 0 }));
}

/** Opens a bundle, hands its source on and closes it. */
export async function withBundle<T>(path: string, use: (source: BundleSource) => Promise<T>): Promise<T> {
  const bundle = must(await openBundle(path));
  try {
    return await use(bundle.source);
  } finally {
    await bundle.close();
  }
}
