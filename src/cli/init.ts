import { Option } from "commander";
import { initPack } from "#app/init-pack.ts";
import { packTemplates, type TemplateName } from "#app/pack-templates.ts";
import type { CommandFile, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, withGlobals } from "./options.ts";

/** `packrun init [DIR]`. */
export const init: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("init [dir]").description("write a pack that lints, simulates and runs at once"))
      .addOption(
        new Option("--template <name>", "hello: steps and a policy; release: with an approval gate")
          .choices(Object.keys(packTemplates))
          .default("hello"),
      )
      .addHelpText(
        "after",
        "\nDIR is made if it is missing (default: the current folder); no file is ever replaced.\n" +
          "Exit codes: 0 written, 2 something is in the way.\nExample: packrun init greetings",
      )
      .action(async (dir: string | undefined, options: GlobalOptions & { template: TemplateName }) => {
        const folder = dir ?? ".";
        const made = await initPack(folder, options.template);
        const code = answer(cli, options, made, ({ name, files }) => `${name}: ${files.join(", ")}\n`);
        if (made.ok && formatOf(options) === "text") {
          const quoted = /^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder);
          cli.note(`next:\n  packrun lint ${quoted}\n  packrun simulate ${quoted}\n  packrun run ${quoted}`);
        }
        done(code);
      });
  },
};
