import { forge } from "../forge.ts";
import type { Change } from "../change.ts";
import { time, type Event } from "../release.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfJson, type Members } from "../signed-file.ts";
import { tampered, type TamperedCase } from "../tampered-case.ts";

const BROKEN = "ledger-chain LEDGER_BROKEN";
const otherRun = "019b8cc2-8400-7000-8000-000000000002";
const lines = (edit: (lines: string[]) => readonly string[]): Change => ({ lines: edit });
/** One line with other members, and the hash that these give; the lines behind it are as they were. */
const relined = (at: number, more: Members): Change =>
  lines((all) => {
    const { hash: _, ...rest } = { ...(JSON.parse(all[at] ?? "") as Members), ...more };
    return all.with(at, String(Buffer.from(canonicalBytes({ ...rest, hash: digestOfJson(rest) }))));
  });
const linesOf = (change: Change): readonly string[] => String(forge(change).get("ledger.jsonl")).trimEnd().split("\n");

export const chainCases: readonly TamperedCase[] = [
  tampered(
    "ledger/middle-cut-out",
    BROKEN,
    lines((all) => all.toSpliced(10, 1)),
  ),
  tampered(
    "ledger/beginning-cut-off",
    BROKEN,
    lines((all) => all.slice(1)),
  ),
  tampered(
    "ledger/end-of-another-run",
    BROKEN,
    lines((all) => [...all.slice(0, 20), ...linesOf({ identity: { runId: otherRun } }).slice(20)]),
  ),
  tampered(
    "ledger/of-another-run",
    BROKEN,
    lines(() => linesOf({ identity: { runId: otherRun } })),
  ),
  tampered("ledger/of-another-tenant", BROKEN, { genesis: (identity) => ({ ...identity, tenantId: "other" }) }),
  tampered("ledger/of-another-plan", BROKEN, {
    genesis: (identity) => ({ ...identity, planHash: `sha256:${"a".repeat(64)}` }),
  }),
  tampered("ledger/of-another-domain", BROKEN, {
    genesis: (identity) => ({ ...identity, trustDomain: "acme-staging" }),
  }),
  tampered(
    "ledger/two-lines-exchanged",
    BROKEN,
    lines((all) => all.with(10, all[11] ?? "").with(11, all[10] ?? "")),
  ),
  tampered(
    "ledger/line-doubled",
    BROKEN,
    lines((all) => all.toSpliced(10, 0, all[10] ?? "")),
  ),
  tampered(
    "ledger/last-line-doubled",
    BROKEN,
    lines((all) => [...all, all.at(-1) ?? ""]),
  ),
  tampered(
    "ledger/line-changed",
    BROKEN,
    lines((all) => all.with(10, (all[10] ?? "").replace('"info"', '"warn"'))),
  ),
  tampered("ledger/line-changed-and-hashed", BROKEN, relined(10, { level: "warn" })),
  tampered("ledger/sequence-gap", BROKEN, relined(34, { sequence: 36 })),
  tampered("ledger/sequence-from-zero", BROKEN, relined(0, { sequence: 0 })),
  tampered("ledger/time-goes-back", BROKEN, {
    events: (events) =>
      events
        .map((event, at) =>
          at === 20 ? { ...event, timestamp: time(2099) } : event.timestamp > time(2000) ? event : event,
        )
        .with(19, { ...(events[19] as Event), timestamp: time(2100) }),
  }),
  tampered("ledger/previous-hash", BROKEN, relined(34, { prev: `sha256:${"a".repeat(64)}` })),
  tampered(
    "ledger/hash-of-another",
    BROKEN,
    lines((all) => all.with(34, (all[34] ?? "").replace(/"hash":"[^"]*"/, `"hash":"sha256:${"a".repeat(64)}"`))),
  ),
  tampered("ledger/last-newline-missing", BROKEN, {
    files: (files) => void files.set("ledger.jsonl", (files.get("ledger.jsonl") ?? Buffer.alloc(0)).subarray(0, -1)),
  }),
  tampered(
    "ledger/blank-line-at-end",
    BROKEN,
    lines((all) => [...all, ""]),
  ),
  tampered(
    "ledger/nul-in-place-of-first-byte",
    BROKEN,
    lines((all) => all.with(10, `\u0000${(all[10] ?? "").slice(1)}`)),
  ),
  tampered("ledger/not-utf8", BROKEN, {
    files: (files) =>
      void files.set(
        "ledger.jsonl",
        Buffer.from(String(files.get("ledger.jsonl")).replace("run created", "run cre\u00ff"), "latin1"),
      ),
  }),
  tampered(
    "ledger/empty",
    [
      "ledger-fold LEDGER_UNFINISHED",
      "outputs OUTPUTS_MISMATCH",
      "artifacts ARTIFACT_MISMATCH",
      "inputs-lock INPUTS_LOCK_MISMATCH",
      "run-request RUN_REQUEST_MISMATCH",
      "approvals EVIDENCE_FILE_UNNAMED",
      "policies EVIDENCE_FILE_UNNAMED",
      "egress EGRESS_LINE_UNPLANNED",
    ],
    lines(() => []),
  ),
  tampered("ledger/end-cut-off", ["ledger-fold LEDGER_UNFINISHED", "outputs OUTPUTS_MISMATCH"], {
    events: (events) => events.slice(0, -1),
  }),
];
