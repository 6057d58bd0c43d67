import { realpathSync } from "node:fs";
import { Command } from "commander";
import t from "tap";
import type { Cli } from "#cli/cli.ts";
import { config } from "#cli/config.ts";
import type { Fault } from "#fault/fault.ts";

const folder = realpathSync(
  t.testdir({
    "packrun.config.yaml": "tenant: acme\nserver: { listen: '127.0.0.1:1' }\n",
    "broken.yaml": "tenant: [\n",
    xdg: { packrun: { "config.yaml": "tenant: mine\nserver: { logLevel: debug }\n" } },
  }),
);

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const said = { out: "", err: "", code: -1 };
  const cli = {
    env: { HOME: folder, ...env },
    cwd: folder,
    out: (text: string) => {
      said.out += text;
    },
    note: (text: string) => {
      said.err += `${text}\n`;
    },
    fault: ({ code, message }: Fault, format?: string) => {
      said.err += `${code} ${message} ${format}`;
      return 2;
    },
  } as unknown as Cli;
  const program = new Command().exitOverride();
  config.define(program, cli, (code) => {
    said.code = code;
  });
  await program.parseAsync(["config", ...args], { from: "user" });
  return said;
}

t.test("settings are shown with their values, and with --explain with who said them", async (t) => {
  const plain = await run([]);
  t.equal(plain.code, 0);
  t.match(plain.out, `configuration: ${folder}/packrun.config.yaml (the nearest upward)\n\n`);
  t.match(plain.out, /^tenant {2,}acme$/m);
  t.match(plain.out, /^anchor\.tsa {2,}-$/m);
  const explained = await run(["--explain", "--tenant", "other"], { VAULT_TOKEN: "hunter2" });
  t.match(explained.out, /^tenant {2,}other {2,}--tenant$/m);
  t.match(explained.out, /^server\.listen {2,}127\.0\.0\.1:1 {2,}packrun\.config\.yaml:2$/m);
  t.match(explained.out, /^anchor\.tsa {2,}- {2,}default; PACKRUN_ANCHOR_TSA$/m);
  t.match(explained.out, /\n\nVAULT_TOKEN is set\n$/);
  t.notMatch(explained.out, "hunter2");
});

t.test("both files are named, the first to be asked first", async (t) => {
  const { out } = await run(["--explain"], { XDG_CONFIG_HOME: `${folder}/xdg` });
  t.match(
    out,
    `configuration: ${folder}/packrun.config.yaml (the nearest upward)\nconfiguration: ${folder}/xdg/packrun/config.yaml (the user's)\n\n`,
  );
  t.match(out, /^tenant {2,}acme {2,}packrun\.config\.yaml:1$/m);
  t.match(out, /^server\.logLevel {2,}debug {2,}xdg\/packrun\/config\.yaml:2$/m);
  t.match((await run([], { HOME: "/nowhere", PACKRUN_CONFIG: "xdg/packrun/config.yaml" })).out, /^tenant {2,}mine$/m);
});

t.test("as JSON every setting has pointer, value and source", async (t) => {
  const { out } = await run(["--json"]);
  const answer = JSON.parse(out) as { readonly settings: readonly { readonly pointer: string }[] };
  t.match(answer, { schemaVersion: 1, configs: [{ how: "nearest" }], unreadVariables: [] });
  t.match(
    answer.settings.find(({ pointer }) => pointer === "/tenant"),
    { value: "acme", source: { kind: "file", line: 1 }, givenBy: ["--tenant", "PACKRUN_TENANT"] },
  );
});

t.test("a variable that nothing reads is named, and a wrong configuration is a fault", async (t) => {
  t.equal(
    (await run([], { PACKRUN_TENNANT: "x" })).err,
    "nothing reads PACKRUN_TENNANT; did you mean PACKRUN_TENANT?\n",
  );
  t.match(await run(["--config", "broken.yaml", "--json"]), { code: 2, out: "", err: /^CONFIG_INVALID .* json$/ });
});
