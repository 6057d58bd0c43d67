import t from "tap";
import { createHmac } from "node:crypto";
import { retryWait, seedOf } from "#run/retry-wait.ts";
import { digestOfText, sha256 } from "./sample-plan.ts";

const planHash = digestOfText("some plan");
const key = Buffer.from(planHash.slice("sha256:".length), "hex");
const retry = { maxAttempts: 5, initialMs: 1000, factor: 3, maxMs: 5000 };

t.test("the wait grows by its factor up to its maximum, with up to a fifth of jitter", (t) => {
  const bases = [1000, 3000, 5000, 5000];
  for (const [at, base] of bases.entries()) {
    const n = at + 1;
    const u = createHmac("sha256", key).update(`jitter\0push[0]::send\0${n}`).digest().readUInt32BE(0);
    t.equal(retryWait(retry, "push[0]::send", n, planHash, sha256), Math.floor(base * (1 + (0.2 * u) / 2 ** 32)));
  }
  t.end();
});

t.test("the wait depends on plan, step and attempt alone", (t) => {
  const wait = (stepId: string, n: number, hash = planHash): number =>
    retryWait({ ...retry, factor: 1 }, stepId, n, hash, sha256);
  t.equal(wait("a", 1), wait("a", 1));
  t.not(wait("a", 1), wait("b", 1));
  t.not(wait("a", 1), wait("a", 2));
  t.not(wait("a", 1), wait("a", 1, digestOfText("another plan")));
  t.end();
});

t.test("no wait is no wait", (t) => {
  t.equal(retryWait({ ...retry, initialMs: 0 }, "a", 4, planHash, sha256), 0);
  t.end();
});

t.test("a seed is that of its step", (t) => {
  t.equal(seedOf("a", planHash, sha256), createHmac("sha256", key).update("seed\0a").digest("hex"));
  t.end();
});
