import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { diagnose, type Finding } from "#app/diagnose.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** `packrun doctor`. */
export const doctor: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(
      program.command("doctor").description("check what this host can enforce, and what to do about the rest"),
    ).action(async (options: GlobalOptions) => {
      const code = await withWorkplace(cli, options, async (workplace) => {
        const findings = await diagnose(workplace);
        if (formatOf(options) === "json") {
          cli.out(jsonLine({ schemaVersion: 1, checks: findings }));
        } else {
          findings.forEach((finding) => cli.out(line(finding)));
        }
        return findings.find((finding) => finding.status === "fail")?.exitCode ?? 0;
      });
      done(code);
    });
  },
};

const MARKS: Readonly<Record<Finding["status"], string>> = { ok: "✓", warn: "!", fail: "✗" };

function line({ status, name, text, remedy }: Finding): string {
  const help = remedy === undefined ? "" : `  = help: ${remedy}\n`;
  return `${MARKS[status]} ${name}: ${text}\n${help}`;
}
