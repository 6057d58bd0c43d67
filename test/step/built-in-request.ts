import { createHash } from "node:crypto";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import type { Digest } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { Egress } from "#port/egress.ts";
import { createRedactor } from "#secret/redactor.ts";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import type { BuiltIn, BuiltInRequest } from "#step/built-in.ts";
import type { AttemptOutcome } from "#run/outcome.ts";

const tenant = parseTenantId("default") as TenantId;

/** A sandbox without a network. */
export const closed: Sandbox = {
  mode: "sealed",
  egressAllowlist: [],
  limits: { cpus: 1, memoryBytes: 1024, pids: 10, logBytes: 1024, artifactBytes: 1_000_000 },
};

/** For steps that ask for no network. */
export const noEgress: Egress = {
  open: () => Promise.reject(new Error("not asked")),
  close: () => Promise.resolve(),
};

/** A runner's side of one attempt: an artifact store in memory, and a pack of these files. */
export function bench(artifactsPath: string, packFiles: Readonly<Record<string, string>> = {}) {
  const artifacts = memoryArtifactStore();
  const ending = new AbortController();
  const redactor = createRedactor();
  const packListing = Object.entries(packFiles).map(([path, text]) => ({
    path,
    mode: "644" as const,
    size: encodeUtf8(text).length,
    sha256: sha256(text),
  }));
  const request = (given: Json): BuiltInRequest => ({
    with: given,
    packFile: (path) => {
      const text = packFiles[path];
      return Promise.resolve(
        text === undefined
          ? { ok: false, fault: { code: "PACK_FILE_MISSING", message: path } }
          : { ok: true, value: { stream: bytesOf(text), size: encodeUtf8(text).length, sha256: sha256(text) } },
      );
    },
    packListing,
    artifacts,
    tenantId: tenant,
    artifactsPath,
    sandbox: closed,
    egress: () => Promise.reject(new Error("not asked")),
    signal: ending.signal,
    redactor,
  });
  return {
    artifacts,
    ending,
    redactor,
    packListing,
    request,
    execute: (builtIn: BuiltIn, given: Json): Promise<AttemptOutcome> => builtIn.execute(request(given)),
    keep: async (text: string): Promise<{ type: "file"; digest: Digest; size: number }> => {
      const kept = await artifacts.put(tenant, bytesOf(text));
      if (!kept.ok) {
        throw new Error(kept.fault.message);
      }
      return { type: "file", ...kept.value };
    },
    text: async (digest: Digest): Promise<string> => {
      let text = "";
      for await (const part of artifacts.open(tenant, digest)) {
        text += Buffer.from(part).toString();
      }
      return text;
    },
  };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield encodeUtf8(text);
}
