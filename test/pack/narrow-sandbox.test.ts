import * as fc from "fast-check";
import t from "tap";
import { narrowSandbox } from "#pack/narrow-sandbox.ts";
import type { SandboxRule } from "#pack/pack.ts";
import type { StepSandboxText } from "#pack/sandbox-shape.ts";
import { sandboxRuleOf } from "#pack/sandbox-rule.ts";

const pack: SandboxRule = sandboxRuleOf({
  mode: "sealed",
  egressAllowlist: [
    "a.example:443",
    { host: "*.b.example", port: 5432, protocol: "tcp", allowPrivate: true, maxBytes: "1Mi" },
    { host: "x.b.example", port: 5432, maxRequests: 3 },
  ],
  egressQuota: { requests: 10, bytes: "1Mi" },
  limits: { cpus: 2, memory: "1Gi" },
  wallClock: "1h",
});

function widened(step: StepSandboxText): readonly string[] {
  return narrowSandbox(pack, step).widenings.map(({ path }) => path.join("."));
}

t.test("what a step does not say is the pack's", async (t) => {
  t.strictSame(narrowSandbox(pack, {}), { sandbox: pack, widenings: [] });
});

t.test("a step's rule takes what it does not say from the nearest rule of the pack", async (t) => {
  const { sandbox, widenings } = narrowSandbox(pack, { egressAllowlist: ["y.b.example:5432", "x.b.example:5432"] });
  t.strictSame(widenings, []);
  t.strictSame(sandbox.egressAllowlist, [
    { host: "y.b.example", port: 5432, protocol: "tcp", allowPrivate: true, maxBytes: 1_048_576 },
    { host: "x.b.example", port: 5432, protocol: "tls", allowPrivate: false, maxRequests: 3 },
  ]);
});

t.test("without a network there is no quota", async (t) => {
  t.equal(narrowSandbox(pack, { egressAllowlist: [] }).sandbox.egressQuota, undefined);
});

t.test("everything that opens more than the pack is found at its place", async (t) => {
  t.strictSame(widened({ mode: "restricted" }), ["mode"]);
  t.strictSame(widened({ egressAllowlist: ["a.example:80", "c.example:443"] }), [
    "egressAllowlist.0",
    "egressAllowlist.1",
  ]);
  t.strictSame(widened({ egressAllowlist: ["*.a.example:443"] }), ["egressAllowlist.0"]);
  t.strictSame(widened({ egressAllowlist: [{ host: "a.example", port: 443, protocol: "tcp" }] }), [
    "egressAllowlist.0",
  ]);
  t.strictSame(widened({ egressAllowlist: [{ host: "a.example", port: 443, allowPrivate: true }] }), [
    "egressAllowlist.0",
  ]);
  t.strictSame(widened({ egressAllowlist: [{ host: "y.b.example", port: 5432, maxBytes: "2Mi" }] }), [
    "egressAllowlist.0.maxBytes",
  ]);
  t.strictSame(widened({ egressQuota: { requests: 11, bytes: 1 } }), ["egressQuota.requests"]);
  t.strictSame(widened({ limits: { cpus: 3, memory: "2Gi", pids: 257, log: "17Mi", artifacts: "2Gi" } }), [
    "limits.cpus",
    "limits.memory",
    "limits.pids",
    "limits.log",
    "limits.artifacts",
  ]);
  t.strictSame(widened({ limits: { minEnforcement: "watchdog" } }), ["limits.minEnforcement"]);
  t.strictSame(widened({ limits: { minEnforcement: "kernel-tree" } }), []);
});

t.test("a restricted pack may be sealed by a step, and asks for more enforcement then", async (t) => {
  const restricted: SandboxRule = { ...pack, mode: "restricted" };
  t.strictSame(narrowSandbox(restricted, { mode: "sealed" }).widenings, []);
  t.equal(narrowSandbox(restricted, { mode: "sealed", limits: { minEnforcement: "watchdog" } }).widenings.length, 1);
  t.equal(narrowSandbox(restricted, { limits: { minEnforcement: "watchdog" } }).widenings.length, 0);
});

t.test("what is not refused is never more than the pack's", async () => {
  const amount = fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined });
  fc.assert(
    fc.property(amount, amount, amount, (memory, requests, pids) => {
      const step: StepSandboxText = {
        limits: { ...(memory === undefined ? {} : { memory }), ...(pids === undefined ? {} : { pids }) },
        egressQuota: requests === undefined ? {} : { requests },
      };
      const { sandbox, widenings } = narrowSandbox(pack, step);
      const within =
        sandbox.limits.memoryBytes <= pack.limits.memoryBytes &&
        sandbox.limits.pids <= pack.limits.pids &&
        (sandbox.egressQuota?.requests ?? 0) <= (pack.egressQuota?.requests ?? 0);
      return within === (widenings.length === 0);
    }),
  );
});
