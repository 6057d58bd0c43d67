import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { diagnose } from "#app/diagnose.ts";
import type { HostFinding } from "#port/host-finding.ts";
import { formatOf, withGlobals } from "./options.ts";
import { enterOwnScope } from "./own-scope.ts";
import { withWorkplaceAnyway } from "./with-workplace.ts";

/** `packrun doctor`. */
export const doctor: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(
      program.command("doctor").description("check what this host can enforce, and what to do about the rest"),
    ).action(async (options: GlobalOptions) => {
      await enterOwnScope();
      const code = await withWorkplaceAnyway(cli, options, async (workplace, unopened) => {
        const findings = await diagnose(workplace, unopened);
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

const MARKS: Readonly<Record<HostFinding["status"], string>> = { ok: "✓", warn: "!", fail: "✗" };

function line({ status, name, text, remedy }: HostFinding): string {
  const help = remedy === undefined ? "" : `  = help: ${remedy}\n`;
  return `${MARKS[status]} ${name}: ${text}\n${help}`;
}
