import { existsSync, readFileSync } from "node:fs";

/** What to do on this very host when bubblewrap is not there. */
export function installRemedy(): string {
  const release = readText("/etc/os-release");
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
export const MASKED_PROC =
  "this container hides parts of /proc: start it with `--security-opt systempaths=unconfined` (Kubernetes: procMount: Unmasked); or let steps see this container's own /proc, with `sandbox: {proc: host}` in packrun.config.yaml";

/** What to do when bubblewrap could not build the sandbox and said this. */
export function setUpRemedy(said: string): string {
  if (/mount proc/i.test(said)) {
    return MASKED_PROC;
  }
  if (/namespace|uid map|gid map|Operation not permitted|No permissions/i.test(said)) {
    return namespaceRemedy();
  }
  return "run `packrun doctor`, and see what bubblewrap says";
}

/** What to do when the listener of a sandboxed step did not come up. */
export function wayOutRemedy(said: string): string {
  return /execvp|cannot execute/i.test(said)
    ? "programs in the scratch folder cannot be run: choose one on a file system that is not mounted noexec"
    : "leave egressAllowlist empty on this host, and pass what the steps need as file inputs";
}

function namespaceRemedy(): string {
  if (readText("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return "AppArmor forbids user namespaces here: install the profile `bwrap-userns-restrict` (package apparmor-profiles), or set kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (readText("/proc/sys/kernel/unprivileged_userns_clone") === "0") {
    return "the kernel forbids user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (readText("/proc/sys/user/max_user_namespaces") === "0") {
    return "no user namespaces are allowed: sysctl user.max_user_namespaces=15000";
  }
  if (existsSync("/.dockerenv") || existsSync("/run/.containerenv")) {
    return "this container's seccomp profile forbids namespaces: start it with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`, or run packrun on the host";
  }
  return "allow user namespaces for bubblewrap on this host";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
