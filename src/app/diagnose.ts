import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { timestampOf } from "#canon/timestamp.ts";
import { readTrustFile } from "./trust-file.ts";
import type { Workplace } from "./workplace.ts";

/** One thing about this host: what is, and what to do about it. */
export type Finding = {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly text: string;
  readonly remedy?: string;
  /** For a failure: the exit code of the fault that a run would meet. */
  readonly exitCode?: number;
};

/** Oldest moment that a sane clock shows: the release of this version, in milliseconds since 1970. */
const RELEASED = Date.UTC(2026, 0, 1);

const WEAK_LIMIT =
  "only packs run here that accept this with limits.minEnforcement; for more, run packrun as root or inside " +
  "`systemd-run --user --scope -p Delegate=yes`";

/** Looks at everything that a run needs. Changes nothing but the probe's own cache. */
export async function diagnose(workplace: Workplace): Promise<readonly Finding[]> {
  return [
    { name: "node", status: "ok", text: process.version },
    clockFinding(workplace),
    await storeFinding(workplace),
    await trustFinding(workplace),
    ...(await sandboxFindings(workplace)),
  ];
}

function clockFinding({ clock }: Workplace): Finding {
  const now = clock.now();
  return now >= RELEASED
    ? { name: "clock", status: "ok", text: timestampOf(now) }
    : {
        name: "clock",
        status: "fail",
        text: `${timestampOf(now)} lies before this version was made`,
        remedy: "set the clock",
        exitCode: 10,
      };
}

async function storeFinding({ settings }: Workplace): Promise<Finding> {
  const { stateFolder } = settings;
  try {
    await mkdir(stateFolder, { recursive: true });
    await access(stateFolder, constants.R_OK | constants.W_OK);
    return { name: "store", status: "ok", text: stateFolder };
  } catch {
    const remedy = `make ${dirname(stateFolder)} writable for this user, or choose another folder with --store`;
    return { name: "store", status: "fail", text: `${stateFolder} cannot be written`, remedy, exitCode: 10 };
  }
}

async function trustFinding({ settings, sha256, clock }: Workplace): Promise<Finding> {
  const { trustFile } = settings;
  if (trustFile === undefined) {
    const remedy = "pin a trust root of your own with --trust before anyone relies on the evidence";
    return { name: "trust", status: "warn", text: "development trust: every role is held by one local key", remedy };
  }
  const read = await readTrustFile(trustFile, sha256);
  if (!read.ok) {
    const { message, hint } = read.fault;
    return {
      name: "trust",
      status: "fail",
      text: message,
      ...(hint === undefined ? {} : { remedy: hint }),
      exitCode: 2,
    };
  }
  const { trustDomain, version, expires } = read.value.root.document;
  return expires > timestampOf(clock.now())
    ? { name: "trust", status: "ok", text: `${trustDomain}, version ${version}, expires ${expires}` }
    : { name: "trust", status: "warn", text: `${trustDomain} expired ${expires}`, remedy: "pin its next version" };
}

async function sandboxFindings(workplace: Workplace): Promise<readonly Finding[]> {
  const runner = workplace.runner(1);
  try {
    const probed = await runner.probe();
    if (!probed.ok) {
      const { message, hint } = probed.fault;
      return [
        {
          name: "sandbox",
          status: "fail",
          text: message,
          ...(hint === undefined ? {} : { remedy: hint }),
          exitCode: 8,
        },
      ];
    }
    const { tool, limits, notes } = probed.value;
    return [
      { name: "sandbox", status: "ok", text: [tool, ...notes].join("; ") },
      ...Object.entries(limits).map(([name, limit]): Finding => {
        const text = `${limit.level} by ${limit.enforcedBy}`;
        return limit.level === "none" || limit.level === "watchdog"
          ? { name: `limit ${name}`, status: "warn", text, remedy: WEAK_LIMIT }
          : { name: `limit ${name}`, status: "ok", text };
      }),
    ];
  } finally {
    await runner.close();
  }
}
