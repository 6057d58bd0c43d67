import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sealRun } from "#app/seal-run.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { EgressRule, Plan, Sandbox } from "#plan/plan.ts";
import type { EgressLine } from "#run/egress-line.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { Verdict } from "#verify/verdict.ts";
import { finishedRun, must, runNode, samplePlan, type World } from "../app/sealed-world.ts";
import { check, filesOf, findings, resign, type Files } from "./bundle-tools.ts";

const rule = (host: string, more: Partial<EgressRule> = {}): EgressRule => ({
  host,
  port: 443,
  protocol: "tls",
  allowPrivate: false,
  ...more,
});

const base = samplePlan({ nodes: [] });
const open: Sandbox = {
  ...base.sandbox,
  egressAllowlist: [
    rule("registry.acme.example", { maxRequests: 3, maxBytes: 1000 }),
    rule("*.acme.example", { maxRequests: 3 }),
    rule("10.0.0.8", { port: 80, protocol: "http" }),
  ],
  egressQuota: { requests: 6, bytes: 2000 },
};
const narrow: Sandbox = {
  ...open,
  egressAllowlist: [rule("a.acme.example", { maxBytes: 100 })],
  egressQuota: { requests: 2, bytes: 150 },
};
const plan: Plan = {
  ...base,
  sandbox: open,
  steps: [
    runNode("fetch", { retry: { maxAttempts: 2, initialMs: 0, factor: 1, maxMs: 0 } }),
    runNode("narrow", { needs: ["fetch"], sandbox: narrow }),
    runNode("closed", { needs: ["narrow"], sandbox: base.sandbox }),
    {
      id: "each",
      kind: "map",
      parent: null,
      needs: ["closed"],
      continueOnError: false,
      items: ["eu", "us"],
      as: "zone",
      maxItems: 2,
    },
    runNode("each[*]::push", { parent: "each" }),
  ],
};

type Try = Partial<EgressLine> & { readonly sequence?: number };
const tries = (...all: readonly Try[]): readonly EgressLine[] =>
  all.map((line, at) => ({
    sequence: at + 1,
    timestamp: "2026-01-05T08:00:00.000Z" as EgressLine["timestamp"],
    stepId: "fetch",
    attempt: 1,
    protocol: "tls",
    host: "registry.acme.example",
    port: 443,
    decision: "allowed",
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 1,
    ...line,
  }));
const bytesOf = (lines: readonly object[]): Uint8Array =>
  Buffer.concat(lines.flatMap((line) => [canonicalBytes(line), Buffer.from("\n")]));

type Outcomes = Readonly<Record<string, Partial<AttemptOutcome>>>;

/** A sealed run whose steps reported this of their network, with these lines in its record. */
async function recorded(lines: readonly object[], outcomes: Outcomes, of: Plan = plan): Promise<World> {
  const world = await finishedRun({ plan: of, outcome: (stepId, attempt) => outcomes[`${stepId} ${attempt}`] });
  must(await world.ports.lines.append(world.identity, "egress.jsonl", bytesOf(lines), { durable: true }));
  must(await sealRun(world.identity, world.ports, world.folder));
  return world;
}

const ofEgress = (verdict: Verdict): string => {
  const found = verdict.checks.find((each) => each.name === "egress");
  return `${found?.status}: ${found?.why}`;
};

async function found(lines: readonly object[], outcomes: Outcomes = {}, of: Plan = plan): Promise<readonly string[]> {
  const world = await recorded(lines, outcomes, of);
  return findings(await check(filesOf(world.folder), world.trustRoot));
}

const used = (requests: number, bytesIn: number, bytesOut: number): Partial<AttemptOutcome> => ({
  egress: { requests, bytesIn, bytesOut },
});
const refused = { host: "evil.example", port: 443, reason: "EGRESS_DENIED" };
const told = { ...refused, code: "EGRESS_DENIED", hint: "add it" };
const goodLines = tries(
  { bytesIn: 300, bytesOut: 20 },
  { ...refused, decision: "denied" },
  { ...refused, decision: "denied" },
  { attempt: 2, bytesIn: 500, bytesOut: 20, reason: "EGRESS_UPSTREAM" },
  { stepId: "narrow", host: "a.acme.example", bytesIn: 90, bytesOut: 10 },
  { stepId: "each[1]::push", host: "10.0.0.8", port: 80, protocol: "http", method: "GET", path: "/", status: 200 },
  { stepId: "tidy", protocol: "unknown", host: "", port: 0, decision: "denied", reason: "EGRESS_MALFORMED" },
);
const goodOutcomes: Outcomes = {
  "fetch 1": { kind: "failed", reason: "STEP_EXIT", hint: "look", exitCode: 1, denied: [told] },
  "fetch 2": used(1, 500, 20),
  "narrow 1": used(1, 90, 10),
  "each[1]::push 1": used(1, 0, 0),
};
const goodWorld = await recorded(goodLines, goodOutcomes);
const good: Files = filesOf(goodWorld.folder);
const root = goodWorld.trustRoot;

t.test("a record of the network is sealed as it is, listed, and verified", async (t) => {
  t.same(readFileSync(join(goodWorld.folder, "egress.jsonl")), bytesOf(goodLines));
  const manifest = JSON.parse(Buffer.from(good.get("evidence.manifest.json") ?? "").toString()) as {
    hashes: { path: string; role: string; mediaType: string }[];
  };
  t.match(
    manifest.hashes.find((file) => file.path === "egress.jsonl"),
    { role: "egress", mediaType: "application/x-ndjson" },
  );
  const verdict = await check(good, root);
  t.same(findings(verdict), []);
  t.equal(ofEgress(verdict), "pass: 4 requests let through, 3 refused, 940 bytes, as plan and ledger say");
});

t.test("sealing a run once more gives the same record and the same manifest", async (t) => {
  const again = `${goodWorld.folder}-again`;
  must(await sealRun(goodWorld.identity, goodWorld.ports, again));
  for (const path of ["egress.jsonl", "evidence.manifest.json"]) {
    t.same(readFileSync(join(again, path)), readFileSync(join(goodWorld.folder, path)), path);
  }
});

t.test("a run that tried nothing has no record, and the check says why", async (t) => {
  const quiet = await recorded([], {});
  t.notOk(filesOf(quiet.folder).has("egress.jsonl"));
  const verdict = await check(filesOf(quiet.folder), quiet.trustRoot);
  t.equal(ofEgress(verdict), "pass: no step tried to reach the network");
  const closed = await recorded([], {}, samplePlan());
  t.equal(
    ofEgress(await check(filesOf(closed.folder), closed.trustRoot)),
    "pass: the plan lets no step reach the network",
  );
});

t.test("no change of one byte of the record is verified", async (t) => {
  const bytes = good.get("egress.jsonl") ?? new Uint8Array();
  for (let at = 0; at < bytes.length; at += 7) {
    const bad = Uint8Array.from(bytes);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    t.equal((await check(new Map([...good, ["egress.jsonl", bad]]), root)).verdict, "failed", `byte ${at}`);
  }
});

t.test("lines of another form, order or number are refused, whoever signed the manifest", async (t) => {
  const [first, second, ...others] = goodLines;
  if (first === undefined || second === undefined) {
    throw new Error("no lines");
  }
  const { durationMs: _durationMs, ...short } = first;
  const text = Buffer.from(bytesOf(goodLines)).toString();
  const attacks: Readonly<Record<string, Uint8Array | string>> = {
    "a line taken out": bytesOf([first, ...others]),
    "two lines exchanged": bytesOf([second, first, ...others]),
    "a line twice": bytesOf([first, first, second, ...others]),
    "another member": bytesOf([{ ...first, note: "x" }, second, ...others]),
    "a member missing": bytesOf([short, second, ...others]),
    "a negative count": bytesOf([{ ...first, bytesIn: -1 }, second, ...others]),
    "another decision": bytesOf([{ ...first, decision: "maybe" }, second, ...others]),
    "the first number is 0": bytesOf([{ ...first, sequence: 0 }]),
    spaces: text.replace(":", ": "),
    "an empty line": `\n${text}`,
    "no end": text.slice(0, -1),
    "a line without end": `${text}${"x".repeat(1_100_000)}`,
    nothing: "",
    "no text": Buffer.from([0xff, 0x0a]),
  };
  for (const [name, bytes] of Object.entries(attacks)) {
    const files = await resign(new Map([...good, ["egress.jsonl", Buffer.from(bytes)]]));
    const [finding] = findings(await check(files, root));
    t.equal(finding, "egress: EGRESS_LINE_FORM", name);
  }
});

t.test("a try is one of an attempt that ran and may reach the network", async (t) => {
  const unplanned = ["egress: EGRESS_LINE_UNPLANNED"];
  const denied = { decision: "denied", reason: "EGRESS_DENIED" } as const;
  const strangers: Readonly<Record<string, Try>> = {
    "a step with an empty list": { stepId: "closed" },
    "no step of the plan": { stepId: "other" },
    "a container": { stepId: "each" },
    "an item that was not expanded": { stepId: "each[2]::push" },
    "a template": { stepId: "each[*]::push" },
    "an attempt that did not begin": { attempt: 2 },
  };
  for (const [name, line] of Object.entries(strangers)) {
    t.same(await found(tries({ ...line, ...denied })), unplanned, name);
  }
  t.same(await found(tries(denied), {}, samplePlan()), unplanned, "a plan without rules");
  t.same(await found(tries({ decision: "denied" })), unplanned, "refused for no reason");
});

t.test("what was let through is what a rule allows", async (t) => {
  const use = { "fetch 1": used(1, 0, 0), "narrow 1": used(0, 0, 0) };
  const over: Readonly<Record<string, Try>> = {
    "another host": { host: "evil.example" },
    "the bare suffix": { host: "acme.example" },
    "another port": { port: 8443 },
    "another protocol": { protocol: "tcp" },
    "an unknown protocol": { protocol: "unknown" },
    "no one spelling": { host: "REGISTRY.acme.example" },
    "no Punycode": { host: "xn--zz.acme.example" },
  };
  for (const [name, line] of Object.entries(over)) {
    t.same(await found(tries(line), use), ["egress: EGRESS_LINE_UNPLANNED"], name);
  }
  const beyond = await found(tries({ stepId: "narrow", host: "b.acme.example" }), { "narrow 1": used(1, 0, 0) });
  t.same(beyond, ["egress: EGRESS_LINE_UNPLANNED"], "allowed by the pack, not by the step");
  t.same(await found(tries({ host: "b.acme.example" }), use), [], "under a suffix");
  t.same(await found(tries({ host: "xn--bcher-kva.acme.example" }), use), [], "Punycode under a suffix");
  t.same(await found(tries({ host: "[redacted:token].acme.example" }), use), [], "a redacted name under a suffix");
  const hidden = await found(tries({ host: "[redacted:token].example" }), use);
  t.same(hidden, ["egress: EGRESS_LINE_UNPLANNED"], "a redacted name elsewhere");
});

t.test("what an attempt's end says is what its lines add up to", async (t) => {
  const mismatch = ["egress: EGRESS_USE_MISMATCH"];
  const lines = tries({ bytesIn: 30, bytesOut: 2 });
  t.same(await found(lines, { "fetch 1": used(1, 30, 2) }), []);
  for (const use of [used(2, 30, 2), used(1, 31, 2), used(1, 30, 1), used(0, 0, 0), {}]) {
    t.same(await found(lines, { "fetch 1": use }), mismatch, JSON.stringify(use));
  }
  t.same(await found([], { "fetch 1": used(1, 0, 0) }), mismatch, "the record is absent");
  t.same(await found([], { "closed 1": used(1, 0, 0) }), mismatch, "a step without rules says that it used some");
  const counted = { decision: "denied", host: "*", port: 0, reason: "EGRESS_DENIALS", tries: 2 } as const;
  const some = tries({ bytesIn: 30 }, counted);
  t.same(await found(some, { "fetch 1": used(1, 30, 0) }), [], "refused tries are no requests");
  t.same(await found(some, { "fetch 1": used(2, 30, 0) }), mismatch);
  const broken = { kind: "failed", reason: "STEP_EXIT", hint: "look", exitCode: 1 } as const;
  t.same(await found(lines, { "fetch 1": broken }), [], "a retried attempt says nothing");
  const twice = tries({ bytesIn: 30 }, { attempt: 2, bytesIn: 5 });
  t.same(await found(twice, { "fetch 1": broken, "fetch 2": { ...broken, ...used(1, 5, 0) } }), []);
  t.same(await found(twice, { "fetch 1": broken, "fetch 2": { ...broken, ...used(1, 6, 0) } }), mismatch);
});

t.test("every refused try of the ledger has its line", async (t) => {
  const line = { ...refused, decision: "denied" } as const;
  const twice = { "fetch 1": { denied: [told, told] } };
  t.same(await found(tries(line, line), twice), []);
  t.same(await found(tries(line, line, line), twice), [], "the ledger may show fewer");
  const others: Readonly<Record<string, readonly EgressLine[]>> = {
    "one of two": tries(line),
    none: [],
    "another reason": tries(line, { ...line, reason: "EGRESS_DNS" }),
    "another host": tries(line, { ...line, host: "other.example" }),
    "another port": tries(line, { ...line, port: 80 }),
    "another step": tries(line, { ...line, stepId: "narrow" }),
    "let through": tries(line, { ...line, host: "registry.acme.example", decision: "allowed" }),
  };
  for (const [name, lines] of Object.entries(others)) {
    t.same((await found(lines, twice)).slice(0, 1), ["egress: EGRESS_USE_MISMATCH"], name);
  }
  const closed = { "closed 1": { denied: [told] } };
  t.same(await found([], closed), ["egress: EGRESS_USE_MISMATCH"], "a step without rules cannot be refused");
});

t.test("quotas hold for the run, for a rule, and for a step with narrower ones, over all attempts", async (t) => {
  const broken = { kind: "failed", reason: "STEP_EXIT", hint: "look", exitCode: 1 } as const;
  const failing = { "fetch 1": broken, "fetch 2": broken };
  const over = ["egress: EGRESS_OVER_QUOTA"];
  const plain = { host: "10.0.0.8", port: 80, protocol: "http" } as const;
  const many = (count: number, line: Try): readonly Try[] => Array.from({ length: count }, () => line);
  t.same(await found(tries(...many(6, plain)), failing), []);
  t.same(await found(tries(...many(6, plain), { ...plain, attempt: 2 }), failing), over, "requests of the run");
  t.same(await found(tries({ ...plain, bytesIn: 1990, bytesOut: 10 }), failing), []);
  t.same(await found(tries({ ...plain, bytesIn: 1990 }, { ...plain, bytesOut: 11 }), failing), over, "its bytes");
  t.same(await found(tries(...many(3, {})), failing), []);
  t.same(await found(tries(...many(4, {})), failing), over, "requests of a rule");
  t.same(await found(tries({ bytesIn: 1001 }), failing), over, "bytes of a rule");
  t.same(await found(tries(...many(3, { host: "b.acme.example" }), {}), failing), [], "of each rule");
  const step = { stepId: "narrow", host: "a.acme.example" };
  const ended = (requests: number, bytesIn: number): Outcomes => ({ "narrow 1": used(requests, bytesIn, 0) });
  t.same(await found(tries(...many(2, step)), ended(2, 0)), []);
  t.same(await found(tries(...many(3, step)), ended(3, 0)), over, "requests of a step");
  t.same(await found(tries({ ...step, bytesIn: 100 }), ended(1, 100)), []);
  t.same(await found(tries({ ...step, bytesIn: 101 }), ended(1, 101)), over, "bytes of a step's rule");
  const shared = tries(...many(2, step), ...many(2, { host: "b.acme.example" }));
  const both = { "fetch 1": used(2, 0, 0), ...ended(2, 0) };
  t.same(await found(shared, both), over, "and of the pack's");
});

t.test("rules without a quota let nothing out", async (t) => {
  const { egressQuota: _egressQuota, ...unlimited } = open;
  const of = { ...plan, sandbox: unlimited };
  t.same(await found(tries({}), { "fetch 1": used(1, 0, 0) }, of), ["egress: EGRESS_OVER_QUOTA"]);
});

t.test("a long record is verified in one pass", async (t) => {
  const lines = tries(...Array.from({ length: 20_000 }, (): Try => ({ ...refused, decision: "denied" })));
  t.same(await found(lines), []);
});
