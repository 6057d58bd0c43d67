import t from "tap";
import { Command } from "commander";
import { approvalStep, gateStep } from "#cli/approval-step.ts";
import type { Cli } from "#cli/cli.ts";
import { commandTable } from "#cli/command-table.ts";
import { nextStep, withNextSteps } from "#cli/next-step.ts";

const at = (where: Cli["where"], env: Cli["env"] = {}): Pick<Cli, "where" | "env"> => ({ where, env });
const there = { server: "https://packrun.example.com", tokenFile: "token" };

t.test("a next step says again by which flags its command worked where it did, quoted for a shell", (t) => {
  t.equal(nextStep(at({}), "resume", "RUN"), "packrun resume RUN");
  const here = at({ store: "my store", tenant: "t1", trust: "root.json", config: "c.yaml" });
  t.equal(
    nextStep(here, "resume", "RUN"),
    "packrun resume RUN --store 'my store' --tenant t1 --trust root.json --config c.yaml",
  );
  t.equal(
    nextStep(here, "verify", "e", "--trust", "other.json"),
    "packrun verify e --trust other.json --store 'my store' --tenant t1 --config c.yaml",
    "what it says already is not said twice",
  );
  t.equal(nextStep(here, "explain", "a[0]::it's"), String.raw`packrun explain 'a[0]::it'\''s'`);
  t.equal(nextStep(here, "lint", "pack"), "packrun lint pack");
  t.equal(nextStep(at({ trust: "root.json" }), "trust", "init"), "packrun trust init -o root.json");
  t.end();
});

t.test("through a server it names the server and the token's file, where the command takes them", (t) => {
  const cli = at({ ...there, tenant: "t1", trust: "root.json" });
  t.equal(
    nextStep(cli, "runs", "show", "RUN"),
    "packrun runs show RUN --server https://packrun.example.com --token-file token --trust root.json",
  );
  t.match(nextStep(cli, "run", "PACK"), "--tenant t1");
  t.equal(nextStep(cli, "verify", "e"), "packrun verify e --tenant t1 --trust root.json");
  t.equal(
    nextStep(at({ tokenFile: "token" }, { PACKRUN_SERVER: "https://packrun.example.com" }), "resume", "RUN"),
    "packrun resume RUN --token-file token",
    "what the environment says is said there",
  );
  t.end();
});

t.test("commands in a hint go where the command went", (t) => {
  t.equal(
    withNextSteps(at(there), "see `packrun runs show RUN`, or `packrun init DIR`; `last` is no command"),
    "see `packrun runs show RUN --server https://packrun.example.com --token-file token`, or `packrun init DIR`; `last` is no command",
  );
  for (const more of ["; make", " && make", " | sh", " > file", " $(make)", "\nmake"]) {
    const text = `see \`packrun runs show RUN${more}\``;
    t.equal(withNextSteps(at(there), text), text, "not one command");
  }
  t.equal(withNextSteps(at({}), "`packrun runs list` shows them"), "`packrun runs list` shows them");
  t.end();
});

t.test("a server is named to exactly those commands that take one", async (t) => {
  const visit = (command: Command, path: readonly string[]): void => {
    const words = [...path, command.name()];
    if (command.commands.length === 0) {
      const takes = command.options.some(({ long }) => long === "--server");
      const isNamed = nextStep(at(there), ...words, "RUN", "--run", "RUN").includes("--server");
      t.equal(isNamed, takes, words.join(" "));
    }
    command.commands.forEach((child) => visit(child, words));
  };
  for (const { load } of Object.values(commandTable)) {
    const program = new Command("packrun");
    (await load()).define(program, {} as Cli, () => undefined);
    program.commands.forEach((command) => visit(command, []));
  }
});

const gate = { runId: "RUN", gateId: "ok" };
const access = (token: string) => ({ base: new URL("https://packrun.example.com/"), name: "", token });
const jwt = (claims: object): string => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

t.test("a gate of a server is decided on with the token at hand only where that is for the gate", (t) => {
  const signed = "--key KEY --reason TEXT";
  t.equal(approvalStep(at({ store: "s" }), gate), `packrun approve RUN ok ${signed} --store s`);
  const fits = access(jwt({ pack_run_id: "RUN", pack_gate_id: "ok" }));
  const place = "--server https://packrun.example.com --token-file token";
  t.equal(approvalStep(at(there), gate, fits), `packrun approve RUN ok ${signed} ${place}`);
  for (const other of [jwt({ pack_run_id: "RUN", pack_gate_id: "no" }), jwt({}), "h.bm8ganNvbg.s", "h.bnVsbA.s"]) {
    t.equal(
      approvalStep(at(there), gate, access(other)),
      `packrun approve RUN ok --token-file TOKEN ${signed} --server https://packrun.example.com`,
    );
  }
  t.end();
});

t.test("a gate whose time is over is left to whoever drives the run next", (t) => {
  const late = { ...gate, expired: true };
  t.equal(gateStep(at({ store: "s" }), { ...gate, expired: false }), approvalStep(at({ store: "s" }), gate));
  t.equal(gateStep(at({ store: "s" }), late), "packrun resume RUN --store s");
  const place = "--server https://packrun.example.com --token-file token";
  t.equal(gateStep(at(there), late, access("nohQ")), `packrun resume RUN ${place}`);
  t.end();
});

t.test("who has a loopback server's own token decides in that server's store", (t) => {
  const own = access("nohQ");
  const tokenFile = "s/.packrun/server/token";
  const here = "packrun approve RUN ok --key KEY --reason TEXT --store s/.packrun";
  t.equal(approvalStep(at({ ...there, tokenFile, trust: "r" }), gate, own), `${here} --trust r`);
  const env = { PACKRUN_SERVER: "http://127.0.0.1:7070", PACKRUN_TOKEN_FILE: tokenFile };
  t.equal(approvalStep(at({}, env), gate, own), `PACKRUN_SERVER= ${here}`);
  t.match(approvalStep(at({}, { ...env, PACKRUN_TOKEN: "nohQ" }), gate, own), "--token-file TOKEN");
  t.end();
});
