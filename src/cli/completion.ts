import { Argument } from "commander";
import type { CommandFile } from "./cli.ts";
import { completeWords } from "./complete-words.ts";
import { COMPLETION_SCRIPTS } from "./completion-scripts.ts";

type Shell = keyof typeof COMPLETION_SCRIPTS;

/** `packrun completion SHELL`. */
export const completion: CommandFile = {
  define: (program, cli, done) => {
    const shells = Object.keys(COMPLETION_SCRIPTS);
    const group = program
      .command("completion")
      .description("print the completion script of a shell")
      .addArgument(new Argument("<shell>", "which shell").choices(shells))
      .addHelpText(
        "after",
        "\nExamples: source <(packrun completion bash)\n" +
          '          packrun completion zsh > "${fpath[1]}/_packrun"\n' +
          "          packrun completion fish > ~/.config/fish/completions/packrun.fish",
      )
      .action((shell: Shell) => {
        cli.out(COMPLETION_SCRIPTS[shell]);
        done(0);
      });
    group
      .command("candidates [words...]", { hidden: true })
      .description("what the last of these words may become, with a tab before what it means")
      .action(async (words: readonly string[] = []) => {
        const found = await completeWords(words, cli);
        cli.out(found.map(({ value, about }) => `${value}\t${about}\n`).join(""));
        done(0);
      });
  },
};
