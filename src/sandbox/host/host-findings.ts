import type { Fault } from "#fault/fault.ts";
import type { Result } from "#fault/result.ts";
import type { HostFinding } from "#port/host-finding.ts";
import { sandboxCodes } from "../codes.ts";
import { floorBytes, roundSize, scarcity, type DiskSpace } from "../watch/disk-bound.ts";
import type { HostFacts } from "./host-facts.ts";
import { userNamespaceProblem } from "./host-remedy.ts";
import { allEnforcers, limitHint } from "../limit/limit-enforcement.ts";
import type { LimitMeans } from "../limit/limit-means.ts";
import { isFilteredMachine } from "../root/seccomp-filter.ts";
import type { SandboxForm } from "../root/sandbox-form.ts";

/** What was found out about a host; nothing here is tried again. */
export type Examined = {
  readonly facts: HostFacts;
  /** The sandbox's program with its version, or why no sandbox can even be tried. */
  readonly tool: Result<string>;
  /** What became of trying each kind of sandbox; absent where there is no tool. */
  readonly trials?: Readonly<Record<"sealed" | "restricted" | "wayOut", Result<SandboxForm>>>;
  /** Absent where steps cannot run at all. */
  readonly means?: LimitMeans;
  /** What `limitRemedy` says for this host. */
  readonly limitRemedy: string;
  readonly scratch: { readonly path: string; readonly space?: DiskSpace };
};

const { exitCode: UNAVAILABLE } = sandboxCodes.SANDBOX_UNAVAILABLE;
const { exitCode: DISK } = sandboxCodes.STEP_DISK;

const SEALED_TRIED =
  "a harmless step ran; none can write /etc, /usr or /proc/sys, make a user namespace, reach a port of this host, have a route out, or see files of the runner";
const FILTER_ONLY =
  "bubblewrap may make them, and steps may not; but /proc/sys is read-only here, so no limit of the kernel stands behind the filter that refuses them";
const HOST_PROC =
  "no /proc can be mounted here, so steps see this host's, read-only (`sandbox: {proc: host}`): numbers, names and command lines of all processes and the addresses of their connections, but not their environment, memory or files";

/** What `packrun doctor` says about running steps here, line by line. */
export function hostFindings(examined: Examined): readonly HostFinding[] {
  const { facts, tool, trials, means } = examined;
  return [
    platformFinding(facts),
    ...(isSupported(facts) ? [toolFinding(tool)] : []),
    ...(trials === undefined ? [] : trialFindings(trials, facts)),
    ...(means === undefined ? [] : [cgroupFinding(examined, means), ...limitFindings(examined, means)]),
    ...scratchFindings(examined.scratch),
  ];
}

function isSupported({ platform, arch }: HostFacts): boolean {
  return platform === "linux" && isFilteredMachine(arch);
}

function platformFinding(facts: HostFacts): HostFinding {
  const text = `${facts.platform} on ${facts.arch}, kernel ${facts.kernel}`;
  return isSupported(facts)
    ? { name: "platform", status: "ok", text: facts.container ? `${text}, in a container` : text }
    : {
        name: "platform",
        status: "fail",
        text: `${text}: steps run on Linux on x64 or arm64`,
        remedy: "lint, plan, simulate and verify work here; run steps on a Linux host or in a Linux virtual machine",
        exitCode: UNAVAILABLE,
      };
}

function toolFinding(tool: Result<string>): HostFinding {
  return tool.ok ? { name: "bubblewrap", status: "ok", text: tool.value } : failed("bubblewrap", tool.fault);
}

function failed(name: string, { message, hint }: Fault): HostFinding {
  return { name, status: "fail", text: message, ...remedyOf(hint), exitCode: UNAVAILABLE };
}

function remedyOf(hint: string | undefined): { readonly remedy?: string } {
  return hint === undefined ? {} : { remedy: hint };
}

function trialFindings(trials: NonNullable<Examined["trials"]>, facts: HostFacts): readonly HostFinding[] {
  const { sealed, restricted, wayOut } = trials;
  return [
    sealed.ok ? { name: "mode sealed", status: "ok", text: SEALED_TRIED } : failed("mode sealed", sealed.fault),
    lesser("mode restricted", restricted, "it holds, too: the host's files read-only, without what is secret"),
    lesser("way out", wayOut, "steps with an egress allow-list can be given one"),
    namespaceFinding(sealed, facts),
    procFinding(sealed, facts),
    userFinding(facts),
  ];
}

/** What not every pack needs. */
function lesser(name: string, trial: Result<unknown>, text: string): HostFinding {
  return trial.ok
    ? { name, status: "ok", text }
    : { name, status: "warn", text: trial.fault.message, ...remedyOf(trial.fault.hint) };
}

function namespaceFinding(sealed: Result<SandboxForm>, facts: HostFacts): HostFinding {
  const problem = userNamespaceProblem(facts);
  if (sealed.ok) {
    return sealed.value.userNamespaces === "limit"
      ? { name: "user namespaces", status: "ok", text: "bubblewrap may make them, and steps may not" }
      : { name: "user namespaces", status: "warn", text: FILTER_ONLY };
  }
  return problem === undefined
    ? { name: "user namespaces", status: "ok", text: "nothing is known to forbid them here" }
    : { name: "user namespaces", status: "fail", text: "forbidden here", remedy: problem, exitCode: UNAVAILABLE };
}

function procFinding(sealed: Result<SandboxForm>, { procCovered }: HostFacts): HostFinding {
  const name = "/proc";
  if (!sealed.ok) {
    return procCovered
      ? { name, status: "warn", text: "parts of this one are covered" }
      : { name, status: "ok", text: "nothing of this one is covered" };
  }
  return sealed.value.proc === "own"
    ? { name, status: "ok", text: "steps see processes of their own only" }
    : { name, status: "warn", text: HOST_PROC };
}

function userFinding({ uid }: HostFacts): HostFinding {
  const text =
    uid === 0
      ? "the runner is root: each step runs as a user of its own from 64000 on"
      : "the runner is not root: steps run as its user, inside a user namespace";
  return { name: "step user", status: "ok", text };
}

function cgroupFinding({ limitRemedy }: Examined, { cgroups }: LimitMeans): HostFinding {
  const name = "cgroups";
  switch (cgroups.kind) {
    case "v1":
      return { name, status: "ok", text: `version 1: ${Object.keys(cgroups.folders).join(", ")}` };
    case "v2":
      return { name, status: "ok", text: `version 2: ${cgroups.controllers.join(", ")}` };
    case "none":
      return { name, status: "warn", text: "none can be written", remedy: limitRemedy };
  }
}

/** Memory and processes, and CPUs, are what a plan may ask the kernel to hold. */
function limitFindings({ limitRemedy }: Examined, means: LimitMeans): readonly HostFinding[] {
  return Object.entries(allEnforcers(means)).map(([limit, { level, enforcedBy }]): HostFinding => {
    const finding = { name: `limit ${limit}`, text: `${level} by ${enforcedBy}` };
    const kernelAsked = limit === "memoryBytes" || limit === "pids" || limit === "cpus";
    return kernelAsked && level !== "kernel-tree"
      ? { ...finding, status: "warn", remedy: limitHint(limitRemedy) }
      : { ...finding, status: "ok" };
  });
}

function scratchFindings({ path, space }: Examined["scratch"]): readonly HostFinding[] {
  if (space === undefined) {
    return [];
  }
  const scarce = scarcity(space);
  const text = `${path}: ${roundSize(space.freeBytes)} of ${roundSize(space.totalBytes)} free`;
  const remedy = `free space: ${roundSize(floorBytes(space))} and room for files have to stay free; or set sandbox.scratch in packrun.config.yaml`;
  return [
    scarce === undefined
      ? { name: "scratch", status: "ok", text }
      : { name: "scratch", status: "fail", text: `${text}: ${scarce}`, remedy, exitCode: DISK },
  ];
}
