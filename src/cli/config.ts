import { relative } from "node:path";
import { explainSettings, type ExplainedSetting, type ExplainedSettings } from "#app/explain-settings.ts";
import { padded, textWidth } from "#view/text-width.ts";
import { visibleText } from "#view/visible-text.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";

type ConfigOptions = GlobalOptions & { readonly explain?: boolean };

/** `packrun config`. */
export const config: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("config").description("show every setting as it is used here"))
      .option("--explain", "where each value was said, and what else could say it")
      .addHelpText(
        "after",
        "\nFor each setting flags come first, then variables, then the nearest packrun.config.yaml upward, then\n" +
          "packrun/config.yaml in $XDG_CONFIG_HOME (~/.config). A file that --config or PACKRUN_CONFIG names stands alone.\n" +
          "Passwords in addresses and arguments of commands are shown as ***.\n" +
          "Example: packrun config --explain",
      )
      .action(async (options: ConfigOptions) => {
        done(await show(cli, options));
      });
  },
};

async function show(cli: Cli, options: ConfigOptions): Promise<number> {
  const { scratchFolder } = await import("#compose.ts");
  const explained = explainSettings(settingsSource(cli, options), scratchFolder());
  if (!explained.ok) {
    return cli.fault(explained.fault, formatOf(options));
  }
  for (const { name, near } of explained.value.unread) {
    cli.note(`nothing reads ${name}${near === undefined ? "" : `; did you mean ${near}?`}`);
  }
  cli.out(
    formatOf(options) === "json"
      ? jsonLine(answerOf(explained.value))
      : textOf(cli, explained.value, options.explain === true),
  );
  return 0;
}

function answerOf({ configs, settings, secrets, unread }: ExplainedSettings): object {
  return { schemaVersion: 1, configs, settings, secretVariables: secrets, unreadVariables: unread };
}

const FOUND = {
  named: "as named",
  nearest: "the nearest upward",
  user: "the user's",
} as const;

function textOf(cli: Cli, { configs, settings, secrets }: ExplainedSettings, explain: boolean): string {
  const names = padded(settings.map(({ name }) => visibleText(name)));
  const values = settings.map(({ value }) => (value === null ? "-" : visibleText(valueText(value))));
  const wide = explain ? values.map(inColumn(values)) : values;
  const lines = settings.map((setting, at) => {
    const where = explain ? `  ${sourceText(setting, cli.cwd)}` : "";
    return `${names[at] ?? ""}  ${wide[at] ?? ""}${where}`.trimEnd();
  });
  const files = configs.map(({ file, how }) => `configuration: ${file} (${FOUND[how]})\n`).join("");
  const set = explain ? secrets.map((name) => `${name} is set\n`) : [];
  return `${files === "" ? "configuration: none\n" : files}\n${lines.join("\n")}\n${set.length === 0 ? "" : "\n"}${set.join("")}`;
}

/** A long path moves what stands behind it, and no other line. */
const WIDEST = 40;

function inColumn(values: readonly string[]): (value: string) => string {
  const column = Math.max(...values.map(textWidth).filter((width) => width <= WIDEST));
  return (value) => value + " ".repeat(Math.max(0, column - textWidth(value)));
}

function valueText(value: ExplainedSetting["value"]): string {
  return Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : JSON.stringify(value);
}

function sourceText({ source, givenBy }: ExplainedSetting, cwd: string): string {
  switch (source.kind) {
    case "flag":
    case "variable":
      return source.name;
    case "file": {
      const near = relative(cwd, source.file);
      return `${near.startsWith("..") ? source.file : near}:${source.line}`;
    }
    case "default":
      return givenBy.length === 0 ? "default" : `default; ${givenBy.join(", ")}`;
  }
}
