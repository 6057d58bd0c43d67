import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Sandbox } from "#plan/plan.ts";
import { withoutAffinity } from "./limit/affinity-filter.ts";
import { cgroupParents, type CgroupHost } from "./cgroup/cgroup-host.ts";
import { MAX_FILE_BYTES } from "./collect/collecting.ts";
import { parseMountTable, readMountTable } from "./root/mount-table.ts";
import { InitFiles } from "./init/init-files.ts";
import { initProgram } from "./init/init-program.ts";
import { inheritedFds } from "./slot/inherited-fds.ts";
import { installRemedy } from "./host/host-remedy.ts";
import { ownBounds } from "./host/own-bounds.ts";
import { etcFiles } from "./root/inside.ts";
import { CGROUPS_FILE, tidyUp } from "./janitor.ts";
import { findMeans, tiesCpus, type LimitMeans } from "./limit/limit-means.ts";
import { OPEN_FILES } from "./limit/limit-values.ts";
import { bootId } from "./watch/process-identity.ts";
import { rootViews, type RootPlace, type RootViews } from "./root/root-views.ts";
import { ownFolder } from "./scratch-folder.ts";
import { isFilteredMachine, seccompFilter, type Machine } from "./root/seccomp-filter.ts";
import { makeLeanMounts } from "./slot/lean-mounts.ts";
import { SlotPool } from "./slot/slot-pool.ts";
import { unavailable } from "./host/unavailable.ts";

export type GroundOptions = {
  readonly scratch: string;
  readonly maxParallel: number;
  /** The bubblewrap to use; looked for in the system's folders when absent. */
  readonly bwrap?: string;
  /** How to limit process trees; found out when absent. */
  readonly cgroups?: CgroupHost;
  /** Files and folders of the runner that no step may see: state, artifacts, configuration, keys, secrets. */
  readonly masks?: () => readonly string[];
  /** The environment of the runner: it names files with credentials. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a new /proc cannot be mounted, steps may see the host's. */
  readonly proc?: "host";
  /** All that limits are held with; found out when absent. */
  readonly means?: LimitMeans;
};

/** What all attempts of one runner stand on. */
export type Ground = {
  readonly folder: string;
  readonly scratch: string;
  readonly host: CgroupHost;
  readonly means: LimitMeans;
  readonly pool: SlotPool;
  readonly bwrap: string;
  /** `bubblewrap 0.8.0`. */
  readonly tool: string;
  readonly roots: RootViews;
  /** What no step may see, as it is now. */
  readonly masks: () => readonly string[];
  /** The host's /proc may be shown where none can be mounted. */
  readonly mayShowProc: boolean;
  readonly inits: InitFiles;
  readonly ulimits: readonly (readonly [letter: string, value: number])[];
  readonly inherited: readonly number[];
  /** Changes whenever anything changes that the probe's answer depends on. */
  readonly fingerprint: string;
};

const run = promisify(execFile);
const OLDEST = [0, 8] as const;

/** Looks for the tools, tidies up after dead runners, and lays out this runner's folder. */
export async function layGround(options: GroundOptions): Promise<Result<Ground>> {
  if (process.platform !== "linux" || !isFilteredMachine(process.arch)) {
    const problem = `steps run on Linux on x64 or arm64, and this is ${process.platform} on ${process.arch}`;
    return fail(unavailable(problem, "lint, plan, simulate and verify work here; run steps on a Linux host"));
  }
  const tool = await findTool(options.bwrap);
  if (!tool.ok) {
    return tool;
  }
  const own = ownFolder(options.scratch);
  if (!own.ok) {
    return own;
  }
  const means = options.means ?? findMeans(options.cgroups);
  const host = means.cgroups;
  const { scratch, env = {}, proc } = options;
  const { path: bwrap, version } = tool.value;
  const folder = mkdtempSync(join(own.value, "sandbox-"));
  chmodSync(folder, 0o711);
  const mounts = parseMountTable(readMountTable());
  const [lean] = await Promise.all([makeLeanMounts({ folder, scratch, bwrap, mounts }), tidyUp(scratch, host)]);
  writeFileSync(join(folder, CGROUPS_FILE), cgroupParents(host).join("\n"), { mode: 0o600 });
  const filters = filtersFor(process.arch, tiesCpus(means));
  const inherited = inheritedFds();
  const batch = Math.max(1, Math.min(options.maxParallel, 16));
  const pool = new SlotPool({ scratch, folder, host, inherited, batch, lean });
  const masks = (): readonly string[] => [scratch, ...(options.masks?.() ?? [])];
  const roots = rootViews({ ...writeRootFiles(folder, filters), masks, env });
  const fingerprint = fingerprintOf(
    bwrap,
    means,
    [...Object.values(filters), initProgram(process.arch, { listen: true })],
    proc,
  );
  const ulimits = ulimitsOf();
  return ok({
    folder,
    scratch,
    host,
    means,
    pool,
    bwrap,
    tool: version,
    roots,
    masks,
    mayShowProc: proc === "host",
    inits: new InitFiles(folder, process.arch),
    ulimits,
    inherited,
    fingerprint,
  });
}

type Filters = Readonly<Record<Sandbox["mode"], Buffer>>;

/** What all steps have in common in their roots. */
function writeRootFiles(folder: string, filters: Filters): Pick<RootPlace, "etcFolder" | "emptyFile" | "seccompFiles"> {
  const seccompFiles = { sealed: join(folder, "seccomp.sealed"), restricted: join(folder, "seccomp.restricted") };
  writePublic(seccompFiles.sealed, filters.sealed);
  writePublic(seccompFiles.restricted, filters.restricted);
  const emptyFile = join(folder, "empty");
  writePublic(emptyFile, "");
  const etcFolder = join(folder, "etc");
  mkdirSync(etcFolder);
  chmodSync(etcFolder, 0o755);
  Object.entries(etcFiles).forEach(([name, text]) => writePublic(join(etcFolder, name), text));
  return { etcFolder, emptyFile, seccompFiles };
}

/** A step that is tied to some CPUs may not untie itself. */
function filtersFor(machine: Machine, tied: boolean): Filters {
  const filterOf = (mode: Sandbox["mode"]): Buffer => {
    const filter = seccompFilter(machine, mode);
    return tied ? withoutAffinity(filter, machine) : filter;
  };
  return { sealed: filterOf("sealed"), restricted: filterOf("restricted") };
}

type Tool = { readonly path: string; readonly version: string };

async function findTool(given: string | undefined): Promise<Result<Tool>> {
  const candidates = given === undefined ? ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"] : [given];
  for (const path of candidates) {
    const text = await run(path, ["--version"], { env: { PATH: "/usr/bin:/bin" } }).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    const found = /^bubblewrap (\d+)\.(\d+)/.exec(text ?? "");
    if (text !== undefined && found !== null) {
      const [major, minor] = [Number(found[1]), Number(found[2])];
      return major > OLDEST[0] || minor >= OLDEST[1]
        ? ok({ path, version: text })
        : fail(unavailable(`${text} is too old`, "install bubblewrap 0.8 or later (it knows --disable-userns)"));
    }
  }
  return fail(unavailable("bubblewrap is not installed", installRemedy()));
}

function writePublic(path: string, content: Uint8Array | string, mode = 0o444): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** A shell cannot raise a hard limit, so what is asked stays within what this process has. */
function ulimitsOf(): Ground["ulimits"] {
  const limits = readFileSync("/proc/self/limits", "latin1");
  const hard = (name: string): number => {
    const text = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1] ?? "unlimited";
    return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
  };
  // `ulimit -f` counts in units of 512 bytes (POSIX).
  const fileBytes = Math.min(hard("Max file size"), MAX_FILE_BYTES);
  return [
    ["c", 0],
    ["n", Math.min(hard("Max open files"), OPEN_FILES)],
    ["f", Math.floor(fileBytes / 512)],
  ];
}

function fingerprintOf(
  bwrap: string,
  means: LimitMeans,
  programs: readonly Uint8Array[],
  proc: string | undefined,
): string {
  const host = means.cgroups;
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(bwrap, { bigint: true });
  const facts = [
    bootId(),
    release(),
    bwrap,
    dev,
    ino,
    size,
    mtimeNs,
    ctimeNs,
    process.getuid?.(),
    ...ownBounds(),
    // The subtree of a runner bears its name; all else is the same for each.
    JSON.stringify({ ...means, cgroups: host.kind === "v2" ? host.controllers : host }),
    proc,
  ];
  const hash = createHash("sha256").update(facts.join("\n"));
  programs.forEach((program) => hash.update(program));
  return hash.digest("hex");
}
