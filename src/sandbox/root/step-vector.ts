import { INSIDE_ID, inside, secretPath } from "./inside.ts";
import { emptyFolder, type RootView } from "./root-view.ts";
import type { SandboxForm } from "./sandbox-form.ts";

/** What differs from one step to the next in the options of bubblewrap. */
export type StepVector = {
  readonly root: RootView;
  readonly form: SandboxForm;
  readonly env: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly outputFile: string;
  readonly packFolder?: string;
  readonly scriptFile?: string;
  /** Host path of the sandbox's process 1: see `initProgram`. */
  readonly initFile: string;
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
 * Each namespace is asked for by name: `--unshare-all` goes on silently without a user namespace. Inside nothing can make
 * a new one: all capabilities are dropped, and `--disable-userns`, where it can be had, and the filter refuse it.
 */
const NAMESPACES = [
  "--unshare-user",
  "--unshare-ipc",
  "--unshare-pid",
  "--unshare-uts",
  "--unshare-net",
  "--unshare-cgroup-try",
];

/** bubblewrap leaves these writable or readable where the host's root runs it; see also the drop of the uid. */
const PROC_SEALED = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"];

/** The options of bubblewrap for a step, for `--args`. The order matters: later mounts cover earlier ones. */
export function stepVector(vector: StepVector): readonly string[] {
  const groups: readonly (readonly string[])[] = [
    NAMESPACES,
    vector.form.userNamespaces === "limit" ? ["--disable-userns"] : [],
    ["--uid", String(INSIDE_ID), "--gid", String(INSIDE_ID)],
    ["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1", "--hostname", "packrun", "--clearenv"],
    Object.entries(vector.env).flatMap(([name, value]) => ["--setenv", name, value]),
    vector.root.options,
    procOptions(vector.form.proc),
    ["--dev", "/dev"],
    sizedTmpfs("/dev/shm", Math.min(vector.memoryBytes, SHARED_MEMORY_MAX), "1777"),
    sizedTmpfs(inside.tmp, Math.min(vector.memoryBytes, TMP_MAX), "1777"),
    ["--perms", "0700", "--dir", inside.home],
    ["/run", inside.root, inside.in, inside.inputs].flatMap((path) => emptyFolder(path)),
    vector.packFolder === undefined ? [] : ["--ro-bind", vector.packFolder, inside.pack],
    vector.mounts.flatMap(({ hostPath, at }) => ["--ro-bind", hostPath, at]),
    vector.scriptFile === undefined ? [] : ["--ro-bind", vector.scriptFile, inside.script],
    ["--ro-bind", vector.initFile, inside.init],
    secretTmpfs(vector),
    ["--bind", vector.workFolder, inside.work, "--bind", vector.outputFile, inside.output],
    ["--chdir", inside.work, "--remount-ro", "/dev", "--remount-ro", "/"],
  ];
  return groups.flat();
}

/** Read-only, the host's shows nothing of others that the kernel does not show to every user. */
function procOptions(proc: SandboxForm["proc"]): readonly string[] {
  return proc === "host"
    ? ["--ro-bind", "/proc", "/proc"]
    : ["--proc", "/proc", ...PROC_SEALED.flatMap((path) => ["--ro-bind-try", path, path])];
}

function sizedTmpfs(path: string, bytes: number, mode: string): readonly string[] {
  return ["--size", String(bytes), "--perms", mode, "--tmpfs", path];
}

/** Secrets live in memory only: a tmpfs of the step's own, filled from pipes, then made read-only. */
function secretTmpfs({ secretFiles, secretFd }: StepVector): readonly string[] {
  if (secretFiles.length === 0) {
    return [];
  }
  return [
    sizedTmpfs(inside.secrets, (secretFiles.length + 1) * MIB, "0700"),
    ...secretFiles.map((name, at) => ["--perms", "0400", "--file", String(secretFd + at), secretPath(name)]),
    ["--remount-ro", inside.secrets],
  ].flat();
}
