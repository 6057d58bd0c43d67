import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ensureDevelopmentTrust } from "#app/development-trust.ts";
import { admitRevocations, admitRoot, highestSeen, lastRevocations } from "#app/trust-memory.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { readRevocations } from "#trust/revocation-list.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { code, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { people, rootOf } from "../trust/world.ts";

const version = (number: number, trustDomain = "acme-prod"): TrustRoot =>
  rootOf((document) => {
    document.version = number;
    document.trustDomain = trustDomain as never;
  });

function stateFolder(t: { readonly teardown: (work: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), "packrun-seen-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

t.test("the highest version of each trust domain is remembered, and a lower one refused", async (t) => {
  const state = stateFolder(t);
  t.equal(code(await admitRoot(state, version(7))), "ok");
  t.equal(code(await admitRoot(state, version(9))), "ok");
  t.equal(code(await admitRoot(state, version(8))), "TRUST_ROOT_ROLLBACK");
  t.equal(code(await admitRoot(state, version(9))), "ok");
  t.equal(code(await admitRoot(state, version(1, "acme-test"))), "ok", "another domain");
  t.equal(value(await highestSeen(state, version(1))), 9);
  t.equal(
    readFileSync(join(state, "trust", "seen.json"), "utf8"),
    '{"schema":"packrun.seen-roots/v1","versions":{"acme-prod":9,"acme-test":1}}',
  );
});

t.test("without a state folder nothing is made", async (t) => {
  const state = join(stateFolder(t), ".packrun");
  t.equal(code(await admitRoot(state, version(7))), "ok");
  t.notOk(existsSync(state));
  t.equal(value(await highestSeen(state, version(7))), 0);
});

t.test("a damaged record is told and never taken for an empty one", async (t) => {
  const state = stateFolder(t);
  mkdirSync(join(state, "trust"));
  for (const text of ["", "{}", '{"schema":"packrun.seen-roots/v1","versions":{"acme-prod":0}}']) {
    writeFileSync(join(state, "trust", "seen.json"), text);
    t.equal(code(await admitRoot(state, version(7))), "TRUST_MEMORY");
  }
});

t.test("the last revocation list of each trust domain is remembered beside the roots", async (t) => {
  const state = stateFolder(t);
  const list = async (sequence: number, trustDomain = "acme-prod") =>
    value(readRevocations((await revocations(people.carol.signer, { sequence, trustDomain })).list, nodeSha256));
  t.equal(code(await admitRoot(state, version(7))), "ok");
  t.equal(value(await lastRevocations(state, version(7))), undefined);
  t.equal(code(await admitRevocations(state, await list(4))), "ok");
  t.equal(code(await admitRevocations(state, await list(3))), "REVOCATIONS_ROLLBACK");
  t.equal(code(await admitRevocations(state, await list(5))), "REVOCATIONS_FORKED");
  t.equal(code(await admitRevocations(state, await list(1, "acme-test"))), "ok", "another domain");
  t.match(value(await lastRevocations(state, version(7))), { sequence: 4 });
  t.equal(value(await highestSeen(state, version(1))), 7, "the roots stay");
  t.equal(code(await admitRoot(state, version(8))), "ok");
  t.match(value(await lastRevocations(state, version(8))), { sequence: 4 }, "and so do the lists");
  writeFileSync(join(state, "trust", "seen.json"), "{}");
  t.equal(code(await admitRevocations(state, await list(9))), "TRUST_MEMORY");
  t.equal(code(await lastRevocations(state, version(7))), "TRUST_MEMORY");
});

t.test("many at once never lower what is remembered", async (t) => {
  const state = stateFolder(t);
  await Promise.all([5, 9, 7, 8, 6].map((number) => admitRoot(state, version(number))));
  t.equal(value(await highestSeen(state, version(1))), 9);
});

t.test("a folder that cannot be made is no reason to refuse, and is told where it is needed", async (t) => {
  const state = stateFolder(t);
  writeFileSync(join(state, "trust"), "in the way");
  t.equal(code(await admitRoot(state, version(7))), "ok");
  const tools = { keyring: fileKeyring, now: () => 0 };
  t.equal(code(await ensureDevelopmentTrust(state, [], tools)), "TRUST_FILE_ACCESS");
});

t.test("a folder that cannot be written checks all the same", async (t) => {
  const state = stateFolder(t);
  t.equal(code(await admitRoot(state, version(7))), "ok");
  chmodSync(join(state, "trust", "seen.json"), 0o444);
  chmodSync(join(state, "trust"), 0o555);
  t.teardown(() => chmodSync(join(state, "trust"), 0o755));
  t.equal(code(await admitRoot(state, version(6))), "TRUST_ROOT_ROLLBACK");
  t.equal(code(await admitRoot(state, version(8))), "ok");
});
