import t from "tap";
import { proveAnchor } from "#anchor/prove-anchor.ts";
import { requestEntry } from "#anchor/request-entry.ts";
import { requestTimestamp } from "#anchor/request-timestamp.ts";
import { anchorFileBytes, readAnchorFile, type LogEntry } from "#attest/anchor-file.ts";
import { pae } from "#attest/pae.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { Verdict } from "#verify/verdict.ts";
import { verify } from "#verify/verify.ts";
import {
  anchoringRoot,
  entryOf,
  logOf as entryOfLog,
  MUCH_LATER,
  readRoot,
  type AnchoringRoot,
} from "../anchor/anchored-world.ts";
import { localAuthority } from "../anchor/local-authority.ts";
import { localLog } from "../anchor/local-log.ts";
import { host, keys, LATER, must, sealedRun, sha256 } from "../app/sealed-world.ts";
import { filesOf, memorySource } from "./bundle-tools.ts";

const world = await sealedRun();
const files = filesOf(world.folder);
const sidecar = files.get("evidence.manifest.json.sigstore.json") ?? new Uint8Array();
const envelope = must(readSidecar(sidecar, "own"));
const message = pae(envelope.payloadType, envelope.payload);
const calm = { timeoutMs: 20_000, env: {} };
const ORIGIN = "log.test/2026";

const clock = await localAuthority();
const rsa = await localAuthority({ key: "rsa" });
const log = await localLog(ORIGIN);
t.teardown(() => Promise.all([clock, rsa, log].map((server) => server[Symbol.asyncDispose]())));

const stamp = must(await requestTimestamp(clock.url, message, calm));
const key = must(readPublicKey(keys.attestor.publicKey, sha256));
const entry = must(await requestEntry(log.url, { message, signature: envelope.signature, key }, calm));

const DAY = 86_400_000;
const logOf = (more: object = {}): object => entryOfLog(log, more);

type Anchor = { readonly stamps?: readonly Uint8Array[]; readonly entries?: readonly LogEntry[] };
const anchorBytes = ({ stamps = [], entries = [] }: Anchor): Uint8Array =>
  must(anchorFileBytes(sidecar, stamps, entries));

function verdictOn(root: AnchoringRoot, anchor?: Uint8Array, at = MUCH_LATER): Promise<Verdict> {
  const options = {
    at,
    requireDsse: false,
    trustRoot: anchoringRoot(root),
    ...(anchor === undefined ? {} : { anchor }),
  };
  return verify(memorySource(files), options, { ...host, proveAnchor });
}

/** What the check says, and the verdict. */
async function found(root: AnchoringRoot, anchor?: Uint8Array, at = MUCH_LATER): Promise<string> {
  const { checks, verdict } = await verdictOn(root, anchor, at);
  const check = checks.find(({ name }) => name === "anchor");
  return [check?.status, ...(check !== undefined && "code" in check ? [check.code] : []), verdict].join(" ");
}

const clocks = { authorities: [entryOf(clock)] };
const logs = { logs: [logOf()] };

t.test("a trusted timestamp inside the windows of the keys turns stale into verified", async (t) => {
  t.equal(await found(clocks), "skipped stale");
  t.equal(await found(clocks, anchorBytes({ stamps: [stamp] })), "pass verified");
  const rsaStamp = must(await requestTimestamp(rsa.url, message, calm));
  t.equal(await found({ authorities: [entryOf(rsa)] }, anchorBytes({ stamps: [rsaStamp] })), "pass verified");
  const { checks } = await verdictOn(clocks, anchorBytes({ stamps: [stamp] }));
  const stale = checks.filter(({ status }) => status === "stale" || status === "fail");
  t.strictSame(stale, [], "of requester, approvers and attestor alike");
});

t.test("an entry of a log proves no time", async (t) => {
  t.equal(await found(logs, anchorBytes({ entries: [entry] }), LATER), "pass verified");
  t.equal(
    await found({ logs: [logOf({ validUntil: "2030-01-01T00:00:00.000Z" })] }, anchorBytes({ entries: [entry] })),
    "pass stale",
  );
  t.equal(await found(logs, anchorBytes({ entries: [entry] })), "stale ANCHOR_LOG_WINDOW stale");
  t.equal(await found({ ...clocks, ...logs }, anchorBytes({ stamps: [stamp], entries: [entry] })), "pass verified");
});

t.test("what the root demands must be there, by somebody whom it names", async (t) => {
  const both = { ...clocks, ...logs };
  const tsa = anchorBytes({ stamps: [stamp] });
  t.equal(await found({ ...both, required: ["tsa"] }), "fail ANCHOR_MISSING failed");
  t.equal(await found({ ...both, required: ["tsa"] }, tsa), "pass verified");
  t.equal(await found({ ...both, required: ["tsa", "rekor"] }, tsa), "fail ANCHOR_MISSING failed");
  t.equal(
    await found({ ...both, required: ["tsa", "rekor"] }, anchorBytes({ stamps: [stamp], entries: [entry] })),
    "pass verified",
  );
  t.equal(await found({ required: ["tsa"] }, tsa), "fail ANCHOR_MISSING failed");
  t.equal(await found({ ...both, required: [] }), "skipped stale");
});

t.test("what is by nobody whom the root names is as if it was not there", async (t) => {
  t.equal(await found({}, anchorBytes({ stamps: [stamp], entries: [entry] })), "skipped stale");
  t.equal(await found({ authorities: [entryOf(rsa)] }, anchorBytes({ stamps: [stamp] })), "skipped stale");
  const stranger = await localLog(ORIGIN);
  t.equal(
    await found({ logs: [logOf({ pem: stranger.publicKey })] }, anchorBytes({ entries: [entry] })),
    "skipped stale",
  );
  await stranger[Symbol.asyncDispose]();
});

t.test("what is in the name of an authority must be its own, over this attestation, and in its window", async (t) => {
  const other = must(await requestTimestamp(clock.url, Buffer.from("other"), calm));
  t.equal(await found(clocks, anchorBytes({ stamps: [other] })), "fail ANCHOR_TIMESTAMP_INVALID failed");
  const cut = Buffer.from(stamp);
  cut[cut.length - 1] = (cut.at(-1) ?? 0) ^ 1;
  t.equal(await found(clocks, anchorBytes({ stamps: [cut] })), "fail ANCHOR_TIMESTAMP_INVALID failed");
  const both = anchorBytes({ stamps: [stamp, cut] });
  t.equal(await found(clocks, both), "fail ANCHOR_TIMESTAMP_INVALID failed", "a good one beside it rescues nothing");
  const year = timestampOf(Date.now() - 365 * DAY);
  const before = [entryOf(clock, { validFrom: "2020-01-01T00:00:00.000Z", validUntil: year })];
  t.equal(
    await found({ authorities: before }, anchorBytes({ stamps: [stamp] })),
    "fail ANCHOR_TIMESTAMP_WINDOW failed",
  );
  t.equal(await found({ authorities: [...before, entryOf(clock)] }, anchorBytes({ stamps: [stamp] })), "pass verified");
  t.equal(await found(clocks, anchorBytes({ stamps: [Uint8Array.of(0x30, 0)] })), "fail ANCHOR_FORM failed");
});

t.test("a timestamp whose time was changed is refused, every bit of it", async (t) => {
  const at = Buffer.from(stamp).indexOf(Buffer.from(`${new Date().getUTCFullYear()}`));
  t.ok(at > 0);
  for (let bit = 0; bit < 8; bit += 1) {
    const changed = Buffer.from(stamp);
    changed[at + 3] = (changed[at + 3] ?? 0) ^ (1 << bit);
    t.match(await found(clocks, anchorBytes({ stamps: [changed] })), /^fail ANCHOR_.* failed$/, `bit ${bit}`);
  }
});

t.test("an authority of the root that cannot vouch for times is told, not passed over", async (t) => {
  const tsa = anchorBytes({ stamps: [stamp] });
  const web = await localAuthority({ usage: "serverAuth" });
  const garbage = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
  t.equal(await found({ authorities: [entryOf(web)] }, tsa), "fail ANCHOR_AUTHORITY failed");
  t.equal(
    await found({ authorities: [entryOf({ certificates: [garbage, garbage] })] }, tsa),
    "fail ANCHOR_AUTHORITY failed",
  );
  await web[Symbol.asyncDispose]();
  const [signer] = clock.certificates;
  const foreign = { certificates: [signer, rsa.certificates[1]] as const };
  t.equal(
    await found({ authorities: [entryOf(foreign)] }, tsa),
    "fail ANCHOR_TIMESTAMP_INVALID failed",
    "another root",
  );
});

t.test("what is in the name of a log must be in it, and of this attestation", async (t) => {
  const other = must(
    await requestEntry(
      log.url,
      { message: Buffer.from("x"), signature: must(await keys.attestor.sign(Buffer.from("x"))), key },
      calm,
    ),
  );
  const invalid = "fail ANCHOR_ENTRY_INVALID failed";
  t.equal(await found(logs, anchorBytes({ entries: [other] }), LATER), invalid);
  const proof = (more: object): LogEntry => ({ ...entry, inclusionProof: { ...entry.inclusionProof, ...more } });
  t.equal(await found(logs, anchorBytes({ entries: [proof({ logIndex: "0" })] }), LATER), invalid);
  t.equal(await found(logs, anchorBytes({ entries: [proof({ hashes: [] })] }), LATER), invalid);
  t.equal(
    await found(logs, anchorBytes({ entries: [proof({ checkpoint: other.inclusionProof.checkpoint })] }), LATER),
    invalid,
  );
  const named = proof({ checkpoint: { envelope: `other${entry.inclusionProof.checkpoint.envelope}` } });
  t.equal(await found(logs, anchorBytes({ entries: [named] }), LATER), invalid);
});

t.test("an anchor of another bundle, or that is none, fails", async (t) => {
  const other = filesOf((await sealedRun()).folder).get("evidence.manifest.json.sigstore.json") ?? new Uint8Array();
  const foreign = must(anchorFileBytes(other, [stamp], []));
  t.equal(await found(clocks, foreign), "fail ANCHOR_FOREIGN failed");
  t.equal(await found(clocks, Buffer.from("{}")), "fail ANCHOR_FORM failed");
});

t.test("a host that proves nothing says so, and passes over no demand", async (t) => {
  const anchor = anchorBytes({ stamps: [stamp] });
  const without = (required?: readonly string[]) =>
    verify(
      memorySource(files),
      {
        at: LATER,
        requireDsse: false,
        anchor,
        trustRoot: anchoringRoot({ ...clocks, ...(required === undefined ? {} : { required }) }),
      },
      host,
    );
  const plain = await without();
  t.match(plain, { verdict: "verified" });
  t.match(
    plain.checks.find(({ name }) => name === "anchor"),
    { status: "skipped", why: "not checked by this verifier" },
  );
  const demanding = await without(["tsa"]);
  t.match(
    demanding.checks.find(({ name }) => name === "anchor"),
    { status: "fail", code: "ANCHOR_UNCHECKED" },
  );
});

t.test("of an attestation by a key that the root does not know nothing is believed", async (t) => {
  const anchor = must(readAnchorFile(anchorBytes({ stamps: [stamp], entries: [entry] })));
  const stranger = { ...anchor, envelope: { ...anchor.envelope, keyid: "SHA256:none" } };
  t.match(await proveAnchor(stranger, readRoot({ ...clocks, ...logs })), [
    { status: "unknown" },
    { status: "unknown" },
  ]);
});
