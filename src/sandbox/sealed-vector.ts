import { lstatSync, readlinkSync } from "node:fs";
import { INSIDE_ID, etcFiles, inside, secretPath } from "./inside.ts";

/** What differs from one step to the next in the options of bubblewrap. */
export type SealedVector = {
  readonly env: Readonly<Record<string, string>>;
  /** Host folder with the files of `etcFiles`. */
  readonly etcFolder: string;
  readonly workFolder: string;
  readonly outputFile: string;
  readonly packFolder?: string;
  readonly scriptFile?: string;
  readonly mounts: readonly { readonly hostPath: string; readonly at: string }[];
  /** Variable names of secrets that are given as files; the first is read from `secretFd`, the next from the next. */
  readonly secretFiles: readonly string[];
  readonly secretFd: number;
  readonly memoryBytes: number;
};

const MIB = 1024 * 1024;
const TMP_MAX = 256 * MIB;
const SHARED_MEMORY_MAX = 64 * MIB;

/**
 * Each namespace is asked for by name: `--unshare-all` goes on silently without a user namespace. With the dropped
 * capabilities, `--disable-userns` and the seccomp filter, nothing inside can make a new one.
 */
const NAMESPACES = [
  "--unshare-user",
  "--unshare-ipc",
  "--unshare-pid",
  "--unshare-uts",
  "--unshare-net",
  "--unshare-cgroup-try",
  "--disable-userns",
];

/** Links and folders at the root that lead into /usr; looked at once, they do not change while a host runs. */
let linked: readonly string[] | undefined;

function usrLinks(): readonly string[] {
  linked ??= ["bin", "sbin", "lib", "lib64", "lib32", "libx32"].flatMap((name) => {
    try {
      const path = `/${name}`;
      return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
    } catch {
      return [];
    }
  });
  return linked;
}

/** Trust anchors and the linker's cache: public, and needed by almost every program. Keys in /etc/ssl/private are not. */
const ETC_SHARED = [
  "/etc/ld.so.cache",
  "/etc/alternatives",
  "/etc/ssl/certs",
  "/etc/ssl/cert.pem",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/tls/certs",
  "/etc/pki/ca-trust/extracted",
];

/** bubblewrap leaves these writable or readable where the host's root runs it; see also the drop of the uid. */
const PROC_SEALED = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"];

/** The options of bubblewrap for a sealed step, for `--args`. The order matters: later mounts cover earlier ones. */
export function sealedVector(vector: SealedVector): readonly string[] {
  const groups: readonly (readonly string[])[] = [
    NAMESPACES,
    ["--uid", String(INSIDE_ID), "--gid", String(INSIDE_ID)],
    ["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1", "--hostname", "packrun", "--clearenv"],
    Object.entries(vector.env).flatMap(([name, value]) => ["--setenv", name, value]),
    ["--ro-bind", "/usr", "/usr", ...usrLinks()],
    directory("/etc"),
    ETC_SHARED.flatMap((path) => ["--ro-bind-try", path, path]),
    Object.keys(etcFiles).flatMap((name) => ["--ro-bind", `${vector.etcFolder}/${name}`, `/etc/${name}`]),
    ["--proc", "/proc", ...PROC_SEALED.flatMap((path) => ["--ro-bind-try", path, path])],
    ["--dev", "/dev"],
    sizedTmpfs("/dev/shm", Math.min(vector.memoryBytes, SHARED_MEMORY_MAX), "1777"),
    sizedTmpfs(inside.tmp, Math.min(vector.memoryBytes, TMP_MAX), "1777"),
    ["--perms", "0700", "--dir", inside.home],
    [...directory("/run"), ...directory(inside.root), ...directory(inside.in), ...directory(inside.inputs)],
    vector.packFolder === undefined ? [] : ["--ro-bind", vector.packFolder, inside.pack],
    vector.mounts.flatMap(({ hostPath, at }) => ["--ro-bind", hostPath, at]),
    vector.scriptFile === undefined ? [] : ["--ro-bind", vector.scriptFile, inside.script],
    secretTmpfs(vector),
    ["--bind", vector.workFolder, inside.work, "--bind", vector.outputFile, inside.output],
    ["--chdir", inside.work, "--remount-ro", "/dev", "--remount-ro", "/"],
  ];
  return groups.flat();
}

function directory(path: string): readonly string[] {
  return ["--perms", "0755", "--dir", path];
}

function sizedTmpfs(path: string, bytes: number, mode: string): readonly string[] {
  return ["--size", String(bytes), "--perms", mode, "--tmpfs", path];
}

/** Secrets live in memory only: a tmpfs of the step's own, filled from pipes, then made read-only. */
function secretTmpfs({ secretFiles, secretFd }: SealedVector): readonly string[] {
  if (secretFiles.length === 0) {
    return [];
  }
  return [
    sizedTmpfs(inside.secrets, (secretFiles.length + 1) * MIB, "0700"),
    ...secretFiles.map((name, at) => ["--perms", "0400", "--file", String(secretFd + at), secretPath(name)]),
    ["--remount-ro", inside.secrets],
  ].flat();
}
