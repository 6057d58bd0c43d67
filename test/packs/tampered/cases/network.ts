import type { Change } from "../change.ts";
import { omit, type Members } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";
import { changed, plan, timed } from "../event-edits.ts";
import { egressLines } from "../release.ts";

const EGRESS = (code: string): string => `egress EGRESS_${code}`;
const network = (edit: (lines: readonly Members[]) => readonly Members[]): Change => ({ egress: edit });
const first = (more: Members): Change =>
  network((all) => all.map((each, at) => (at === 0 ? { ...each, ...more } : each)));
/** As many requests of `build` as this, of so many bytes each, and its use as the ledger tells it. */
const requests = (count: number, bytes: number, host = "mirror.example.com"): Change => ({
  egress: () => [
    ...Array.from({ length: count }, () => ({ ...egressLines[0], host, bytesIn: bytes, bytesOut: 0 })),
    ...egressLines.slice(1, 2),
  ],
  ...timed((events) =>
    events.map((each) =>
      each.eventType === "step.succeeded" && each.stepId === "build"
        ? { ...each, metadata: { ...each.metadata, egress: { requests: count, bytesIn: count * bytes, bytesOut: 0 } } }
        : each,
    ),
  ),
});

export const networkCases: readonly TamperedCase[] = [
  tampered("egress/sequence-gap", EGRESS("LINE_FORM"), {
    egressText: (plain) => plain.replace('"sequence":3', '"sequence":4'),
  }),
  tampered("egress/unknown-member", EGRESS("LINE_FORM"), first({ userAgent: "curl" })),
  tampered("egress/port-is-text", EGRESS("LINE_FORM"), first({ port: "443" })),
  tampered("egress/empty-file", EGRESS("LINE_FORM"), { egressText: () => "" }),
  tampered("egress/host-that-no-rule-allows", EGRESS("LINE_UNPLANNED"), first({ host: "evil.example.net" })),
  tampered("egress/suffix-itself", EGRESS("LINE_UNPLANNED"), first({ host: "example.com" })),
  tampered("egress/host-in-upper-case", EGRESS("LINE_UNPLANNED"), first({ host: "Mirror.example.com" })),
  tampered("egress/host-that-is-no-punycode", EGRESS("LINE_UNPLANNED"), first({ host: "xn--zz.example.com" })),
  tampered("egress/host-that-only-ends-alike", EGRESS("LINE_UNPLANNED"), first({ host: "evilexample.com" })),
  tampered("egress/another-port", EGRESS("LINE_UNPLANNED"), first({ port: 8443 })),
  tampered("egress/another-protocol", EGRESS("LINE_UNPLANNED"), first({ protocol: "tcp" })),
  tampered(
    "egress/denied-without-reason",
    EGRESS("LINE_UNPLANNED"),
    network((all) =>
      all.map((each, at) => {
        const { reason: _, ...rest } = each;
        return at === 1 ? rest : each;
      }),
    ),
  ),
  tampered("egress/attempt-that-never-was", EGRESS("LINE_UNPLANNED"), first({ attempt: 3 })),
  tampered("egress/gate", EGRESS("LINE_UNPLANNED"), first({ stepId: "ok", attempt: 1 })),
  tampered(
    "egress/requests-beyond-the-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 1, bytes: 10_000 } } })),
  ),
  tampered(
    "egress/bytes-beyond-the-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 4, bytes: 1549 } } })),
  ),
  tampered(
    "egress/no-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: omit(sandbox, "egressQuota") })),
  ),
  tampered("egress/requests-beyond-the-rule", EGRESS("OVER_QUOTA"), requests(4, 10)),
  tampered("egress/bytes-beyond-the-rule", EGRESS("OVER_QUOTA"), requests(2, 2001)),
  tampered("egress/requests-beyond-the-wide-rule", EGRESS("OVER_QUOTA"), requests(3, 10, "www.example.com")),
  tampered("egress/use-of-the-ledger", EGRESS("USE_MISMATCH"), first({ bytesIn: 901 })),
  tampered(
    "egress/line-left-out",
    EGRESS("USE_MISMATCH"),
    network((all) => all.slice(0, 2)),
  ),
  tampered(
    "egress/refusal-left-out",
    EGRESS("USE_MISMATCH"),
    network((all) => all.toSpliced(1, 1)),
  ),
  tampered(
    "egress/refusal-of-another-port",
    EGRESS("USE_MISMATCH"),
    network((all) => all.map((each, at) => (at === 1 ? { ...each, port: 444 } : each))),
  ),
  tampered("egress/file-left-out", EGRESS("USE_MISMATCH"), { files: (files) => void files.delete("egress.jsonl") }),
  tampered(
    "egress/use-without-lines",
    EGRESS("USE_MISMATCH"),
    changed("step.succeeded", "smoke", { egress: { requests: 1, bytesIn: 1, bytesOut: 1 } }),
  ),
  allowed(
    "allowed/quota-used-up",
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 2, bytes: 1550 } } })),
  ),
];
