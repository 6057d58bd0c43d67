import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { commandSecret } from "#secret/command-secret.ts";

const cwd = realpathSync(mkdtempSync(join(tmpdir(), "packrun-command-")));
t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
const never = new AbortController().signal;

const run = (command: readonly string[], signal = never) =>
  commandSecret("login", { commands: { login: { command, cwd } }, vault: {} }, signal);

t.test("what a command prints is the value, in the folder of the configuration and without a shell", async (t) => {
  t.same(await run(["printf", "%s\n", "$HOME; value"]), { value: "$HOME; value" });
  t.same(await run(["pwd"]), { value: cwd });
});

t.test("a command that is not there, or fails, gives nothing of what it said", async (t) => {
  const places = { commands: {}, vault: {} };
  t.match(await commandSecret("toString", places, never), { trouble: "SECRET_PROVIDER" });
  t.match(await run([join(cwd, "absent")]), { trouble: "SECRET_PROVIDER", problem: /it is not there$/ });
  t.strictSame(await run(["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"]), {
    trouble: "SECRET_UNRESOLVED",
    problem: "the command ended with exit code 3",
  });
  t.match(await run(["sh", "-c", "kill -9 $$"]), { trouble: "SECRET_UNRESOLVED", problem: /SIGKILL/ });
  t.match(await run(["printf", "\\377\\376"]), { trouble: "SECRET_UNRESOLVED" });
});

t.test("one that takes too long is ended with all that it started", async (t) => {
  const giveUp = new AbortController();
  const fifo = join(cwd, "started");
  const waiting = run(["sh", "-c", `: > ${fifo}; sleep 1000 & wait`], giveUp.signal);
  while (!existsSync(fifo)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  giveUp.abort();
  t.match(await waiting, { trouble: "SECRET_TIMEOUT" });
});
