import { readHostFacts, type HostFacts } from "./host-facts.ts";
import type { UserScope } from "../limit/scope-judgement.ts";

/** What to do on this very host when bubblewrap is not there. */
export function installRemedy({ osRelease: release }: Pick<HostFacts, "osRelease"> = readHostFacts()): string {
  const family = `${/^ID=(.*)$/m.exec(release)?.[1] ?? ""} ${/^ID_LIKE=(.*)$/m.exec(release)?.[1] ?? ""}`;
  if (/debian|ubuntu/.test(family)) {
    return "install it: apt install bubblewrap";
  }
  if (/fedora|rhel|centos/.test(family)) {
    return "install it: dnf install bubblewrap";
  }
  if (/alpine/.test(family)) {
    return "install it: apk add bubblewrap";
  }
  return /arch/.test(family) ? "install it: pacman -S bubblewrap" : "install bubblewrap 0.8 or later";
}

/** What to do where the kernel refuses a new /proc, because parts of the one that is there are covered. */
export const UNMASK_PROC =
  "parts of /proc are hidden here: start the container with `--security-opt systempaths=unconfined` (podman: `--security-opt unmask=ALL`; Kubernetes: procMount: Unmasked; a unit of systemd: ProtectKernelTunables=no, ProtectKernelLogs=no)";

/** What else to do there; only where it was tried and holds. */
export const SHOW_PROC =
  "or let steps see the /proc that is here, with `sandbox: {proc: host}` in packrun.config.yaml or PACKRUN_SANDBOX_PROC=host";

/** Whether bubblewrap was refused a /proc of the sandbox's own when it said this. */
export function refusesProc(said: string): boolean {
  return /mount proc/i.test(said);
}

/** Whether bubblewrap could not set the limit on user namespaces when it said this: /proc/sys is read-only. */
export function refusesLimit(said: string): boolean {
  return said.includes("max_user_namespaces");
}

/** What to do when bubblewrap could not build the sandbox and said this. */
export function setUpRemedy(said: string, facts: HostFacts = readHostFacts()): string {
  if (refusesProc(said)) {
    return UNMASK_PROC;
  }
  if (/set hostname/.test(said) && !facts.container) {
    return "a filter for system calls forbids a sandbox its own host name: set ProtectHostname=no in the unit of systemd";
  }
  const [unconfined] = profileOption(facts.profile);
  if (/Permission denied/.test(said) && facts.container && unconfined !== undefined) {
    return `the profile ${facts.profile} of this container forbids mounts: start it with \`${securityOption(unconfined)}\``;
  }
  if (/namespace|uid map|gid map|Operation not permitted|No permissions/i.test(said)) {
    return namespaceRemedy(facts);
  }
  return "run `packrun doctor`, and see what bubblewrap says";
}

/** What to do where root cannot become the users that its steps run as. */
export const STEP_USER_REMEDY =
  "run packrun as a plain user; or, in a container, leave its root the capabilities CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID and SETUID and the users from 64000 on";

/** What to do when the listener of a sandboxed step did not come up. */
export function wayOutRemedy(said: string): string {
  return /execvp|cannot execute/i.test(said)
    ? "programs in the scratch folder cannot be run: choose one on a file system that is not mounted noexec"
    : "leave egressAllowlist empty on this host, and pass what the steps need as file inputs";
}

function securityOption(option: string): string {
  return `--security-opt ${option}`;
}

/** What takes a profile of AppArmor (`name (mode)`) or SELinux (`user:role:type:level`) off a container; nothing of none. */
function profileOption(profile: string): readonly string[] {
  if (/ \(.+\)$/.test(profile)) {
    return ["apparmor=unconfined"];
  }
  return /:container_/.test(profile) ? ["label=disable"] : [];
}

/** Why user namespaces may be refused here; the last answer is for hosts on which nothing is known to refuse them. */
function namespaceRemedy(facts: HostFacts): string {
  return userNamespaceProblem(facts) ?? "allow user namespaces for bubblewrap on this host";
}

/** What is known to keep bubblewrap from making user namespaces, with what to do; undefined when nothing is. */
export function userNamespaceProblem({ sysctls, container, filtered, profile }: HostFacts): string | undefined {
  if (sysctls["kernel/apparmor_restrict_unprivileged_userns"] === "1") {
    return "AppArmor forbids user namespaces here: install the profile `bwrap-userns-restrict` (package apparmor-profiles), or set kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (sysctls["kernel/unprivileged_userns_clone"] === "0") {
    return "the kernel forbids user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (sysctls["user/max_user_namespaces"] === "0") {
    return "no user namespaces are allowed: sysctl user.max_user_namespaces=15000";
  }
  if (container && filtered) {
    const options = ["seccomp=unconfined", "systempaths=unconfined", ...profileOption(profile)];
    return `this container's seccomp profile forbids what sandboxes are made of: start it with \`${options.map(securityOption).join(" ")}\` (Kubernetes: seccompProfile Unconfined, procMount Unmasked), or run packrun on the host`;
  }
  return undefined;
}

/** What to do where no cgroup, or not every controller, can be used. `scope` is asked of plain users only. */
export function limitRemedy({ uid, container, cgroups }: HostFacts, scope: UserScope | undefined): string {
  if (cgroups.version === "none") {
    return container
      ? "mount cgroups in this container (a private, writable cgroup namespace)"
      : "start the kernel with control groups (no cgroup_disable=, no cgroup_no_v1=all without version 2)";
  }
  if (container) {
    const user = uid === 0 ? "" : "--user 0 ";
    return cgroups.version === "v1"
      ? "cgroups of version 1 cannot safely be given to a container: run packrun on the host, or boot the host with systemd.unified_cgroup_hierarchy=1"
      : `run packrun as the container's root, with cgroups that it may write (Docker since 28: \`${user}--cgroupns=private --security-opt writable-cgroups=true\`; podman: \`${user}--security-opt unmask=/sys/fs/cgroup\`)`;
  }
  if (uid === 0) {
    return "mount the cgroup controllers memory, pids and cpu writable";
  }
  if (cgroups.version === "v1") {
    return "cgroups of version 1 cannot be given to users: run packrun as root, or boot with systemd.unified_cgroup_hierarchy=1";
  }
  return scope?.kind === "impossible"
    ? `${scope.why}: ${scope.remedy}`
    : "run packrun inside `systemd-run --user --scope -p Delegate=yes`, or as root";
}
