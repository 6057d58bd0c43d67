import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleKind } from "../src/app/bundle-kind.ts";
import { verifyEvidence, type VerifyRequest, type VerifyTools } from "../src/app/verify-evidence.ts";
import { verifyPack } from "../src/app/verify-pack.ts";
import { version } from "../src/cli/version.ts";
import { nodeSha256, nodeVerifySignature } from "../src/signer/node-crypto.ts";
import { visibleText } from "../src/view/visible-text.ts";
import { verdictJson, verdictText } from "../src/view/verdict-text.ts";
import type { Result } from "../src/fault/result.ts";
import { exitCodeOf, type PackVerdict, type Verdict } from "../src/verify/verdict.ts";

const USAGE = `usage: node verify_offline_bundle.mjs PATH [options]

Verifies a bundle of packrun without network and without packrun: evidence of a run, or a pack bundle. PATH is a
folder or a tar of any size, and tells which it is. It cannot be a pipe: parts of it are read more than once.

  --trust FILE         the trust root that you pinned; without it nothing is verified
  --plan-hash HASH     the plan that it must be, or hold: sha256:…
  --revocations FILE   your own revocation list, with FILE.sigstore.json beside it
  --at TIME            the time of verification, as 2026-01-05T08:00:00Z; now without it
  --require-dsse       every signature must be there, and the pack must come from a registry
  --format text|json   text without it
  --version            prints name, version and the digest of this file, which manifests name as their verifier

Ends with 0 verified, 2 wrong use, 7 failed, 11 verified but stale.
`;

/** The command line of the single-file verifier. Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const given = readArguments(args);
  if (typeof given === "string") {
    complain(`verify_offline_bundle: ${given}\n\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = given;
  if (values.version === true) {
    process.stdout.write(`verify_offline_bundle.mjs ${version} ${ownDigest()}\n`);
    return 0;
  }
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { format = "text" } = values;
  const trust = values.trust === undefined ? undefined : readBytes(values.trust);
  if (trust === null || (format !== "text" && format !== "json")) {
    const problem = trust === null ? `${values.trust} cannot be read` : `${format} is no format`;
    complain(`verify_offline_bundle: ${problem}\n\n${USAGE}`);
    return 2;
  }
  const { "plan-hash": planHash, at, revocations, "require-dsse": requireDsse = false } = values;
  const verdict = await verifyAny(
    {
      path,
      requireDsse,
      ...(trust === undefined ? {} : { trustRoot: trust }),
      ...(planHash === undefined ? {} : { planHash }),
      ...(at === undefined ? {} : { at }),
      ...(revocations === undefined ? {} : { revocations }),
    },
    { sha256: nodeSha256, verifySignature: nodeVerifySignature, now: Date.now },
  );
  if (!verdict.ok) {
    complain(`error[${verdict.fault.code}]: ${verdict.fault.message}\n  = help: ${verdict.fault.hint}\n`);
    return 2;
  }
  process.stdout.write(format === "json" ? verdictJson(verdict.value) : verdictText(verdict.value));
  return exitCodeOf(verdict.value);
}

/** Paths are completed by shells, and may have been named by whoever made the bundle. */
function complain(words: string): void {
  process.stderr.write(visibleText(words));
}

async function verifyAny(request: VerifyRequest, tools: VerifyTools): Promise<Result<Verdict | PackVerdict>> {
  if ((await bundleKind(request.path)) === "evidence") {
    return verifyEvidence(request, tools);
  }
  const { requireDsse: _, ...rest } = request;
  const verified = await verifyPack(rest, tools);
  return verified.ok ? { ok: true, value: verified.value.verdict } : verified;
}

/** What manifests and kept verdicts name as their verifier. */
function ownDigest(): string {
  return `sha256:${createHash("sha256")
    .update(readFileSync(new URL(import.meta.url)))
    .digest("hex")}`;
}

function readArguments(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        trust: text,
        "plan-hash": text,
        revocations: text,
        at: text,
        format: text,
        "require-dsse": flag,
        version: flag,
        help: flag,
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "wrong arguments";
  }
}

function readBytes(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

process.exitCode = await main(process.argv.slice(2));
