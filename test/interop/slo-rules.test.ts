import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { sloRules } from "#view/slo-rules.ts";
import { needs, stockTool } from "./stock-tool.ts";

const promtool = stockTool("promtool");

t.test("promtool takes the rules that are made of an slo", needs(promtool), async (t) => {
  const slo = { runP95Seconds: 400, approvalP95Seconds: 3600, maxQueueDepth: 50 };
  const folder = t.testdir({ "rules.yaml": sloRules("acme/release", slo) });
  const checked = spawnSync(promtool.program, ["check", "rules", join(folder, "rules.yaml")], { encoding: "utf8" });
  t.equal(checked.status, 0, checked.stdout + checked.stderr);
  t.match(checked.stdout, /SUCCESS: [1-9][0-9]* rules found/);
});
