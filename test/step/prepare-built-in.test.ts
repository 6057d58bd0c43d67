import t from "tap";
import type { Digest } from "#canon/digest.ts";
import type { RunId, TrustDomain } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import type { AttemptContext } from "#port/attempt-preparer.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { secretProviders } from "#secret/secret-providers.ts";
import type { BuiltIn } from "#step/built-in.ts";
import { builtIns } from "#step/built-ins.ts";
import { prepareBuiltIn } from "#step/run/prepare-built-in.ts";
import { resolveSecrets } from "#step/run/resolve-secrets.ts";
import { bench, sha256 } from "./built-in-request.ts";

const attempt = (more: Partial<ResolvedAttempt> = {}): ResolvedAttempt =>
  ({ sandbox: { mode: "sealed" }, timeoutMs: 60_000, secretEnv: {}, secretFiles: {}, ...more }) as ResolvedAttempt;

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
  more: { attempt?: ResolvedAttempt; builtIn?: BuiltIn } = {},
) {
  const text = "a bundle";
  const runner = bench(t.testdir(), { "feed.tar": text });
  await runner.keep(text);
  const { artifacts, tenantId, artifactsPath, redactor } = runner.request(null);
  const known = more.builtIn === undefined ? builtIns : new Map([[uses, more.builtIn]]);
  const ports = { builtIns: known, packListing: runner.packListing, artifacts, artifactsPath, redactor };
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

t.test("a secret that this process was not told where to get is refused by its name", async (t) => {
  const { redactor } = bench(t.testdir());
  const secrets = secretProviders({
    env: { TOKEN: "correct horse" },
    readFile: () => Promise.reject(new Error("none")),
  });
  const wanted = attempt({ secretEnv: { DEPLOY: "deployToken" }, secretFiles: { AGAIN: "deployToken" } });
  t.match(await resolveSecrets(wanted, { secrets, redactor, references: new Map() }), {
    ok: false,
    fault: { code: "SECRET_NOT_GIVEN", message: /deployToken/ },
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
