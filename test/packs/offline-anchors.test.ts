import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { anchoringRoot, entryOf, logOf, type AnchoringRoot } from "../anchor/anchored-world.ts";
import { localAuthority } from "../anchor/local-authority.ts";
import { localLog } from "../anchor/local-log.ts";
import { freshFolder } from "../app/evidence-files.ts";
import { LATER, sealedRun } from "../app/sealed-world.ts";

const world = await sealedRun();
const folder = freshFolder();
const clock = await localAuthority();
const log = await localLog("log.test");
t.teardown(() => Promise.all([clock, log].map((server) => server[Symbol.asyncDispose]())));
// They look for no anchor: one that is none changes nothing.
writeFileSync(`${world.folder}.anchor.sigstore.json`, "{}");

const scripts = join(import.meta.dirname, "../../scripts/packs");
const VERIFIERS = [
  [process.execPath, join(scripts, "verify_offline_bundle.mjs")],
  ["python3", join(scripts, "verify_offline_bundle.py")],
] as const;

/** What both offline verifiers say of a check, and how they end. */
function said(root: AnchoringRoot, check: string): readonly string[] {
  writeFileSync(join(folder, "root.json"), anchoringRoot(root));
  return VERIFIERS.map(([program, script]) => {
    const args = [script, world.folder, "--trust", join(folder, "root.json"), "--at", LATER, "--format", "json"];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (stdout === "") {
      throw new Error(stderr);
    }
    const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; status: string; code?: string }[] };
    const found = checks.find(({ name }) => name === check);
    return [found?.status, ...(found?.code === undefined ? [] : [found.code]), status].join(" ");
  });
}

const both = (what: string): readonly string[] => [what, what];

t.test("both offline verifiers take a root that names authorities, and check no anchor", async (t) => {
  const root = { authorities: [entryOf(clock)], logs: [logOf(log)] };
  t.strictSame(said(root, "anchor"), both("skipped 0"));
  t.strictSame(said({ ...root, required: [] }, "anchor"), both("skipped 0"));
});

t.test("what the root demands and they cannot check is not passed over", async (t) => {
  t.strictSame(said({ authorities: [entryOf(clock)], required: ["tsa"] }, "anchor"), both("fail ANCHOR_UNCHECKED 7"));
});

t.test("both refuse the same authorities and logs", async (t) => {
  const window = { validUntil: "2020-01-01T00:00:00.000Z" };
  const cases: readonly (readonly [AnchoringRoot, string])[] = [
    [{ authorities: [entryOf(clock, window)] }, "TRUST_ROOT_TIME"],
    [{ authorities: [entryOf(clock, { certificates: [clock.certificates[0]] })] }, "TRUST_ROOT_SHAPE"],
    [
      { authorities: [entryOf(clock, { certificates: clock.certificates.map((pem) => pem.trimEnd()) })] },
      "TRUST_ROOT_SHAPE",
    ],
    [{ authorities: [entryOf(clock, { key: 1 })] }, "TRUST_ROOT_SHAPE"],
    [{ logs: [logOf(log, window)] }, "TRUST_ROOT_TIME"],
    [{ logs: [logOf(log, { alg: "ecdsa-p256-sha256" })] }, "TRUST_ROOT_LOG"],
    [{ logs: [logOf(log, { pem: "none" })] }, "TRUST_ROOT_LOG"],
    [{ logs: [logOf(log, { origin: "a b" })] }, "TRUST_ROOT_SHAPE"],
    [{ required: ["clock"] }, "TRUST_ROOT_SHAPE"],
  ];
  for (const [root, code] of cases) {
    t.strictSame(said(root, "trust-root"), both(`fail ${code} 7`), code);
  }
});
