/**
 * What commander says of a wrong command line, without what was given behind an option or as one argument too many: it may be
 * the value of a secret. Suggestions take the form of every other help.
 */
export function usageWords(said: string): string {
  return said
    .replace(/^(error: unknown option ')([^]*?)('(?:\n\(Did you mean [^\n]*\?\))?\n?)$/, (_, ...parts: string[]) => {
      const [before = "", flag = "", after = ""] = parts;
      return `${before}${optionName(flag)}${after}`;
    })
    .replace(/^(error: too many arguments[^]*? but got \d+): [^]*?(\n?)$/, "$1.$2")
    .replace(/^\(Did you mean (.*)\?\)$/m, "  = help: did you mean $1?");
}

/** A short option is one letter, and its value may follow at once. */
function optionName(flag: string): string {
  return flag.startsWith("--") ? flag.replace(/=[^]*$/, "") : flag.slice(0, 2);
}
