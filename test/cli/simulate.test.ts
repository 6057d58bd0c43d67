import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { packrun } from "./command-line.ts";

const packs = join(import.meta.dirname, "../../packs");
const quickstart = join(packs, "quickstart");
const folder = t.testdir();

t.test("a pack and the plan made of it simulate to the same bytes", async (t) => {
  const made = packrun(folder, "plan", quickstart, "-i", "discount=0", "-o", "plan.json");
  t.equal(made.code, 0, made.err);
  for (const format of ["text", "json"]) {
    const ofPack = packrun(folder, "simulate", quickstart, "-i", "discount=0", "--format", format);
    const ofPlan = packrun(folder, "simulate", "plan.json", "--format", format);
    t.equal(ofPack.code, 0, ofPack.err);
    t.equal(ofPack.out, ofPlan.out, format);
  }
  const answer = packrun(folder, "simulate", "plan.json", "--json");
  t.match(JSON.parse(answer.out), {
    schemaVersion: 1,
    skipped: [{ id: "reduced", reason: "WHEN_FALSE", why: "its condition is false" }],
    outcome: { status: "succeeded" },
  });
});

t.test("nothing is done: no state folder appears; the chart is Mermaid", async (t) => {
  const empty = t.testdir();
  t.match(packrun(empty, "simulate", quickstart, "--format", "mermaid"), { code: 0, out: "\nflowchart TD\n" });
  t.strictSame(readdirSync(empty), []);
});

t.test("assumptions show what would follow; the exit code is that of the question, not of the outcome", async (t) => {
  const assumed = packrun(folder, "simulate", quickstart, "--assume", "clean=failed", "--assume", "farewell=failed");
  t.equal(assumed.code, 0, assumed.err);
  t.match(assumed.out, "  lists: UPSTREAM_FAILED, needs clean, which failed\n");
  t.match(assumed.out, "outcome  failed (STEP_EXIT) under these assumptions\n");
});

t.test("what cannot be answered is refused", async (t) => {
  t.match(packrun(folder, "simulate", quickstart, "--assume", "claen=failed"), {
    code: 2,
    err: /error\[ASSUME_STEP\][^]*did you mean clean\?/,
  });
  t.match(packrun(folder, "simulate", quickstart, "--assume", "lists=failed", "--json"), {
    code: 2,
    out: /ASSUME_STATUS/,
  });
  t.match(packrun(folder, "simulate", "plan.json", "-i", "discount=1"), { code: 2, err: /has its inputs in it/ });
  t.match(packrun(folder, "simulate", quickstart, "-i", "discount=-1"), { code: 3, err: /error\[INPUT_SCHEMA\]/ });
});

t.test("graph draws the plan in three formats, of a pack and of a plan file", async (t) => {
  const mermaid = packrun(folder, "graph", quickstart);
  t.match(mermaid, { code: 0, out: /^%% packrun\/quickstart@[^]*^flowchart TD$/m });
  t.match(packrun(folder, "graph", quickstart, "--format", "dot"), { code: 0, out: /^digraph "packrun\/quickstart@/ });
  const { nodes, edges } = JSON.parse(packrun(folder, "graph", "plan.json", "--json").out) as {
    nodes: { id: string; kind: string; mark?: string }[];
    edges: { from: string; to: string; kind: string }[];
  };
  t.match(nodes.at(-1), { id: "farewell", kind: "run", section: "finally" });
  t.equal(nodes.find(({ id }) => id === "reduced")?.mark, "skipped");
  t.match(edges.at(-1), { from: "publish", to: "farewell", kind: "last" });
  t.match(packrun(folder, "graph", quickstart, "--format", "text"), { code: 2, err: /mermaid, dot, json/ });
});
