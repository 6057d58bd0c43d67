import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Place } from "../cli/place.ts";
import { needs, stockTool } from "./stock-tool.ts";

const RECIPES = join(import.meta.dirname, "../../recipes");
const hadolint = stockTool("hadolint");
const actionlint = stockTool("actionlint");

t.test("hadolint finds nothing in the Dockerfile, and would find something", needs(hadolint), async (t) => {
  const lint = (...args: readonly string[]) => spawnSync(hadolint.program, args, { encoding: "utf8" });
  t.match(lint(join(RECIPES, "container/Dockerfile")), { status: 0, stdout: "" });
  const careless = new Place(t).write("Dockerfile", "FROM debian\nRUN cd /tmp && apt-get install curl\n");
  t.match(lint(careless), { status: 1, stdout: /DL3006[^]*DL3014/ });
});

t.test(
  "actionlint finds nothing in the action and its workflow, and would find something",
  needs(actionlint),
  async (t) => {
    const place = new Place(t);
    mkdirSync(place.here(".github/workflows"), { recursive: true });
    cpSync(join(RECIPES, "github-action"), place.here("recipes/github-action"), { recursive: true });
    const workflow = place.here(".github/workflows/packs.yml");
    cpSync(join(RECIPES, "github-action/workflow.yml"), workflow);
    const lint = () => {
      spawnSync("git", ["init", "--quiet"], { cwd: place.folder });
      return spawnSync(actionlint.program, ["-no-color", "-oneline"], { cwd: place.folder, encoding: "utf8" });
    };
    t.match(lint(), { status: 0, stdout: "" });
    writeFileSync(workflow, "on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{uses: ./recipes/github-action}]}}\n");
    t.match(lint(), { status: 1, stdout: /missing input "packs"/ });
  },
);
