/**
 * Verifies the signature of each case with sigstore-js, without transparency log, timestamps and certificates.
 * stdin: a JSON list of `{bundle, key}`, paths of a Sigstore bundle and of a public key in PEM.
 * stdout: a JSON list of null, or why the case was refused.
 */
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, VerificationError, Verifier } from "@sigstore/verify";

type Case = { readonly bundle: string; readonly key: string };

function refusal({ bundle, key }: Case): string | null {
  const publicKey = createPublicKey(readFileSync(key));
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: [],
      tlogs: [],
      ctlogs: [],
      publicKey: () => ({ publicKey, validFor: () => true }),
    },
    { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 },
  );
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(readFileSync(bundle, "utf8")))));
    return null;
  } catch (error) {
    if (error instanceof VerificationError) {
      return `${error.code}: ${error.message}`;
    }
    throw error;
  }
}

const cases = JSON.parse(await text(process.stdin)) as readonly Case[];
process.stdout.write(JSON.stringify(cases.map(refusal)));
