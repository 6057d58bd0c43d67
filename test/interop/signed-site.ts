import type { Test } from "tap";
import { answerOf, Place } from "../cli/place.ts";

/** A file that packrun signed, with all that a stock tool is given to check it. Paths are absolute. */
export type Signed = {
  readonly what: string;
  readonly file: string;
  readonly bundle: string;
  readonly predicateType: string;
  /** The public key of whoever signed. */
  readonly key: string;
  /** The keyid that packrun gives that key. */
  readonly keyid: string;
};

export type Algorithm = "P-256" | "Ed25519";

/** A place with keys and a trust root of its own, where a run ended after somebody approved it. */
export type SignedSite = {
  readonly place: Place;
  /** The evidence of that run. */
  readonly evidence: string;
  readonly signed: readonly Signed[];
  /** The public key of somebody who signed nothing. */
  readonly strangersKey: string;
};

const PEOPLE = ["root", "requester", "attestor", "alice", "revoker", "stranger"] as const;
const ROLES = { requester: "requester", attestor: "run-attestor", alice: "approver", revoker: "revoker" } as const;
const PREDICATES = "https://packrun.dev/attestations/";

const pack = {
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [
    { id: "build", run: { script: "echo built > report.txt\n" }, outputs: { report: { file: "report.txt" } } },
    { id: "ok", gate: { approval: "release", message: "Release it?" } },
  ],
  outputs: { report: { from: "${{ steps.build.outputs.report }}" } },
};

/** A command that a test counts on; its standard output. */
export async function done(place: Place, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await place.packrun(...args);
  if (code !== 0) {
    throw new Error(`packrun ${args.join(" ")} ended with ${code}: ${err}`);
  }
  return out;
}

/** A place whose own trust root knows a requester, an attestor, alice, who approves, and who revokes. */
export async function trustedPlace(t: Test, algorithm: Algorithm): Promise<Place> {
  const place = new Place(t);
  const kind = algorithm === "Ed25519" ? ["--ed25519"] : [];
  await Promise.all(PEOPLE.map((name) => done(place, "keys", "generate", name, ...kind)));
  await done(place, "trust", "init", "--domain", "acme-prod", "--root", "root.pub", "-o", "trust-root.json");
  place.write(
    "packrun.config.yaml",
    "trust: trust-root.json\nrequester: { key: requester.key }\nattestor: { key: attestor.key }\n",
  );
  for (const [name, role] of Object.entries(ROLES)) {
    await done(place, "trust", "add", `${name}.pub`, "--principal", name, "--role", role);
  }
  await done(place, "trust", "sign", "--key", "root.key");
  await done(place, "revoke", "--renew", "--key", "revoker.key");
  place.pack("gated", pack);
  return place;
}

/** Runs the pack up to its gate; the run's id. */
export async function waitingRun(place: Place): Promise<string> {
  return answerOf(await place.packrun("run", "gated", "--no-wait", "--json")).runId;
}

export async function signedSite(t: Test, algorithm: Algorithm): Promise<SignedSite> {
  const place = await trustedPlace(t, algorithm);
  const runId = await waitingRun(place);
  await done(place, "approve", "last", "ok", "--key", "alice.key", "--reason", "read");
  await done(place, "resume", "last");
  const keyids = new Map<string, string>();
  for (const name of PEOPLE) {
    keyids.set(name, (await done(place, "keys", "show", `${name}.pub`)).split(" ")[0] ?? "");
  }
  const evidence = place.here(".packrun/evidence", runId);
  const signed = (what: string, file: string, bundle: string, predicate: string, who: string): Signed => ({
    what: `${what} (${algorithm})`,
    file,
    bundle,
    predicateType: PREDICATES + predicate,
    key: place.here(`${who}.pub`),
    keyid: keyids.get(who) ?? "",
  });
  const beside = (what: string, file: string, predicate: string, who: string): Signed =>
    signed(what, file, `${file}.sigstore.json`, predicate, who);
  const plan = `${evidence}/plan.canonical.json`;
  const root = place.here("trust-root.json");
  return {
    place,
    evidence,
    strangersKey: place.here("stranger.pub"),
    signed: [
      signed("an approval", plan, `${evidence}/approvals/ok/1.sigstore.json`, "approval/v1", "alice"),
      beside("an approval request", `${evidence}/approvals/ok/request.json`, "approval-request/v1", "attestor"),
      signed("a run request", plan, `${evidence}/request.sigstore.json`, "run-request/v1", "requester"),
      beside("an attestation of evidence", `${evidence}/evidence.manifest.json`, "pack-run/v1", "attestor"),
      signed("a trust root", root, `${root}.1.sigstore.json`, "trust-root/v1", "root"),
      beside("a revocation list", place.here("revocations.json"), "revocation-list/v1", "revoker"),
      beside("a revocation list in a bundle", `${evidence}/revocations.json`, "revocation-list/v1", "revoker"),
    ],
  };
}
