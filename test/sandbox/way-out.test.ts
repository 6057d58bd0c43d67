import { createServer, type AddressInfo, type Socket } from "node:net";
import t from "tap";
import type { EgressRule } from "#plan/plan.ts";
import { egressEnv } from "../../src/sandbox/egress-env.ts";
import { openEgress } from "./egress-rig.ts";
import { openRig, reasonOf, runPrepared, type Ran } from "./sandbox-rig.ts";

const { egress, lines } = await openEgress({ "outside.example": "127.0.0.1" });
const rig = openRig(t, { egress });

/** A server of this host that answers each connection with a line. */
const live = new Set<Socket>();
const outside = createServer((socket) => {
  live.add(socket);
  socket.on("close", () => live.delete(socket));
  socket.on("error", () => undefined);
  socket.write("from outside\n");
});
await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
t.teardown(() => outside.close());
const { port } = outside.address() as AddressInfo;
const rule: EgressRule = { host: "outside.example", port, protocol: "tcp", allowPrivate: true };

const withWayOut = (script: string): Promise<Ran> => rig.run({ script, egress: [rule] });
const bash = (text: string): Promise<Ran> =>
  rig.run({ program: { kind: "script", text, shell: "bash" }, egress: [rule] });
/** Opens a connection through the proxy on descriptor 3 and reads the line from outside. */
const connect = `exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT outside.example:${port} HTTP/1.1\\r\\nHost: outside.example:${port}\\r\\n\\r\\n' >&3; until read -r line <&3 && [ "$line" = "from outside" ]; do :; done`;

function listening(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
}

t.test("a step with a way out holds neither the socket nor the channel, and knows how to ask", async (t) => {
  const held = await withWayOut("ls /proc/self/fd | tr '\\n' ' '; echo; env | grep -i -e proxy -e channel | sort");
  const [fds = "", ...variables] = held.stdout.trimEnd().split("\n");
  t.match(fds, /^0 1 2 \d+ $/, "the last one is that of ls");
  const proxy = "http://127.0.0.1:3128";
  const direct = "localhost,127.0.0.1,::1";
  t.strictSame(variables, [
    `ALL_PROXY=${proxy}`,
    `HTTPS_PROXY=${proxy}`,
    `HTTP_PROXY=${proxy}`,
    "NODE_USE_ENV_PROXY=1",
    `NO_PROXY=${direct}`,
    `all_proxy=${proxy}`,
    `http_proxy=${proxy}`,
    `https_proxy=${proxy}`,
    `no_proxy=${direct}`,
  ]);
  const processes = await withWayOut("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; ls -l /proc/[0-9]*/fd | grep -c socket");
  t.notMatch(processes.stdout, /node|relay/);
  t.match(processes.stdout, /(^|\D)0\n$/, "no process of the step has a socket");
});

t.test("a step without a way out gets none of it, before and after one that has it", async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const { stdout, outcome } = await rig.run({
      program: {
        kind: "script",
        shell: "bash",
        text: "! env | grep -i proxy; ls /proc/self/fd | wc -w; { (: </dev/tcp/127.0.0.1/3128) 2>&1 || :; } | grep -o refused | uniq; ls /run/packrun",
      },
    });
    const there = "in\ninit\ninputs\noutput.json\npack\nscript\nwork\n";
    t.strictSame([stdout, outcome.egress], [`4\nrefused\n${there}`, undefined], reasonOf(outcome));
    t.equal((await bash(`${connect}; echo through`)).stdout, "through\n");
  }
});

t.test("mode restricted has the same way out, and no other", async (t) => {
  const text = `${connect}; echo through; { (: </dev/tcp/127.0.0.1/${port}) 2>&1 || :; } | grep -o refused | uniq; ls /proc/self/fd | wc -w`;
  const { stdout, outcome } = await rig.run({
    program: { kind: "script", text, shell: "bash" },
    egress: [rule],
    mode: "restricted",
  });
  t.equal(stdout, "through\nrefused\n5\n", reasonOf(outcome));
  t.match(outcome.egress, { requests: 1 });
});

t.test("a rule for loopback takes its name out of what is reached directly", async (t) => {
  const sandbox = (host: string): Parameters<typeof egressEnv>[0] => ({
    ...rig.request({}).sandbox,
    egressAllowlist: [{ ...rule, host }],
  });
  t.equal(egressEnv(sandbox("localhost"))["NO_PROXY"], "127.0.0.1,::1");
  t.equal(egressEnv(sandbox("::1"))["no_proxy"], "localhost,127.0.0.1");
  t.strictSame(egressEnv(rig.request({}).sandbox), {});
  const own = await rig.run({ script: "echo $NO_PROXY", env: { NO_PROXY: "own.example" }, egress: [rule] });
  t.equal(own.stdout, "own.example\n", "the pack may say otherwise");
});

t.test("many steps in one slot are served one after the other, and nothing of them stays open", async (t) => {
  const before = listening();
  for (let round = 0; round < 20; round += 1) {
    const { stdout, outcome } = await bash(`${connect}; echo ${round}`);
    t.equal(stdout, `${round}\n`);
    t.match(outcome, { kind: "succeeded", egress: { requests: 1 }, denied: [] });
  }
  t.equal(listening(), before);
  t.equal(live.size, 0);
});

t.test("secrets as files and a way out go together", async (t) => {
  const secretFiles = { ONE: "first value", TWO: "second value", THREE: "3", FOUR: "4", FIVE: "5" };
  const text = `wc -c <"$ONE"; wc -c <"$TWO"; wc -c <"$FIVE"; ${connect}; ls /proc/self/fd | wc -w`;
  const { stdout } = await rig.run({ program: { kind: "script", text, shell: "bash" }, secretFiles, egress: [rule] });
  t.equal(stdout, "11\n12\n1\n5\n");
});

t.test("what a step leaves open, and what it cannot end, is cut when it is over", async (t) => {
  const left = await bash(`${connect}; (setsid sleep 300 <&3 >/dev/null 2>&1 &) ; echo left`);
  t.match(left.outcome, { kind: "succeeded", egress: { requests: 1 } });
  const late = await rig.run({
    program: { kind: "script", text: `trap '' TERM; ${connect}; cat <&3 >/dev/null; sleep 300`, shell: "bash" },
    egress: [rule],
    timeoutMs: 1000,
  });
  t.equal(reasonOf(late.outcome), "STEP_TIMEOUT");
  t.match(late.outcome.egress, { requests: 1 });
  const prepared = await rig.prepare({
    program: { kind: "script", text: `${connect}; echo up; cat <&3`, shell: "bash" },
    egress: [rule],
  });
  const stopped = await prepared.start((batch) => {
    t.strictSame(batch.lines, ["up"]);
    prepared.stop({ now: true });
    return Promise.resolve();
  });
  t.match(stopped, { kind: "cancelled", egress: { requests: 1 } });
  t.equal(live.size, 0);
  t.equal((await bash(`${connect}; echo next`)).stdout, "next\n");
});

t.test("an attempt that is taken back, or stopped before it starts, used nothing of the network", async (t) => {
  const before = [listening(), (await lines()).length];
  await (await rig.prepare({ script: "true", egress: [rule] })).discard();
  const prepared = await rig.prepare({ script: "echo ran", egress: [rule] });
  prepared.stop();
  const { outcome, stdout } = await runPrepared(prepared);
  t.match(outcome, { kind: "cancelled", egress: { requests: 0, bytesIn: 0, bytesOut: 0 } });
  t.equal(stdout, "");
  t.strictSame([listening(), (await lines()).length], before);
});

t.test("the program that listens is there to read, and of no use to the step", async (t) => {
  const again = await bash(`${connect}; for f in /run/packrun/*; do (: >"$f") 2>/dev/null && echo "$f"; done; :`);
  t.equal(again.stdout, "/run/packrun/output.json\n");
  t.equal(reasonOf(again.outcome), "succeeded");
});

t.test("a host that cannot listen for its steps refuses plans that need it, and no others", async (t) => {
  const close =
    'for fd in 6 7 8 9; do eval "case \\$(readlink /proc/\\$\\$/fd/$fd) in socket:*) exec $fd<&- ;; esac"; done';
  const broken = rig.stage("bin/bwrap", `#!/bin/sh\n${close}\nexec /usr/bin/bwrap "$@"\n`, 0o755);
  const weak = openRig(t, { bwrap: broken, egress });
  t.equal((await weak.run({ script: "echo fine" })).stdout, "fine\n");
  t.match(await weak.runner.admit(weak.request({ egress: [rule] }).sandbox), {
    ok: false,
    fault: { code: "SANDBOX_UNAVAILABLE", message: /cannot be given a way out/, hint: /egressAllowlist/ },
  });
});

t.test("a step whose listener fails is not set up, its command does not run, and the next one is fine", async (t) => {
  const flag = rig.stage("flag", "", 0o644);
  const close =
    'for fd in 6 7 8 9; do eval "case \\$(readlink /proc/\\$\\$/fd/$fd) in socket:*) exec $fd<&- ;; esac"; done';
  const shaky = rig.stage(
    "bin/shaky",
    `#!/bin/sh\n[ -e ${flag}.on ] && { ${close}; }\nexec /usr/bin/bwrap "$@"\n`,
    0o755,
  );
  const weak = openRig(t, { bwrap: shaky, egress });
  t.equal((await weak.run({ script: "echo fine", egress: [rule] })).stdout, "fine\n");
  rig.stage("flag.on", "");
  const failed = await weak.run({ script: "echo ran", egress: [rule] });
  t.match(failed.outcome, { kind: "failed", reason: "STEP_SETUP", hint: /listener/ });
  t.equal(failed.stdout, "");
});
