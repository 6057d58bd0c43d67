import t from "tap";
import type { Digest } from "#canon/digest.ts";
import type { RunId, TrustDomain } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import { ok } from "#fault/result.ts";
import type { AttemptContext } from "#port/attempt-preparer.ts";
import type { Egress, EgressRecord, EgressScope } from "#port/egress.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { secretProviders } from "#secret/secret-providers.ts";
import type { BuiltIn } from "#step/built-in.ts";
import { builtIns } from "#step/built-ins.ts";
import { prepareBuiltIn } from "#step/run/prepare-built-in.ts";
import { resolveSecrets } from "#step/run/resolve-secrets.ts";
import { planOf, run } from "../run/sample-plan.ts";
import { bench, closed, noEgress, sha256 } from "./built-in-request.ts";

const attempt = (more: Partial<ResolvedAttempt> = {}): ResolvedAttempt =>
  ({ stepId: "a", sandbox: closed, timeoutMs: 60_000, secretEnv: {}, secretFiles: {}, ...more }) as ResolvedAttempt;

const sink = () => Promise.resolve();

/** A built-in that works until it is stopped. */
const patient: BuiltIn = {
  ...(builtIns.get("sbom.files") as BuiltIn),
  execute: ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ kind: "cancelled", durationMs: 1, artifacts: [] }));
    }),
};

async function prepared(
  t: Tap,
  uses: string,
  given: Json,
  more: { attempt?: ResolvedAttempt; builtIn?: BuiltIn; egress?: Egress } = {},
) {
  const text = "a bundle";
  const runner = bench(t.testdir(), { "feed.tar": text });
  await runner.keep(text);
  const { artifacts, tenantId, artifactsPath, redactor } = runner.request(null);
  const known = more.builtIn === undefined ? builtIns : new Map([[uses, more.builtIn]]);
  const ports = {
    builtIns: known,
    packListing: runner.packListing,
    artifacts,
    artifactsPath,
    redactor,
    egress: more.egress ?? noEgress,
    plan: planOf([run("a")]),
  };
  const identity = {
    tenantId,
    runId: "0198b0d0-0000-7000-8000-000000000000" as RunId,
    trustDomain: "test" as TrustDomain,
    planHash: `sha256:${"0".repeat(64)}` as Digest,
  };
  const context: AttemptContext = { identity, attempt: 1, startedAt: 0 };
  return prepareBuiltIn(more.attempt ?? attempt(), { uses, with: given }, context, ports);
}

type Tap = { readonly testdir: () => string };

t.test("a file of the pack is read from its stored copy", async (t) => {
  const ready = await prepared(t, "bundle.ingest", { source: "./feed.tar", checksum: sha256("a bundle") });
  t.match(ready.ok && (await ready.value.start(sink)), { kind: "succeeded" });
  const absent = await prepared(t, "bundle.ingest", { source: "./absent.tar", checksum: sha256("a bundle") });
  t.match(absent.ok && (await absent.value.start(sink)), { kind: "failed", reason: "BUNDLE_FILE_MISSING" });
});

t.test("a built-in that is stopped is cancelled, one that takes too long has failed", async (t) => {
  const stopped = await prepared(t, "wait", {}, { builtIn: patient });
  const outcome = stopped.ok ? stopped.value.start(sink) : undefined;
  if (stopped.ok) {
    stopped.value.stop();
  }
  t.match(await outcome, { kind: "cancelled" });
  const late = await prepared(t, "wait", {}, { builtIn: patient, attempt: attempt({ timeoutMs: 1 }) });
  t.match(late.ok && (await late.value.start(sink)), { kind: "failed", reason: "STEP_TIMEOUT" });
});

/** A built-in that opens its network twice, then does this. */
const reaching = (then: BuiltIn["execute"]): BuiltIn => ({
  ...patient,
  execute: async (request) => {
    await Promise.all([request.egress(), request.egress()]);
    return then(request);
  },
});

/** Counts what is opened and closed; nothing leaves. */
function countedEgress(record: EgressRecord) {
  const seen: { opened: EgressScope[]; closed: number } = { opened: [], closed: 0 };
  const egress: Egress = {
    open: async (scope) => {
      seen.opened.push(scope);
      const close = async (): Promise<EgressRecord> => {
        seen.closed += 1;
        return record;
      };
      return ok({ fetch: () => Promise.reject(new Error("not asked")), close });
    },
    close: () => Promise.resolve(),
  };
  return { egress, seen };
}

t.test("a network is opened once for an attempt, closed with it, and told of whatever the end", async (t) => {
  const hint = "add it";
  const denied = [{ host: "evil.example", port: 443, reason: "EGRESS_DENIED", code: "EGRESS_DENIED", hint }];
  const record: EgressRecord = { use: { requests: 2, bytesIn: 5, bytesOut: 7 }, denied };
  const told = { egress: record.use, denied };
  const succeed = reaching(() => Promise.resolve({ kind: "succeeded", durationMs: 1, artifacts: [], outputs: {} }));
  const { egress, seen } = countedEgress(record);
  const good = await prepared(t, "reach", {}, { builtIn: succeed, egress });
  t.match(good.ok && (await good.value.start(sink)), { kind: "succeeded", ...told });
  t.match(seen, { opened: [{ stepId: "a", attempt: 1, sandbox: closed }], closed: 1 });
  const late = { builtIn: reaching(patient.execute), egress, attempt: attempt({ timeoutMs: 1 }) };
  const slow = await prepared(t, "reach", {}, late);
  t.match(slow.ok && (await slow.value.start(sink)), { kind: "failed", reason: "STEP_TIMEOUT", ...told });
  const bug = reaching(() => Promise.reject(new Error("a bug")));
  const broken = await prepared(t, "reach", {}, { builtIn: bug, egress });
  await t.rejects(async () => (broken.ok ? broken.value.start(sink) : undefined), /a bug/);
  t.match([seen.opened.length, seen.closed], [3, 3], "closed also when the built-in throws");
});

t.test("a built-in that asks for no network has none to tell of", async (t) => {
  const given = { source: "./feed.tar", checksum: sha256("a bundle") };
  const ready = await prepared(t, "bundle.ingest", given, { egress: noEgress });
  const outcome = ready.ok ? await ready.value.start(sink) : undefined;
  t.notOk(outcome === undefined || "egress" in outcome || "denied" in outcome);
});

t.test("a secret that this process was not told where to get is refused by its name", async (t) => {
  const { redactor } = bench(t.testdir());
  const secrets = secretProviders({
    env: { TOKEN: "correct horse" },
    readFile: () => Promise.reject(new Error("none")),
    places: { commands: {}, vault: {} },
    stdin: () => process.stdin,
  });
  const wanted = attempt({ secretEnv: { DEPLOY: "deployToken" }, secretFiles: { AGAIN: "deployToken" } });
  t.match(await resolveSecrets(wanted, { secrets, redactor, references: new Map() }), {
    ok: false,
    fault: { code: "SECRET_UNRESOLVED", message: /deployToken/ },
  });
  const references = new Map([["deployToken", { provider: "env", locator: "TOKEN" }]]);
  t.match(await resolveSecrets(wanted, { secrets, redactor, references }), {
    ok: true,
    value: {
      env: { DEPLOY: "correct horse" },
      files: { AGAIN: "correct horse" },
      resolved: [{ name: "deployToken", provider: "env" }],
    },
  });
  t.equal(redactor.redact("the correct horse"), "the [redacted:deployToken]", "and is known to the redactor");
});
