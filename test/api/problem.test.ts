import { readFileSync } from "node:fs";
import t from "tap";
import { problemOf } from "#api/problem.ts";
import { serverHint } from "#api/server-hint.ts";
import { statusOf } from "#api/status-table.ts";
import { faultOf } from "#fault/code-table.ts";
import { StoreError } from "#fault/store-error.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { apiWorld, tenantOf } from "./api-world.ts";

const known = JSON.parse(readFileSync("schemas/codes.json", "utf8")) as Readonly<Record<string, unknown>>;
const inner = "/srv/packrun/state on db7.internal:27017";

t.test("every problem of the server's own says what to do about it, and nothing of the server", async (t) => {
  const unlisted = serverHint("NO_SUCH_CODE");
  const serverCodes = Object.keys(known).filter((code) => statusOf(code) >= 500);
  t.ok(serverCodes.length > 20);
  for (const code of serverCodes) {
    const fault = { code, message: `cannot use ${inner}`, hint: `look at ${inner}`, data: { problem: inner } };
    const problem = problemOf({ fault }, "1");
    t.ok(problem.status >= 500, code);
    t.ok((problem.hint ?? "").length > 10, code);
    t.not(problem.hint, unlisted, `${code} has a hint of its own`);
    t.notMatch(JSON.stringify(problem), /srv|internal|27017/, code);
    t.notMatch(problem.hint, /\{(?!runId)/, `${code} leaves nothing to fill in`);
  }
  t.match(unlisted, /id of this request/);
});

t.test("a refusal that is the sender's has the hint of its fault", async (t) => {
  t.equal(problemOf({ fault: { code: "RUN_UNKNOWN", message: "m", hint: "h" } }, "1").hint, "h");
  t.notOk("hint" in problemOf({ fault: { code: "RUN_UNKNOWN", message: "m" } }, "1"));
});

t.test("a store that fails is answered with a hint, whatever its fault tells", async (t) => {
  const world = await apiWorld(t, { loopback: { token: "operator", tenantId: tenantOf("default") } });
  const fault = faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: inner }, { hint: `look at ${inner}` });
  const server = await world.another({
    loopback: { token: "operator", tenantId: tenantOf("default") },
    service: { ...world.service, plan: () => Promise.reject(new StoreError(fault)) },
  });
  const answer = await fetch(`${server.url}/api/plans`, {
    method: "POST",
    headers: { Authorization: "Bearer operator", "Content-Type": "application/json" },
    body: JSON.stringify({ pack: { ref: "acme/small@1.0.0" }, inputs: {} }),
  });
  t.equal(answer.status, 503);
  const text = await answer.text();
  t.match(JSON.parse(text), { code: "STORE_UNAVAILABLE", hint: /operator/ });
  t.notMatch(text, /srv|internal/);
});
