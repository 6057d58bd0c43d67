import { basename, dirname, join } from "node:path";

/** Where the anchor of a bundle lies: beside its folder or its tar, never inside. */
export function anchorPath(bundle: string): string {
  return join(dirname(bundle), `${basename(bundle)}.anchor.sigstore.json`);
}
