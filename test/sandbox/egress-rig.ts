import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId, TrustDomain } from "#canon/ids.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { createEgress, type EgressOptions, type SandboxEgress } from "../../src/sandbox/egress/egress.ts";
import { systemClock } from "../port/system-clock.ts";

/** The run that attempts of the rigs belong to. */
export const rigRun = {
  tenantId: "default" as TenantId,
  runId: "019a0000-0000-7000-8000-000000000001" as RunId,
  trustDomain: "acme.example" as TrustDomain,
  planHash: `sha256:${"0".repeat(64)}` as Digest,
};

export type RigEgress = { readonly egress: SandboxEgress; readonly lines: () => Promise<readonly EgressLine[]> };

/** The real egress over a store in memory. Names are looked up in `hosts` only; what is not there does not exist. */
export async function openEgress(hosts: Readonly<Record<string, string>> = {}): Promise<RigEgress> {
  const store = memoryRunStore({ clock: systemClock });
  await store.ledger.create(rigRun, new Map(), []);
  const resolve: EgressOptions["resolve"] = (host) => Promise.resolve(hosts[host] === undefined ? [] : [hosts[host]]);
  const egress = createEgress({ lines: store.lines, clock: systemClock, resolve });
  return { egress, lines: async () => readLines(store.lines.read(rigRun, "egress.jsonl")) };
}

export async function readLines(chunks: AsyncIterable<Uint8Array>): Promise<readonly EgressLine[]> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) {
    read.push(chunk);
  }
  const text = Buffer.concat(read).toString("utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EgressLine);
}
