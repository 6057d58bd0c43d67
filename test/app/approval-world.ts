import { chmodSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import type { Test } from "tap";
import { approvalPredicate, type Approval } from "#attest/approval.ts";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { requestPath } from "#app/approval-paths.ts";
import { signStatement } from "#app/sign-statement.ts";
import type { Digest } from "#canon/digest.ts";
import { exportApproval } from "#app/approval-export.ts";
import {
  signApproval,
  type ApprovalReview,
  type SigningHands,
  type SigningOrder,
  type WrittenResponse,
} from "#app/approval-sign.ts";
import { driveStoredRun } from "#app/drive-stored-run.ts";
import { nodeClock } from "#app/node-clock.ts";
import { openRequestTrust } from "#app/run-trust.ts";
import { startRun } from "#app/start-run.ts";
import { trustAdd } from "#app/trust-edit.ts";
import type { Workplace } from "#app/workplace.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { keyring } from "#compose.ts";
import type { Result } from "#fault/result.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import { value } from "../attest/signing.ts";
import { smallWorkplace, type SmallWorkplace } from "./small-workplace.ts";

export const HOUR = 3_600_000;

/** A run that waits at the gate `ok`, driven by nobody, and people who may decide on it from elsewhere. */
export type ApprovalWorld = {
  readonly place: SmallWorkplace;
  readonly workplace: Workplace;
  readonly identity: RunIdentity;
  /** Lets time pass, in milliseconds. */
  readonly later: (milliseconds: number) => void;
  /** Makes a key and, with roles, gives it to a principal of this name; the path of the private key. */
  readonly person: (name: string, roles?: readonly string[]) => Promise<string>;
  /** Gives roles to a key that was made before. */
  readonly grant: (name: string, roles: readonly string[]) => Promise<void>;
  /** Hands the keys of one principal to another in the next version of the trust root. */
  readonly rename: (from: string, to: string) => void;
  /** Changes the trust root into its next version. */
  readonly editRoot: (change: (document: RootDraft) => void) => void;
  /** Drives the run until it waits or ends; its status. */
  readonly drive: () => Promise<string>;
  /** Exports the gate's request; the path of the folder or archive. */
  readonly request: (name?: string) => Promise<string>;
  /** Signs as somebody on another machine would: without this store. */
  readonly sign: (order: Partial<SigningOrder>, hands?: Partial<SigningHands>) => Promise<Result<WrittenResponse>>;
  readonly shown: ApprovalReview[];
  readonly events: () => Promise<readonly LedgerEvent[]>;
  readonly refusals: () => Promise<readonly Metadata<"gate.refused">[]>;
};

/** A trust root's document, open to change. */
export type RootDraft = {
  version: number;
  expires: string;
  policy?: object;
  readonly keys: Readonly<Record<string, { principal: string; validFrom: string; validUntil: string }>>;
  readonly roles: Record<string, { keyids: string[]; gates?: string[] }>;
};

export type PackOptions = { readonly rule?: object; readonly gates?: readonly object[]; readonly inputs?: object };

export async function approvalWorld(t: Test, options: PackOptions = {}): Promise<ApprovalWorld> {
  const place = smallWorkplace(t);
  // Steps run as another user, who has to reach the scratch folder below.
  chmodSync(place.here(), 0o711);
  const { rule = {}, gates = [{ id: "ok", gate: { approval: "go", message: "Go on?" } }], inputs = {} } = options;
  const go = { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true, ...rule };
  const sandbox = { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: "64Mi" } };
  const metadata = { name: "acme/gated", version: "1.2.0" };
  const spec = { inputs, sandbox, approvals: { go }, steps: gates };
  place.write("pack/pack.yaml", JSON.stringify({ apiVersion: "packrun.dev/v1", kind: "TaskPack", metadata, spec }));
  let ahead = 0;
  const clock = { ...nodeClock, now: () => nodeClock.now() + ahead };
  const workplace = { ...(await place.open()), clock };
  const trust = value(await openRequestTrust(workplace, undefined, ["approver"]));
  const identity = value(await startRun(await place.plan(workplace), new Map(), workplace, trust));
  const shown: ApprovalReview[] = [];
  const events = (): Promise<readonly LedgerEvent[]> => Array.fromAsync(workplace.store.ledger.read(identity));
  const file = place.here("state/trust/trust-root.json");
  const grant = async (name: string, roles: readonly string[]): Promise<void> => {
    const tools = { keyring, now: clock.now, stateFolder: place.here("state") };
    value(await trustAdd({ file, keyFile: place.here(`${name}.pub`), principal: name, roles }, tools));
  };
  const editRoot: ApprovalWorld["editRoot"] = (change) => {
    const document = JSON.parse(readFileSync(file, "utf8")) as RootDraft;
    change(document);
    document.version += 1;
    writeFileSync(file, canonicalBytes(document));
  };
  const world: ApprovalWorld = {
    place,
    workplace,
    identity,
    later: (milliseconds) => {
      ahead += milliseconds;
    },
    person: async (name, roles = ["approver"]) => {
      const { privateFile } = value(await keyring.writePair(place.here(name), "ecdsa-p256-sha256"));
      if (roles.length > 0) {
        await grant(name, roles);
      }
      return privateFile;
    },
    grant,
    rename: (from, to) =>
      editRoot(({ keys }) => {
        const held = Object.values(keys).filter(({ principal }) => principal === from);
        held.forEach((key) => Object.assign(key, { principal: to }));
      }),
    editRoot,
    drive: async () => {
      const how = { maxParallel: 1, wait: false, cancelBy: "developer", references: new Map() };
      return value(await driveStoredRun(identity, workplace, trust, how)).state.status;
    },
    request: async (name = "request.tar") =>
      value(await exportApproval(identity, "ok", place.here(name), workplace)).path,
    sign: (order, hands = {}) =>
      signApproval(
        {
          path: place.here("request.tar"),
          keyFile: place.here("alice.key"),
          decision: "approve",
          reason: "read it",
          out: place.here("response.json"),
          ...order,
        },
        {
          settings: { trustFile: file, stateFolder: place.here("desk") },
          keyring,
          now: clock.now,
          show: (review) => shown.push(review),
          password: () => Promise.resolve(undefined),
          confirm: () => Promise.resolve(true),
          ...hands,
        },
      ),
    shown,
    events,
    refusals: async () =>
      (await events()).flatMap((event) => (event.eventType === "gate.refused" ? [event.metadata] : [])),
  };
  await world.drive();
  return world;
}

/** A copy of an approval folder in which one file was changed. */
export function tampered(from: string, to: string, file: string, change: (text: string) => string): string {
  cpSync(from, to, { recursive: true });
  chmodSync(`${to}/${file}`, 0o644);
  writeFileSync(`${to}/${file}`, change(readFileSync(`${to}/${file}`, "utf8")));
  return to;
}

/** A response that differs from a good one, signed by the key in a file; `subject` is the plan that it speaks of. */
export async function responseOf(
  { workplace, identity }: ApprovalWorld,
  keyFile: string,
  change: Partial<Record<keyof Approval, unknown>> = {},
  subject: Digest = identity.planHash,
): Promise<Uint8Array> {
  const stored = value(await workplace.store.ledger.getFile(identity, requestPath("ok")));
  const { nonce, notAfter, requestedAt: issuedAt } = value(readApprovalRequest(stored));
  const answer = { decision: "approve", approver: "alice", reason: "read it", issuedAt, notAfter };
  const draft = {
    predicate: approvalPredicate,
    subjects: [{ name: "plan.canonical.json", digest: subject }],
    value: { ...identity, gateId: "ok", nonce, ...answer, ...change } as Approval,
  };
  const signer = value(await keyring.open(keyFile, () => Promise.resolve(undefined)));
  return value(await signStatement(signer, draft, keyring)).sidecar;
}
