/** A place as container engines make it, as far as a sandbox can feel it. */
export type Container = {
  /** The user that the runner is, as the container numbers it. */
  readonly uid: number;
  /** Capabilities of its root; Docker's by default. */
  readonly capabilities?: readonly string[];
  readonly noNewPrivileges?: boolean;
  /** Its users are others on the host, from this one on: in a user namespace, as without root. */
  readonly usersFrom?: number;
  /** Only its root is mapped in that user namespace. */
  readonly rootOnly?: boolean;
  /** Nothing of /proc is covered or read-only. */
  readonly unmasked?: boolean;
  /** A whole /proc is mounted somewhere in it, too, as that of the host in agents of clusters. */
  readonly wholeProc?: boolean;
};

/** What Docker and containerd leave to root in a container unless they are told otherwise. */
const DOCKER =
  "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap".split(
    " ",
  );

/** As runc does: files are covered by /dev/null, folders by an empty read-only tmpfs, and the rest made read-only. */
const MASKS = [
  "for path in /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug; do [ ! -e $path ] || mount --bind /dev/null $path; done",
  "for path in /proc/acpi /proc/scsi /sys/firmware; do [ ! -d $path ] || mount -t tmpfs -o ro tmpfs $path; done",
  "for path in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do [ ! -e $path ] || { mount --bind $path $path; mount -o remount,bind,ro $path; }; done",
];

/** Lines for sh that become `command` in a container: with mounts, processes and, where it is said, users of its own. */
export function containerScript(container: Container, command: string): string {
  const { uid, capabilities = DOCKER, noNewPrivileges = false, usersFrom, rootOnly = false, unmasked } = container;
  const bounds = `--bounding-set ${["-all", ...capabilities.map((name) => `+${name}`)].join(",")} --inh-caps -all`;
  const user = rootOnly ? "" : `--reuid ${uid} --regid ${uid} --clear-groups`;
  const drop = `setpriv ${noNewPrivileges ? "--no-new-privs " : ""}${bounds} ${user}`;
  // The runner is not its first process, and its number is none that a step could have in a namespace of its own.
  const first = "echo 4000 >/proc/sys/kernel/ns_last_pid";
  const inner = [first, ...(unmasked === true ? [] : MASKS), `code=0; ${drop} ${command} || code=$?; exit $code`].join(
    "\n",
  );
  const enter = `unshare --mount --pid --fork --kill-child --mount-proc sh -ec ${quote(inner)}`;
  if (usersFrom === undefined) {
    return `exec ${enter}`;
  }
  const map = rootOnly ? `0 ${usersFrom} 1` : `0 ${usersFrom} 65536`;
  return [
    "unshare --user sleep 600 </dev/null >/dev/null 2>&1 &",
    "holder=$!",
    'until [ "$(readlink /proc/$holder/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do :; done',
    `echo "${map}" >/proc/$holder/uid_map; echo "${map}" >/proc/$holder/gid_map`,
    `code=0; nsenter --user --target $holder ${enter} || code=$?`,
    "kill $holder; exit $code",
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
