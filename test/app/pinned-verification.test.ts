import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { verifyPinned, type PinnedVerdict } from "#app/pinned-verification.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { millisecondsOf } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { Verdict } from "#verify/verdict.ts";
import type { Signer } from "#port/signer.ts";
import { code, value } from "../attest/signing.ts";
import { folder } from "../signer/folder.ts";
import { revocations, type SampleRevocations } from "../trust/sample-revocations.ts";
import { keys, LATER, rootBytes, sealedRun, sha256, verifySignature } from "./sealed-world.ts";

const world = await sealedRun();
const tools = { sha256, verifySignature, now: () => millisecondsOf(LATER) ?? 0 };

type Desk = {
  readonly dir: string;
  readonly verify: (revocations?: string, configured?: string) => Promise<Result<PinnedVerdict>>;
  /** With the root in this file, named by `--trust`. */
  readonly verifyWith: (name: string) => Promise<Result<PinnedVerdict>>;
  readonly put: (name: string, sample?: SampleRevocations, signer?: Signer) => Promise<string>;
};

/** A pinned root and a state folder of its own. */
function desk(t: Test, root: Uint8Array = rootBytes()): Desk {
  const dir = folder(t);
  const trustFile = join(dir, "trust-root.json");
  writeFileSync(trustFile, root);
  return {
    dir,
    verify: (given, configured) => {
      const settings = {
        tenantId: "default" as never,
        stateFolder: dir,
        artifactsPath: dir,
        trustFile,
        configFiles: [],
      };
      const list = configured === undefined ? {} : { revocationsFile: join(dir, configured) };
      const request = { path: world.folder, ...(given === undefined ? {} : { revocations: given }) };
      return verifyPinned(request, { ...settings, ...list }, tools);
    },
    verifyWith: (name) => {
      const settings = { tenantId: "default" as never, stateFolder: dir, artifactsPath: dir, configFiles: [] };
      return verifyPinned({ path: world.folder }, { ...settings, trustFile: join(dir, name), namesTrust: true }, tools);
    },
    put: async (name, sample = {}, signer = keys.root) => {
      const path = join(dir, name);
      const { list, sidecar } = await revocations(signer, sample);
      writeFileSync(path, list);
      writeFileSync(`${path}.sigstore.json`, sidecar);
      return path;
    },
  };
}

const checkOf = (found: Result<PinnedVerdict>) => value(found).verdict.checks.find(({ name }) => name === "revocation");

t.test("the list beside the pinned root is held against the bundle without being named", async (t) => {
  const { verify, put } = desk(t);
  t.match(checkOf(await verify()), { status: "skipped" });
  await put("revocations.json", { sequence: 2 });
  t.match(checkOf(await verify()), { status: "pass", why: /site's list, sequence 2/ });
  await put("revocations.json", { sequence: 3, entries: [["run", world.identity.runId]] });
  const forked = await verify();
  t.match(checkOf(forked), { status: "fail", code: "REVOCATIONS_FORKED" }, "it does not name the one before");
  t.equal(value(forked).exitCode, 7);
});

t.test("a list that is named, or configured, takes its place", async (t) => {
  const { verify, put } = desk(t);
  await put("revocations.json");
  const other = await put("other.json", { sequence: 5, entries: [["run", world.identity.runId]] });
  t.match(checkOf(await verify(undefined, "other.json")), { code: "REVOKED_RUN" });
  t.match(checkOf(await verify(other)), { code: "REVOKED_RUN" });
  t.equal(value(await verify(other)).exitCode, 7);
});

t.test("what is wrong with a list, or that it is older than another, or gone, stands in a whole verdict", async (t) => {
  const { verify, put, dir } = desk(t);
  await put("revocations.json", {}, keys.requester);
  t.match(checkOf(await verify()), { code: "ROLE_NOT_HELD" });
  await put("revocations.json", { sequence: 4 });
  const good = value(await verify()).verdict;
  t.match(checkOf(await verify()), { status: "pass" });
  const seen = readFileSync(join(dir, "trust", "seen.json"));
  const older = await put("older.json", { sequence: 3, entries: [["run", world.identity.runId]] });
  const refused = await verify(older);
  t.match(checkOf(refused), { status: "fail", code: "REVOCATIONS_ROLLBACK", why: /sequence 3.*\(and 1 more\)/ });
  t.equal(value(refused).exitCode, 7);
  const others = ({ checks }: Verdict) => checks.filter(({ name }) => name !== "revocation");
  t.strictSame(others(value(refused).verdict), others(good), "every other check is there as before");
  rmSync(join(dir, "revocations.json"));
  t.match(checkOf(await verify()), { status: "fail", code: "REVOCATIONS_MISSING" });
  t.match(checkOf(await verify(undefined, "none.json")), { status: "fail", code: "REVOCATIONS_MISSING" });
  t.equal(code(await verify(join(dir, "none.json"))), "VERIFY_OPTION");
  t.strictSame(
    readFileSync(join(dir, "trust", "seen.json")),
    seen,
    "remembered by verifying alone, and by none of these",
  );
});

t.test(
  "a root that is older than one that was used here fails a whole verdict, and nothing is remembered of it",
  async (t) => {
    const { verify, put, dir } = desk(t, rootBytes({ version: 8 }));
    await put("revocations.json", { sequence: 4 });
    t.equal(value(await verify()).exitCode, 0);
    const seen = readFileSync(join(dir, "trust", "seen.json"));
    writeFileSync(join(dir, "trust-root.json"), rootBytes({ version: 7 }));
    await put("revocations.json", { sequence: 6 });
    const { verdict, exitCode } = value(await verify());
    t.equal(exitCode, 7);
    t.match(
      verdict.checks.filter(({ status }) => status === "fail"),
      [{ name: "trust-root", code: "TRUST_ROOT_ROLLBACK" }],
    );
    t.strictSame(readFileSync(join(dir, "trust", "seen.json")), seen, "not even of the list beside it");
    writeFileSync(join(dir, "trust-root.json"), rootBytes({ version: 9 }));
    await put("revocations.json", { sequence: 3 });
    t.match(checkOf(await verify()), { code: "REVOCATIONS_ROLLBACK" });
    t.strictSame(readFileSync(join(dir, "trust", "seen.json")), seen, "nor of a root with a list that is refused");
    writeFileSync(join(dir, "trust", "seen.json"), "{");
    t.equal(code(await verify()), "TRUST_MEMORY");
  },
);

t.test("a root that demands a list fails a bundle where there is none", async (t) => {
  const strict = desk(t, rootBytes({ revocation: { required: true, maxAgeHours: 1000, minSequence: 0 } }));
  t.match(checkOf(await strict.verify()), { code: "REVOCATIONS_MISSING" });
  await strict.put("revocations.json");
  t.match(checkOf(await strict.verify()), { status: "pass" });
});

t.test("to verify with another root of the same version does not put it in the place of the own one", async (t) => {
  const { dir, verify, verifyWith } = desk(t);
  t.equal(value(await verify()).verdict.verdict, "verified");
  const other = JSON.parse(Buffer.from(rootBytes()).toString()) as { expires: string };
  writeFileSync(join(dir, "theirs.json"), canonicalBytes({ ...other, expires: "2099-01-01T00:00:00.000Z" }));
  t.equal(value(await verifyWith("theirs.json")).verdict.verdict, "verified", "it is believed");
  t.equal(value(await verify()).verdict.verdict, "verified", "and so is the own one, later");
});
