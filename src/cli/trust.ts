import type { Command } from "commander";
import type { Timestamp } from "#canon/timestamp.ts";
import { InvalidArgumentError, Option } from "commander";
import { rootFileOf } from "#app/site-root.ts";
import { readSettings } from "#app/settings.ts";
import { trustAdd, trustInit, trustPolicy, trustRemove, trustSign, type TrustTools } from "#app/trust-edit.ts";
import { trustCheck } from "#app/trust-check.ts";
import { trustShow, type TrustShow } from "#app/trust-show.ts";
import { ok, type Result } from "#fault/result.ts";
import { visibleText } from "#view/visible-text.ts";
import type { Cli, CommandFile, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, positiveInteger, settingsSource, withGlobals } from "./options.ts";
import { time } from "./time.ts";
import { defineToken } from "./trust-token.ts";
import { defineWitnesses, type EditRoot } from "./trust-witness.ts";

type Done = (code: number) => void;

/** `packrun trust …`. */
export const trust: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("trust").description("make, edit and show trust roots");
    defineInit(group, cli, done);
    defineAdd(group, cli, done);
    defineRemove(group, cli, done);
    definePolicy(group, cli, done);
    const editRoot: EditRoot = async (options, edit) => {
      const opened = await openTools(cli, options);
      const edited = opened.ok ? await edit(opened.value.file, opened.value.tools) : opened;
      done(answer(cli, options, edited, writtenText));
    };
    defineToken(group, editRoot);
    defineWitnesses(group, editRoot);
    defineSign(group, cli, done);
    withGlobals(group.command("show").description("keys, principals and roles of a trust root")).action(
      async (options: GlobalOptions) => {
        const opened = await openTools(cli, options);
        done(
          opened.ok
            ? answer(cli, options, await trustShow(opened.value.file, opened.value.tools), showText)
            : cli.fault(opened.fault, formatOf(options)),
        );
      },
    );
    defineCheck(group, cli, done);
    group.addHelpText(
      "after",
      "\nWithout --trust the configured trust root is used, else the development one.\nExample: packrun trust add alice.pub --principal alice --role approver",
    );
  },
};

type Opened = { readonly file: string; readonly tools: TrustTools };

async function openTools(cli: Cli, options: GlobalOptions): Promise<Result<Opened>> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const { keyringFor, clock } = await import("#compose.ts");
  const { stateFolder } = settings.value;
  const tools = { keyring: keyringFor(settings.value), now: clock.now, stateFolder, settings: settings.value };
  return ok({ file: rootFileOf(settings.value), tools });
}

function defineInit(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("init").description("write version 1 of a trust root"))
    .requiredOption("--domain <name>", "trust domain, such as acme-prod")
    .requiredOption("--root <file...>", "public keys that hold the role root")
    .option("--threshold <n>", "how many root keys a change needs", positiveInteger, 1)
    .requiredOption("-o, --output <file>", "where to write it")
    .action(async (options: GlobalOptions & { domain: string; root: string[]; threshold: number; output: string }) => {
      const opened = await openTools(cli, options);
      const { domain, root, threshold, output } = options;
      const made = opened.ok
        ? await trustInit({ trustDomain: domain, rootKeys: root, threshold, out: output }, opened.value.tools)
        : opened;
      done(answer(cli, options, made, writtenText));
    });
}

type AddOptions = GlobalOptions & {
  principal: string;
  role: string[];
  validFrom?: Timestamp;
  validUntil?: Timestamp;
  tenants?: string[];
  gates?: string[];
  packs?: string[];
  output?: string;
};

function defineAdd(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("add <public-key>").description("add a key; writes the next, unsigned version"))
    .requiredOption("--principal <name>", "whose key it is")
    .requiredOption("--role <name...>", "roles that it holds: approver, requester, run-attestor …")
    .option("--valid-from <time>", "beginning of its window", time)
    .option("--valid-until <time>", "end of its window", time)
    .option("--tenants <names...>", "the roles hold for these tenants only")
    .option("--gates <ids...>", "the roles hold for these gates only")
    .option("--packs <names...>", "the roles hold for these packs only")
    .option("-o, --output <file>", "write the next version here instead of in place")
    .action(async (keyFile: string, options: AddOptions) => {
      const opened = await openTools(cli, options);
      const { principal, role: roles, output: out, validFrom, validUntil, tenants, gates, packs } = options;
      const optional = { out, validFrom, validUntil, tenants, gates, packs };
      const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
      const added = opened.ok
        ? await trustAdd({ file: opened.value.file, keyFile, principal, roles, ...given }, opened.value.tools)
        : opened;
      done(answer(cli, options, added, writtenText));
    });
}

function defineRemove(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("remove <what>").description("remove a key; writes the next, unsigned version"))
    .option("-o, --output <file>", "write the next version here instead of in place")
    .addHelpText("after", "\nWHAT is a keyid, the name of a timestamp authority or the origin of a log.")
    .action(async (keyid: string, options: GlobalOptions & { output?: string }) => {
      const opened = await openTools(cli, options);
      const removed = opened.ok
        ? await trustRemove({ file: opened.value.file, keyid, out: options.output }, opened.value.tools)
        : opened;
      done(answer(cli, options, removed, writtenText));
    });
}

type PolicyOptions = GlobalOptions & {
  revocations?: "required" | "optional" | "none";
  maxAgeHours?: number;
  minSequence?: number;
  minVersion?: Readonly<Record<string, string>>;
  rootThreshold?: number;
  anchor?: readonly ("tsa" | "rekor" | "none")[];
  output?: string;
};

function definePolicy(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("policy").description("change what the root asks for; writes the next, unsigned version"))
    .addOption(
      new Option("--revocations <what>", "whether a revocation list must be there").choices([
        "required",
        "optional",
        "none",
      ]),
    )
    .option("--max-age-hours <n>", "how old a revocation list may be (default: 168)", positiveInteger)
    .option("--min-sequence <n>", "the least sequence of a revocation list", positiveInteger)
    .option(
      "--min-version <pack@version>",
      "the least version of a pack that is planned and run (repeatable)",
      leastVersion,
    )
    .addOption(new Option("--anchor <kinds...>", "anchors that evidence must have").choices(["tsa", "rekor", "none"]))
    .option("--root-threshold <n>", "how many root keys a change needs", positiveInteger)
    .option("-o, --output <file>", "write the next version here instead of in place")
    .action(async (options: PolicyOptions) => {
      const opened = await openTools(cli, options);
      const { revocations, maxAgeHours, minSequence, minVersion, rootThreshold, anchor, output: out } = options;
      const anchors = anchor?.filter((kind) => kind !== "none");
      const optional = { revocations, maxAgeHours, minSequence, minVersion, rootThreshold, anchors, out };
      const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
      const changed = opened.ok ? await trustPolicy({ file: opened.value.file, ...given }, opened.value.tools) : opened;
      done(answer(cli, options, changed, writtenText));
    });
}

/** `acme/promote@2.0.0`; the forms of both parts are the trust root's to check. */
function leastVersion(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.lastIndexOf("@");
  if (at < 1) {
    throw new InvalidArgumentError("Give a pack and its version, as acme/promote@2.0.0.");
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function defineSign(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("sign").description("consent to the present version with a root key"))
    .requiredOption("--key <file>", "private key that holds the role root, or signer:NAME of the configuration")
    .action(async (options: GlobalOptions & { key: string }) => {
      const opened = await openTools(cli, options);
      const { passwordSource } = await import("#compose.ts");
      const password = passwordSource(cli.env, options.input !== false);
      const signed = opened.ok
        ? await trustSign({ file: opened.value.file, keyFile: options.key, password }, opened.value.tools)
        : opened;
      done(answer(cli, options, signed, ({ sidecar, keyid }) => `${sidecar}\nsigned by ${keyid}\n`));
    });
}

function defineCheck(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("check").description("whether a trust root can be relied on now")).action(
    async (options: GlobalOptions) => {
      const opened = await openTools(cli, options);
      const checked = opened.ok ? await trustCheck(opened.value.file, opened.value.tools) : opened;
      const shown = answer(cli, options, checked, ({ checks }) =>
        checks.map(({ name, status, why }) => `${status.padEnd(7)}  ${name}: ${why}\n`).join(""),
      );
      done(checked.ok ? checked.value.exitCode : shown);
    },
  );
}

function writtenText({ file, version, trustDomain }: { file: string; version: number; trustDomain: string }): string {
  return `${file}: ${trustDomain}, version ${version}\n`;
}

function showText(root: TrustShow): string {
  const lines = [
    `trust domain  ${root.trustDomain}${root.trustDomain === "development" ? " (made on first use, known to nobody else)" : ""}`,
    `version       ${root.version}, issued ${root.issuedAt}, expires ${root.expires}${root.expired ? " (expired)" : ""}`,
    `digest        ${root.digest}`,
    `consent       ${root.consent.principals.length} of ${root.consent.required} root principals signed this version`,
    ...root.keys.map(
      (key) =>
        `${key.keyid}  ${key.principal}  ${key.roles.join(", ")}${key.window === "open" ? "" : `  (${key.window})`}`,
    ),
    ...root.tokens.map(({ iss, sub, principal }) => `token of ${sub} by ${iss}: ${principal}`),
    ...root.witnesses.map(
      ({ kind, name, validFrom, validUntil }) =>
        `${kind === "tsa" ? "timestamps of" : "log"} ${name}, from ${validFrom} until ${validUntil}`,
    ),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}
