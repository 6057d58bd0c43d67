import { readFileSync } from "node:fs";
import type { Plan } from "#plan/plan.ts";
import { approval, cel, digestOfText, map, parallel, planOf, policy, run } from "../run/sample-plan.ts";

/** The plan that the specification shows: a folded map, a policy over an output, an approval, egress, a secret. */
export function mirrorPlan(): Plan {
  return JSON.parse(readFileSync(new URL("../plan/golden/mirror.json", import.meta.url), "utf8")) as Plan;
}

const celPolicy = (expression: string) => ({ engine: "cel" as const, expression, digest: digestOfText(expression) });

/** Everything that a simulation has to tell apart: what the plan decides, what statuses decide, what only a run knows. */
export function branchesPlan(): Plan {
  return planOf(
    [
      run("find", {
        script: "ls *.txt > list\nwc -l < list\n",
        shell: "bash",
        command: undefined,
        retry: { maxAttempts: 3, initialMs: 1000, factor: 2, maxMs: 60_000 },
      }),
      policy("small", { policy: "small" }),
      policy("few", { policy: "few", failAction: "continue" }),
      map(
        "each",
        cel("steps.find.outputs.files"),
        [
          run("copy", { env: { FILE: cel("file") } }),
          run("sign", { when: cel("file.big"), env: { KEY: { secret: "key", as: "env" } } }),
        ],
        { as: "file", maxItems: 50, maxParallel: 5 },
      ),
      map(
        "zones",
        ["eu", "us", "ap"],
        [
          run("deploy", { command: ["./deploy", "two words", cel("item")], timeoutMs: 90_000 }),
          run("check", { when: cel("item != 'ap'") }),
        ],
        { maxParallel: 2 },
      ),
      parallel("after", [
        run("notify", { continueOnError: true }),
        run("undo", { when: cel("steps.find.status == 'failed'") }),
        run("smoke", { uses: "sbom.files", with: { directory: ".", name: cel("run.id") }, command: undefined }),
        run("report", { needs: ["smoke"], when: cel("steps.sign.size() > 0 && inputs.loud") }),
        approval("go", {
          needs: ["smoke"],
          message: { $cel: ["Ship ", { expr: "steps.find.outputs.count" }, " files"] },
        }),
      ]),
    ],
    {
      inputs: {
        count: { type: "integer", value: 3 },
        data: { type: "file", name: "data.tar", size: 9, digest: digestOfText("data") },
      },
      secrets: { key: { steps: ["each[*]::sign"] } },
      sandbox: {
        mode: "restricted",
        egressAllowlist: [{ host: "10.0.0.5", port: 80, protocol: "tcp", allowPrivate: true }],
        egressQuota: { requests: 5, bytes: 1_048_576 },
        limits: {
          cpus: 2,
          memoryBytes: 268_435_456,
          pids: 64,
          logBytes: 1_048_576,
          artifactBytes: 1_048_576,
          minEnforcement: "watchdog",
        },
        wallClockMs: 600_000,
      },
      policies: {
        small: celPolicy("inputs.count < 10"),
        few: celPolicy("steps.find.outputs.count < 10"),
        fine: celPolicy("true"),
      },
      finally: [run("tidy"), run("farewell", { when: cel("steps.go.status == 'succeeded'") })],
    },
  );
}
