import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { confirmAtTerminal } from "#app/approval-confirmation.ts";
import {
  signApproval,
  writeApprovalStatement,
  type ApprovalOrder,
  type ApprovalReview,
  type ApprovalTools,
  type WrittenResponse,
} from "#app/approval-sign.ts";
import { readSettings } from "#app/settings.ts";
import type { Result } from "#fault/result.ts";
import { approvalReviewText } from "./approval-review.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { settingsSource, withGlobals } from "./options.ts";

type Done = (code: number) => void;
type DecisionOptions = GlobalOptions & {
  readonly decision: ApprovalOrder["decision"];
  readonly reason: string;
  readonly output: string;
  readonly previous?: string;
};
type SignOptions = DecisionOptions & { readonly key: string; readonly yes?: boolean };
type StatementOptions = DecisionOptions & { readonly approver: string };

const CHECKED =
  "It is checked first: every file by its digest, its signature by the trust root (--trust, else the configured one,\n" +
  "else the development one). Without a trust root, or when anything differs, nothing is written.\n";
const EXIT_CODES =
  "Exit codes: 0 written, 2 usage, 5 the decision would be refused, 6 no plan, 7 the request is not what it says.\n";

/** `packrun approvals sign`. */
export function defineSign(group: Command, cli: Cli, done: Done): void {
  const command = group.command("sign <request>").description("sign a decision; needs no store and no network");
  withDecision(command)
    .requiredOption("--key <key>", "private key of whoever decides: a file, or signer:NAME of the configuration")
    .option("--yes", "do not ask at the terminal")
    .addHelpText(
      "after",
      `\nREQUEST is the folder or .tar of \`packrun approvals request\`.\n${CHECKED}` +
        "What is signed is shown on stderr. At a terminal it asks; without one, or with --yes, it does not.\n" +
        EXIT_CODES +
        'Example: packrun approvals sign request.tar --key alice.key --decision approve --reason "change 4711" \\\n' +
        "           --trust trust-root.json --previous last-evidence.tar -o alice.sigstore.json",
    )
    .action(async (path: string, options: SignOptions) => {
      const { passwordSource } = await import("#compose.ts");
      const mayAsk = options.input !== false;
      const signed = await withTools(cli, options, (tools) =>
        signApproval(
          { ...orderOf(cli, path, options), keyFile: options.key },
          {
            ...tools,
            password: passwordSource(cli.env, mayAsk),
            confirm: () => confirmAtTerminal(`Sign this: ${options.decision}?`, mayAsk && options.yes !== true),
          },
        ),
      );
      done(
        answer(cli, options, signed, (written) => {
          cli.note("carry it back, and record it with: packrun approvals import FILE");
          return writtenText(written);
        }),
      );
    });
}

/** `packrun approvals statement`. */
export function defineStatement(group: Command, cli: Cli, done: Done): void {
  const command = group.command("statement <request>").description("write a decision for a foreign signer to sign");
  withDecision(command)
    .requiredOption("--approver <principal>", "who decides, as the trust root calls them")
    .addHelpText(
      "after",
      `\nREQUEST is the folder or .tar of \`packrun approvals request\`.\n${CHECKED}` +
        "The statement is signed as it is: any change of its bytes makes it refused.\n" +
        EXIT_CODES +
        "Example: packrun approvals statement request --decision approve --reason read --approver alice -o alice.json\n" +
        "         cosign attest-blob --statement alice.json --key cosign.key --bundle alice.sigstore.json \\\n" +
        "           --tlog-upload=false request/plan.canonical.json",
    )
    .action(async (path: string, options: StatementOptions) => {
      const { approver } = options;
      const written = await withTools(cli, options, (tools) =>
        writeApprovalStatement({ ...orderOf(cli, path, options), approver }, tools),
      );
      done(answer(cli, options, written, writtenText));
    });
}

function withDecision(command: Command): Command {
  return withGlobals(command)
    .addOption(
      new Option("--decision <decision>", "approve or reject").choices(["approve", "reject"]).makeOptionMandatory(),
    )
    .option("--reason <text>", "why, for the record", "")
    .option("--previous <path>", "show what changed since: a plan file, or the evidence of the last approved run")
    .requiredOption("-o, --output <file>", "where it goes");
}

function orderOf(cli: Cli, path: string, options: DecisionOptions): ApprovalOrder {
  const { decision, reason, previous } = options;
  return {
    path: resolve(cli.cwd, path),
    decision,
    reason,
    out: resolve(cli.cwd, options.output),
    ...(previous === undefined ? {} : { previous: resolve(cli.cwd, previous) }),
  };
}

async function withTools<T>(
  cli: Cli,
  options: GlobalOptions,
  work: (tools: ApprovalTools) => Promise<Result<T>>,
): Promise<Result<T>> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const { keyringFor, proveAnchor, clock } = await import("#compose.ts");
  const show = (review: ApprovalReview): void => cli.err(`${approvalReviewText(review)}\n`);
  return work({ settings: settings.value, keyring: keyringFor(settings.value), proveAnchor, now: clock.now, show });
}

function writtenText({ file, decision, gateId, approver }: WrittenResponse): string {
  return `${file}\n${decision} ${gateId} as ${approver}\n`;
}
