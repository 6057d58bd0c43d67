import t from "tap";
import { crashText } from "#cli/crash-text.ts";
import { Place } from "./place.ts";

t.test("a crash says what was being done and, of a run that is known, how it goes on", (t) => {
  const cli = { env: {}, where: { store: "/s" } };
  t.equal(
    crashText(cli, { command: "runs show", runId: undefined, message: "a\u001b[2J\nbug" }),
    "packrun: internal error: a\\x1b[2J\n  bug\n" +
      "  = help: the ledger is intact; `packrun runs list --store /s` shows what can be resumed. " +
      "PACKRUN_DEBUG=1 shows where this happened.\n" +
      "  = while: packrun runs show\n",
  );
  const known = crashText(cli, { command: "resume", runId: "01a2", message: "a bug" });
  t.match(known, "`packrun resume 01a2 --store /s` goes on");
  t.match(known, "  = while: packrun resume, run 01a2\n");
  t.end();
});

t.test("a crash in the middle of a run names it", async (t) => {
  const place = new Place(t);
  place.pack("slow", { steps: [{ id: "wait", run: { command: ["sleep", "60"] } }] });
  const thrower = `
    import { readdirSync, readFileSync } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    const begun = () => {
      try {
        return readdirSync(".packrun/runs").some((id) =>
          readFileSync(".packrun/runs/" + id + "/ledger.jsonl", "utf8").includes("step.started"));
      } catch {
        return false;
      }
    };
    const look = () => {
      if (begun()) {
        throw new Error("a bug of a timer");
      }
    };
    if (isMainThread) {
      setInterval(look, 20).unref();
    }`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(thrower)}`;
  const { code, err } = await place.start(["run", "slow"], { NODE_OPTIONS }).ended;
  t.equal(code, 1, err);
  const runId = place.lastRun() ?? "";
  t.match(err, "packrun: internal error: a bug of a timer\n");
  t.match(err, `  = help: the ledger is intact; \`packrun resume ${runId}\` goes on.`);
  t.match(err, `  = while: packrun run, run ${runId}\n`);
});
