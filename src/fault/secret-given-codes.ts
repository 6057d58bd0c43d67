import { codeTable, faultOf } from "./code-table.ts";
import type { Fault } from "./fault.ts";

/** A secret without a value, whether no place was named for it or the place has none: said in several rooms. */
export const secretGivenCodes = codeTable({
  SECRET_UNRESOLVED: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" has no value: {problem}',
    hint: "put a value into the place that was named, and let this user read it; then start again",
    explanation: {
      cause:
        "A step needs a secret, and no `--secret` (of a request to a server: no entry of `secrets`) names it. Or the place that was named for it holds nothing, cannot be read, or is not UTF-8 text; a program ended with another exit code than 0; a server knows no such secret or refuses the token.",
      example:
        "--secret deployToken=env:DEPLOY_TOKEN with DEPLOY_TOKEN unset\npackrun resume RUN   # without the --secret that the run was started with",
      fix: "Give the same `--secret` arguments to every process that drives the run: values are never stored with it. Check the name of the variable, the path and rights of the file, or what the token may read. Neither the place nor what a program or server said is shown: there may be a secret in it.",
    },
  },
});

/** The fault of a secret that a step needs and no `--secret` of this process names. */
export function secretNotGiven(name: string): Fault<"SECRET_UNRESOLVED"> {
  const hint = `say where it comes from: --secret ${name}=env:VAR, or another place of docs/guide/secrets.md; on resume all are given again`;
  return faultOf(secretGivenCodes, "SECRET_UNRESOLVED", { name, problem: "no --secret names it" }, { hint });
}
