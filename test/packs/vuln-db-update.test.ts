import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { compareUtf8 } from "#canon/utf8.ts";
import { answerOf, Place } from "../cli/place.ts";

const root = join(import.meta.dirname, "../..");
const pack = join(root, "packs/vuln-db-update");
const place = new Place(t);

type Shards = Readonly<Record<string, { ecosystem: string; advisories: Record<string, unknown>[] }>>;

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function shell(cwd: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ended = spawnSync(program, args, { cwd, env: { PATH: "/usr/bin:/bin", ...env }, encoding: "utf8" });
  return { status: ended.status, out: ended.stdout, err: ended.stderr };
}

/** The shards of an example of the pack. */
function example(release: string): Shards {
  const folder = place.here(`example-${release}`);
  mkdirSync(folder, { recursive: true });
  shell(folder, "tar", ["-xzf", join(pack, `data/example-${release}.tar.gz`)]);
  const names = readdirSync(join(folder, "shards"));
  return Object.fromEntries(
    names.map((name) => [
      name.replace(/\.json$/, ""),
      JSON.parse(readFileSync(join(folder, "shards", name), "utf8")) as Shards[string],
    ]),
  );
}

/** A database of these shards as the pack's own program makes it; `spoil` may change the folder after the index was made. */
function archiveOf(name: string, shards: Shards, release = "2026.12", spoil?: (folder: string) => void): string[] {
  const folder = place.here(name);
  for (const [shard, content] of Object.entries(shards)) {
    place.write(`${name}/shards/${shard}.json`, `${JSON.stringify(content, undefined, 1)}\n`);
  }
  const file = `${folder}.tar.gz`;
  shell(place.folder, join(pack, "bin/make-archive"), [folder, release, file]);
  if (spoil !== undefined) {
    spoil(folder);
    shell(folder, "tar", ["-czf", file, ...readdirSync(folder)]);
  }
  return ["-i", `archive=${file}`, "-i", `checksum=${sha256(file)}`];
}

function statusOf(answer: ReturnType<typeof answerOf>, id: string): string | undefined {
  return answer.steps.find((step) => step.id === id)?.status;
}

/** What a step of the newest run printed. */
function said(step: string): string {
  return place
    .ledger()
    .flatMap((event) => (event.eventType === "step.output" && event.stepId === step ? event.metadata.lines : []))
    .join("\n");
}

t.test("the plan shows what will be asked before anything is touched", async (t) => {
  const planned = await place.packrun("plan", pack, "--json");
  t.match(JSON.parse(planned.out), {
    gates: [
      { id: "whole", kind: "gate.policy" },
      { id: "signoff", kind: "gate.approval" },
    ],
    secrets: [],
    diagnostics: [],
  });
  const simulated = await place.packrun("simulate", pack);
  t.equal(simulated.code, 0, simulated.err);
  t.match(simulated.out, "a map of up to 64 items known at run time, at most 4 at a time");
  t.match(simulated.out, "approval  publish: 1 person with the role approver, within 1d; not whoever requests the run");
});

t.test("what changes is shown to the approver, and handed out once it is approved", async (t) => {
  const ran = await place.packrun("run", pack, "--no-wait", "--json");
  t.equal(ran.code, 4, ran.err);
  const waiting = answerOf(ran);
  t.match(waiting, { status: "waiting", pendingGates: [{ id: "signoff", required: 1, have: 0 }], outputs: {} });
  t.equal(waiting.steps.filter(({ id }) => /^shards\[\d\]::rows$/.test(id)).length, 5, "one for each shard");
  const listed = await place.packrun("approvals", "list", "--json");
  t.match(listed.out, "in place of 2026.10: 4 added (1 critical), 2 changed, 1 removed.");

  const key = await place.person("alice");
  const approved = await place.packrun("approve", "last", "signoff", "--key", key, "--reason", "read the changes");
  t.equal(approved.code, 0, approved.err);
  const ended = await place.packrun("resume", "last", "-o", "out", "--evidence", "evidence", "--json");
  t.equal(ended.code, 0, ended.err);
  t.equal(shell(place.here("out"), "sha256sum", ["-c", "--strict", "checksums"]).status, 0);
  t.equal(sha256(place.here("out/database")), sha256(join(pack, "data/example-2026.11.tar.gz")));
  t.equal(said("account"), "4 added (1 critical), 2 changed, 1 removed; publish: succeeded");

  const changes = JSON.parse(readFileSync(place.here("out/changes"), "utf8")) as Record<string, { id: string }[]>;
  t.strictSame(
    ["added", "changed", "removed"].map((kind) => changes[kind]?.map(({ id }) => id.slice(-2))),
    [["22", "23", "24", "25"], ["14", "17"], ["18"]],
  );
  const ids = Object.values(example("2026.11")).flatMap(({ advisories }) => advisories.map(({ id }) => String(id)));
  const rows = readFileSync(place.here("out/advisories"), "utf8").trimEnd().split("\n");
  t.strictSame(
    rows.map((row) => row.split("\t")[0]),
    ids.toSorted(compareUtf8),
  );
});

t.test("its evidence verifies, by the single file too", async (t) => {
  const verified = await place.packrun("verify", "evidence", "--trust", ".packrun/trust/trust-root.json");
  t.equal(verified.code, 0, verified.out);
  const verifier = join(root, "scripts/packs/verify_offline_bundle.mjs");
  const args = [verifier, "evidence", "--trust", ".packrun/trust/trust-root.json"];
  t.equal(shell(place.folder, process.execPath, args).status, 0);
});

t.test("a rejection ends it, and nothing is handed out", async (t) => {
  const older = Object.entries(example("2026.10")).slice(0, 1);
  const given = archiveOf("small", Object.fromEntries(older));
  const previous = ["-i", `previous=${place.here("small.tar.gz")}`];
  t.equal((await place.packrun("run", pack, ...given, ...previous, "--no-wait", "--json")).code, 4);
  const rejected = await place.packrun("reject", "last", "signoff", "--key", "alice.key", "--reason", "not now");
  t.equal(rejected.code, 0, rejected.err);
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 5);
  t.match(answerOf(ended), { status: "failed", reason: "GATE_REJECTED" });
  t.notOk(Object.hasOwn(answerOf(ended).outputs, "database"));
  t.equal(said("account"), "0 added (0 critical), 0 changed, 0 removed; publish: skipped");
});

t.test("an archive with another checksum goes no further than its first step", async (t) => {
  const ran = await place.packrun("run", pack, "-i", `checksum=${"0".repeat(64)}`, "--json");
  t.equal(ran.code, 1);
  t.match(answerOf(ran), { status: "failed", reason: "BUNDLE_CHECKSUM_MISMATCH" });
  t.strictSame(
    answerOf(ran).steps.flatMap(({ id, status }) => (status === "skipped" ? [] : [[id, status]])),
    [
      ["ingest", "failed"],
      ["account", "succeeded"],
    ],
  );
  t.equal(said("account"), "not compared; publish: skipped");
});

t.test("a shard without the form of the schema is named, with the place in it", async (t) => {
  const { go, npm } = example("2026.11");
  const advisories = npm?.advisories.map((each, at) =>
    at === 1 ? { ...each, database_specific: { severity: "SEVERE" } } : each,
  );
  const broken = { go, npm: { ...npm, advisories } } as Shards;
  const ran = await place.packrun("run", pack, ...archiveOf("broken", broken), "--json");
  t.equal(ran.code, 1, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "SCHEMA_MISMATCH" });
  t.equal(statusOf(answerOf(ran), "shards[0]::rows"), "succeeded", "the other shard is not held up by it");
  t.equal(statusOf(answerOf(ran), "merge"), "skipped");
  const failed = place.ledger().find((event) => event.eventType === "step.failed");
  t.equal(failed?.stepId, "shards[1]::form");
  t.match(failed?.metadata.hint, "/advisories/1/database_specific/severity");
});

t.test("a release from which more disappears than usual is refused before anybody is asked", async (t) => {
  const { debian } = example("2026.10");
  const given = archiveOf("few", { debian } as Shards);
  const ran = await place.packrun("run", pack, ...given, "--json");
  t.equal(ran.code, 5, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "POLICY_DENIED" });
  t.match(said("changes"), "0 added (0 critical), 0 changed, 9 removed; 3 advisories in all.");
});

/** Runs a program of the pack as a step would find it, without a sandbox around it. */
function step(work: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const given = {
    PACKRUN_PACK: pack,
    PACKRUN_OUTPUT: join(work, "outputs.json"),
    PACKRUN_IN: join(work, "in"),
    ...env,
  };
  return shell(work, join(pack, "bin", program), args, given);
}

t.test("an archive may hold an index and shards, and nothing else", async (t) => {
  const shards = { go: example("2026.11")["go"] } as Shards;
  const refused: Readonly<Record<string, (folder: string) => void>> = {
    "another file": (folder) => writeFileSync(join(folder, "shards/run.sh"), ""),
    "a link": (folder) => void shell(folder, "ln", ["-s", "/etc/passwd", "shards/a.json"]),
    "a pipe": (folder) => void shell(folder, "mkfifo", ["shards/b.json"]),
  };
  for (const [what, spoil] of Object.entries(refused)) {
    const name = what.replace(" ", "-");
    archiveOf(name, shards, "2026.12", spoil);
    const work = t.testdir();
    t.match(
      step(work, "unpack", [place.here(`${name}.tar.gz`)]),
      { status: 1, err: /the archive holds something/ },
      what,
    );
    t.strictSame(readdirSync(work), [], `${what}: nothing is unpacked`);
  }
});

t.test("a shard is the one that the index says, or is refused", async (t) => {
  const work = t.testdir({ in: { database: { shards: { "go.json": "{}" } } } });
  const digest = sha256(join(work, "in/database/shards/go.json"));
  t.match(step(work, "take-shard", [], { SHARD: "go", SHA256: digest }), { status: 0 });
  const other = step(work, "take-shard", [], { SHARD: "go", SHA256: "0".repeat(64) });
  t.match(other, { status: 1, err: `shards/go.json has SHA-256 ${digest}, the index says 000` });
  t.match(step(work, "take-shard", [], { SHARD: "npm", SHA256: digest }), { status: 1, err: "does not hold" });
});

t.test("rows are refused where a shard contradicts its index or itself", async (t) => {
  const { go, npm } = example("2026.11");
  const rowsOf = (shard: Shards[string] | undefined, count: number) => {
    const work = t.testdir({ in: { shard: JSON.stringify(shard) } });
    return step(work, "normalise", [], { SHARD: "go", ADVISORIES: String(count) });
  };
  t.match(rowsOf(go, 3), { status: 0, out: "go: 3 advisories\n" });
  t.match(rowsOf(go, 2), { status: 1, err: "shards/go.json holds 3 advisories, the index says 2" });
  const [first, ...rest] = go?.advisories ?? [];
  const turned = { ecosystem: "Go", advisories: [...rest, first ?? {}] };
  t.match(rowsOf(turned, 3), { status: 1, err: "EXAMPLE-2026-0005 comes after EXAMPLE-2026-0022" });
  const foreign = { ecosystem: "Go", advisories: npm?.advisories ?? [] };
  t.match(rowsOf(foreign, 5), { status: 1, err: "is about npm, its shard about Go" });
});

t.test("only rows that were judged get into the table, and no advisory twice", async (t) => {
  const text = JSON.stringify(example("2026.11")["go"]);
  const work = t.testdir({ in: { shard: text, database: { shards: { "go.json": text, "copy.json": text } } } });
  const lineOf = (shard: string) => {
    step(work, "normalise", [], { SHARD: shard, ADVISORIES: "3" });
    return (JSON.parse(readFileSync(join(work, "outputs.json"), "utf8")) as { line: string }).line;
  };
  const merge = (lines: string) => {
    const env = {
      PATH: "/usr/bin:/bin",
      PACKRUN_PACK: pack,
      PACKRUN_OUTPUT: join(work, "out"),
      PACKRUN_IN: join(work, "in"),
    };
    const ended = spawnSync(join(pack, "bin/merge"), { cwd: work, env, input: lines, encoding: "utf8" });
    return { status: ended.status, err: ended.stderr };
  };
  const line = lineOf("go");
  t.match(merge(line), { status: 0 });
  t.strictSame(JSON.parse(readFileSync(join(work, "out"), "utf8")), { shards: 1, count: 3 });
  t.match(merge(`${line}\n${lineOf("copy")}`), { status: 1, err: "in more than one shard: EXAMPLE-2026-0005" });
  t.match(merge(`go ${"0".repeat(64)}`), { status: 1, err: "the rows of go are not those that were judged" });
});

t.test("the examples are what the pack's program makes of their shards", async (t) => {
  for (const release of ["2026.10", "2026.11"]) {
    example(release);
    const folder = place.here(`example-${release}`);
    rmSync(join(folder, "index.json"));
    shell(folder, join(pack, "bin/make-archive"), [folder, release, place.here("again.tar.gz")]);
    t.equal(sha256(place.here("again.tar.gz")), sha256(join(pack, `data/example-${release}.tar.gz`)));
    const advisories = Object.values(example(release)).flatMap((shard) => shard.advisories);
    t.strictSame(
      advisories.filter((each) => !String(each["id"]).startsWith("EXAMPLE-") || !/Invented/.test(JSON.stringify(each))),
      [],
      "all of them say that they are invented",
    );
  }
});

/** The lines that lib/flatten-json.awk should print. */
function flat(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((each, at) => flat(each, `${path}[${at}]`));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, each]) => flat(each, `${path}.${JSON.stringify(name).slice(1, -1)}`));
  }
  const text = JSON.stringify(value);
  return [`${path}\t${typeof value === "string" ? text.slice(1, -1) : text}`];
}

t.test("JSON read with awk is what JSON.parse reads, however it is laid out", async (t) => {
  const documents = fc.sample(fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, "\t")), 300);
  const work = t.testdir();
  const files = documents.map(([value, indent], at) => {
    const file = join(work, `${at}.json`);
    writeFileSync(file, `${JSON.stringify(value, undefined, indent)}\n`);
    return file;
  });
  const script = 'for file; do LC_ALL=C awk -f "$FLATTEN" "$file"; echo "=$file"; done';
  const env = { FLATTEN: join(pack, "lib/flatten-json.awk") };
  const { out } = shell(work, "sh", ["-c", script, "sh", ...files], env);
  const expected = documents.map(([value], at) =>
    [...flat(JSON.parse(JSON.stringify(value))), `=${files[at]}`, ""].join("\n"),
  );
  t.equal(out, expected.join(""));
});
