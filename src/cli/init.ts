import { Option } from "commander";
import { askChoice } from "#app/ask-choice.ts";
import { initPack } from "#app/init-pack.ts";
import { DEFAULT_TEMPLATE, packTemplates, type TemplateName } from "#app/pack-templates.ts";
import type { CommandFile, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { nextStep } from "./next-step.ts";
import { formatOf, withGlobals } from "./options.ts";

type InitOptions = GlobalOptions & { readonly template?: TemplateName };

const templates = Object.entries(packTemplates).map(([name, { about }]) => ({ name, about }));

/** `packrun init [DIR]`. */
export const init: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("init [dir]").description("write a pack that lints, simulates and runs at once"))
      .addOption(
        new Option("--template <name>", `what to begin with (default: ${DEFAULT_TEMPLATE})`).choices(
          Object.keys(packTemplates),
        ),
      )
      .addHelpText(
        "after",
        `\nTemplates:\n${templates.map(({ name, about }) => `  ${name.padEnd(9)}${about}\n`).join("")}` +
          "At a terminal it asks for one that is not named; without a terminal, or with --no-input, it asks nothing.\n" +
          "\nDIR is made if it is missing (default: the current folder); no file is ever replaced.\n" +
          "Exit codes: 0 written, 2 something is in the way, 130 no template was chosen.\n" +
          "Example: packrun init greetings\n         packrun init shipping --template release",
      )
      .action(async (dir: string | undefined, options: InitOptions) => {
        const folder = dir ?? ".";
        const template = options.template ?? (await chosenTemplate(options));
        if (template === undefined) {
          cli.note("no template was chosen; nothing is written");
          done(130);
          return;
        }
        const made = await initPack(folder, template);
        const code = answer(cli, options, made, ({ name, files }) => `${name}: ${files.join(", ")}\n`);
        if (made.ok && formatOf(options) === "text") {
          const steps = ["lint", "simulate", "run"].map((name) => `\n${nextStep(cli, name, folder)}`);
          cli.note(`next:${steps.join("")}`);
        }
        done(code);
      });
  },
};

/** The template that a person at the terminal chooses; the default where there is nobody to ask. */
async function chosenTemplate({ input }: GlobalOptions): Promise<TemplateName | undefined> {
  if (input === false || !process.stdin.isTTY) {
    return DEFAULT_TEMPLATE;
  }
  const terminal = { input: process.stdin, output: process.stderr };
  const name = await askChoice("Which template?", templates, terminal);
  return name as TemplateName | undefined;
}
