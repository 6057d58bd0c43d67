import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import type { Json } from "#canon/json.ts";
import { fail } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Plan, RunNode } from "#plan/plan.ts";
import type { AttemptContext } from "#port/attempt-preparer.ts";
import type { AttemptRequest } from "#port/step-runner.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { createRedactor } from "#secret/redactor.ts";
import { builtIns } from "#step/built-ins.ts";
import { attemptPreparer } from "#step/run/prepare-attempt.ts";
import { Workspace } from "#step/run/workspace.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { identityOf, planOf, run, sha256 } from "../run/sample-plan.ts";
import { passingFolder } from "../app/passing-folder.ts";
import { noEgress } from "./built-in-request.ts";

const root = passingFolder("prepare");
const artifacts = fileArtifactStore(join(root, "artifacts"));
const sketched = planOf([run("a")]);
const { tenantId } = identityOf(sketched);

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function keep(text: string) {
  const kept = await artifacts.put(tenantId, bytesOf(text));
  if (!kept.ok) {
    throw new Error(kept.fault.message);
  }
  return kept.value;
}

/** What the runner is asked for a step with this input; its answer is a fault, so nothing runs. */
async function ask(
  input: Json,
  more: Partial<ResolvedAttempt> = {},
  packListing: readonly FileEntry[] = [],
  { pack = [], inputs = {} }: { readonly pack?: readonly FileEntry[]; readonly inputs?: Plan["inputs"] } = {},
) {
  const plan = { ...sketched, inputs, pack: { ...sketched.pack, digest: (await keep(canonicalJson(pack))).digest } };
  const asked: AttemptRequest[] = [];
  await using workspace = new Workspace(join(root, "workspace"), artifacts, tenantId);
  const preparer = attemptPreparer({
    runner: {
      examine: () => Promise.reject(new Error("not asked")),
      admit: () => Promise.reject(new Error("not asked")),
      prepare: (request) => {
        asked.push(request);
        return Promise.resolve(fail({ code: "STEP_SETUP", message: "asked" }));
      },
      close: () => Promise.resolve(),
    },
    workspace,
    artifacts,
    artifactsPath: join(root, "artifacts"),
    secrets: { resolve: () => Promise.reject(new Error("not asked")) },
    references: new Map(),
    redactor: createRedactor(),
    plan,
    packListing,
    builtIns,
    egress: noEgress,
    sha256,
  });
  const attempt = {
    stepId: "a",
    node: plan.steps[0],
    program: { kind: "command", argv: ["true"] },
    env: {},
    secretEnv: {},
    secretFiles: {},
    inputs: { x: input },
    inputsUsed: [],
    seed: "",
    sandbox: plan.sandbox,
    timeoutMs: 1000,
    outputs: {},
    ...more,
  } as unknown as ResolvedAttempt;
  const context: AttemptContext = { identity: identityOf(plan), attempt: 1, startedAt: 0 };
  const answer = await preparer.prepare(attempt, context);
  const fault = answer.ok ? undefined : answer.fault;
  return { code: fault?.code, fault, mounts: asked[0]?.mounts };
}

t.test("a file is mounted under the name of its input", async (t) => {
  const { digest, size } = await keep("content");
  const { code, mounts = [] } = await ask({ type: "file", digest, size, name: "data.txt" });
  t.equal(code, "STEP_SETUP");
  t.match(mounts, [{ at: "/run/packrun/in/x", hostPath: /workspace\/files\/[0-9a-f]{64}\/data\.txt$/ }]);
});

t.test("a reference that a step made up names no path of the host", async (t) => {
  const up = "../".repeat(20);
  for (const forged of [
    { type: "directory", digest: `sha256:${up}${root}/made` },
    { type: "file", digest: `sha256:${up}${root}/made`, size: 1 },
    { type: "device", digest: `sha256:${"0".repeat(64)}` },
    "a text",
    null,
  ]) {
    t.equal((await ask(forged)).code, "EXPR_TYPE", JSON.stringify(forged).slice(0, 40));
  }
  t.notOk(existsSync(join(root, "made")));
  const { digest, size } = await keep("content");
  for (const name of ["..", ".", "", "a/b", "../../made", "a\0"]) {
    const { mounts = [] } = await ask({ type: "file", digest, size, name });
    t.ok(mounts[0]?.hostPath.endsWith(`/files/${digest.slice(7)}/${digest.slice(7)}`), JSON.stringify(name));
  }
});

t.test("a file of the pack that is not what the plan pins is drift, for commands and built-ins alike", async (t) => {
  const { digest, size } = await keep("feed");
  const listed = { path: "feed.tar", mode: "644", size, sha256: digest.slice(7) } as const;
  const given = { source: "./feed.tar", checksum: digest };
  const programs = [
    { kind: "uses", uses: "bundle.ingest", with: given },
    { kind: "command", argv: ["./feed.tar"] },
  ] as const;
  for (const program of programs) {
    const node = { ...sketched.steps[0], files: [{ path: "feed.tar", digest }] } as RunNode;
    const askFor = async (files: readonly FileEntry[]) =>
      (await ask("a text", { node, program, inputs: {} }, files)).code;
    t.equal(await askFor([]), "PLAN_DRIFT", `${program.kind}: it is not in the pack`);
    t.equal(await askFor([{ ...listed, sha256: "0".repeat(64) }]), "PLAN_DRIFT", `${program.kind}: it is another one`);
    const found = await askFor([listed]);
    // The staged copy of this pack has no files at all, which only a command looks at.
    t.equal(found, program.kind === "uses" ? undefined : "PLAN_DRIFT", program.kind);
  }
});

/** Keeps a text and then writes another into its place. */
async function spoilt(text: string) {
  const kept = await keep(text);
  const hex = kept.digest.slice(7);
  const file = join(root, "artifacts/sha256", hex.slice(0, 2), hex);
  chmodSync(file, 0o644);
  writeFileSync(file, text.toUpperCase());
  return { ...kept, hex };
}

t.test("bytes that the plan pins and that were changed in the store are drift", async (t) => {
  const { digest, size, hex } = await spoilt("#!/bin/sh");
  const pack = [{ path: "go.sh", mode: "755", size, sha256: hex }] as const;
  const files = [{ path: "go.sh", digest }];
  const command = { kind: "command", argv: ["./go.sh"] } as const;
  const uses = { kind: "uses", uses: "bundle.ingest", with: { source: "./go.sh", checksum: digest } } as const;
  for (const program of [command, uses]) {
    const node = { ...sketched.steps[0], files } as RunNode;
    const { fault } = await ask("a text", { node, program, inputs: {} }, pack, { pack });
    t.match(fault, { code: "PLAN_DRIFT", hint: /go\.sh/, data: { node: "a", pointer: "/files/go.sh" } }, program.kind);
  }
  const { fault } = await ask("a text", { program: command, inputs: {} }, pack, { pack });
  t.match(fault, { code: "PLAN_DRIFT", hint: /go\.sh/, data: { pointer: "/pack/digest" } }, "a file that no one names");
});

t.test("a locked input that was changed in the store is drift, an earlier step's artifact is corrupt", async (t) => {
  const data = await spoilt("data");
  const inner = await spoilt("inner");
  const listing = [{ path: "x", mode: "644", size: inner.size, sha256: inner.hex }];
  const tree = await keep(canonicalJson(listing));
  const file = { type: "file", name: "data.txt", size: data.size, digest: data.digest } as const;
  const folder = { type: "directory", name: "folder", digest: tree.digest } as const;
  for (const input of [file, folder]) {
    const inputs = { given: input };
    const drift = { code: "PLAN_DRIFT", hint: /input given/, data: { pointer: "/inputs/given/digest" } };
    t.match((await ask(input, {}, [], { inputs })).fault, drift, `${input.type}: mounted`);
    const used = await ask("a text", { inputs: {}, inputsUsed: ["given"] }, [], { inputs });
    t.match(used.fault, drift, `${input.type}: by its path`);
    const program = { kind: "uses", uses: "bundle.ingest", with: { source: input } } as const;
    t.match((await ask("a text", { program, inputs: {} }, [], { inputs })).fault, drift, `${input.type}: built-in`);
    t.equal((await ask(input)).code, "ARTIFACT_CORRUPT", `${input.type}: of an earlier step`);
  }
});
