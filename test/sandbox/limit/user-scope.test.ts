import { join } from "node:path";
import t from "tap";
import { enterUserScope } from "../../../src/sandbox/limit/enter-user-scope.ts";
import { judgeScope } from "../../../src/sandbox/limit/scope-judgement.ts";
import { needsScope } from "../../../src/sandbox/limit/scope-need.ts";
import { findUserScope } from "../../../src/sandbox/limit/user-scope.ts";

t.test("root needs no scope, and nobody starts again twice", async (t) => {
  t.equal(process.getuid?.() === 0 && needsScope(), false);
  process.env["PACKRUN_SCOPE"] = "1";
  await enterUserScope();
  t.notOk("PACKRUN_SCOPE" in process.env, "what a command starts itself may have a scope of its own");
});

t.test("a user whose systemd does not run, or does not answer, is told so", async (t) => {
  const away = await findUserScope({ XDG_RUNTIME_DIR: join(t.testdir(), "absent") });
  t.match(away, { kind: "impossible", why: /systemd/, remedy: /root/ });
  const silent = await findUserScope({ XDG_RUNTIME_DIR: t.testdir({ bus: "" }) });
  t.match(silent, { kind: "impossible", why: /systemd-run/, remedy: /root/ });
});

t.test("a scope serves when it has what memory and processes are limited with", async (t) => {
  t.match(judgeScope("cpuset cpu io memory pids", ["systemd-run", "--"], { A: "b" }), {
    kind: "possible",
    argv: ["systemd-run", "--"],
    env: { A: "b" },
  });
  t.match(judgeScope("memory pids", [], {}), { kind: "possible" }, "CPUs can be held in another way");
  t.match(judgeScope("", [], {}), { kind: "impossible", remedy: /systemctl edit user@\.service/ });
});
