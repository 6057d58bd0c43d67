import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Alteration } from "./alterations.ts";
import { documented } from "../docs/document.ts";
import { offline, type Ended } from "./offline.ts";
import type { Signed } from "./signed-site.ts";
import { stockTool, type StockTool } from "./stock-tool.ts";

/** A stock tool that verifies what packrun signed. */
export type VerifyingTool = StockTool & {
  /** What its refusal of each alteration says. What stands not here, the tool is not told of or does not look at. */
  readonly says: Partial<Readonly<Record<Alteration, RegExp>>>;
  /** For each case, undefined where it is accepted, else what the tool says. `root` is the trust root. */
  readonly refusals: (cases: readonly Signed[], root: string) => Promise<readonly (string | undefined)[]>;
};

const here = (name: string): string => join(import.meta.dirname, name);

const cosign: VerifyingTool = {
  ...stockTool("cosign"),
  says: {
    ...signatureAlone(/could not verify envelope: accepted signatures do not match threshold/),
    "a byte of the file": /provided artifact digests do not match digests in statement/,
    "the predicate type asked for": /invalid predicate type, expected \S+1 got \S+$/m,
  },
  refusals: (cases) => inTurn(cases, async (each) => wordsOf(await offline(cosignCommand(each)))),
};

/** The command of the documents. */
function cosignCommand({ key, bundle, predicateType, file }: Signed): readonly string[] {
  const given = ["--key", key, "--bundle", bundle, "--type", predicateType, "--insecure-ignore-tlog=true"];
  return [cosign.program, "verify-blob-attestation", ...given, file];
}

const securesystemslib: VerifyingTool = {
  ...stockTool("securesystemslib"),
  says: signatureAlone(/Accepted signatures do not match threshold/),
  refusals: (cases) => inOneGo([securesystemslib.program, here("securesystemslib-verify.py")], cases),
};

const sigstoreJs: VerifyingTool = {
  name: "sigstore-js",
  program: process.execPath,
  says: signatureAlone(/^SIGNATURE_ERROR: signature verification failed$/),
  refusals: (cases) => inOneGo([sigstoreJs.program, here("sigstore-js-verify.ts")], cases),
};

/** Takes the key from the trust root, and the payload type that is written in it. */
const openssl: VerifyingTool = {
  ...stockTool("openssl"),
  says: {
    "a byte of the file": /^exit 1: $/,
    "a byte of the payload": /Verification failure|Signature Verification Failure/,
    "file and payload, which agree": /Verification failure|Signature Verification Failure/,
    "a byte of the signature": /Verification failure|Signature Verification Failure/,
  },
  refusals: (cases, root) => inTurn(cases, (each) => runDocumented(each, root)),
};

export const verifyingTools: readonly VerifyingTool[] = [cosign, openssl, securesystemslib, sigstoreJs];

/** What a tool says that finds the signature wrong, in whichever way. */
function signatureAlone(words: RegExp): VerifyingTool["says"] {
  return {
    "a byte of the payload": words,
    "file and payload, which agree": words,
    "a byte of the signature": words,
    "the payload type": words,
    "the key": words,
  };
}

async function runDocumented({ file, bundle }: Signed, root: string): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "packrun-interop-"));
  try {
    const script = documented("SPEC.md", "### 6.7 Checking with other tools").join("");
    return wordsOf(await offline(["sh", "-euc", script], { cwd: folder, env: { F: file, B: bundle, ROOT: root } }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function wordsOf({ code, out, err }: Ended): string | undefined {
  return code === 0 ? undefined : `exit ${code}: ${out}${err}`;
}

async function inOneGo(command: readonly string[], cases: readonly Signed[]): Promise<(string | undefined)[]> {
  const { code, out, err } = await offline(command, { input: JSON.stringify(cases) });
  if (code !== 0) {
    throw new Error(`${command.join(" ")} ended with ${code}: ${err}`);
  }
  return (JSON.parse(out) as readonly (string | null)[]).map((each) => each ?? undefined);
}

/** One process after the other: there may be as many cases as there is no memory for. */
async function inTurn<T>(cases: readonly Signed[], judge: (each: Signed) => Promise<T>): Promise<T[]> {
  const judged: T[] = [];
  for (const each of cases) {
    judged.push(await judge(each));
  }
  return judged;
}
