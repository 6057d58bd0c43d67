/** Where every step's shell finds the options of bubblewrap. */
const ARGS_FD = 3;
/** Where the init of every step waits for the start token. It and 4 and 5 are opened by `launch`. */
export const TOKEN_FD = 6;
/** Node's channel to the runner, in slots that have one. */
export const CHANNEL_FD = 7;

/** The first pipe with the bytes of a secret file. */
export function secretFd(channel: boolean): number {
  return channel ? CHANNEL_FD + 1 : CHANNEL_FD;
}

/** A word of the shell: nothing in single quotes has a meaning. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The launcher: one shell per slot that lives in the slot's cgroup as the slot's user. It waits for an explicit word on
 * its standard input: `go` starts what the file `launch` says, `end` waits for what has ended. Anything else, and the
 * end of input above all, ends everything: a runner that dies takes its steps with it.
 * 1. Without `go` no sandbox is built, and without a token nothing of a step runs in it (`initProgram`). 2. When the launcher goes, so does bubblewrap (`--die-with-parent`) and with
 * it the step's PID namespace; but a step can write into the memory of its init, which then lets go of its parent, so
 * that is killed first. 3. What then is left in the cgroup is killed by number: its standard output is the list of the
 * cgroup's processes, open to read, as the file may have no path where the launcher lives.
 */
export function launcherScript(slotFolder: string): string {
  return [
    "unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE",
    `slot=${quote(slotFolder)}`,
    "job=",
    "while read -r word; do",
    '  case "$word" in',
    '    go) (. "$slot/launch") 2>/dev/null & job=$! ;;',
    "    end) wait; job= ;;",
    "    *) break ;;",
    "  esac",
    "done",
    'if [ -n "$job" ]; then',
    "  init=",
    '  { read -r init rest <"/proc/$job/task/$job/children"; } 2>/dev/null',
    '  kill -KILL $init "$job" 2>/dev/null',
    "fi",
    "round=0",
    'while [ "$round" -lt 100 ]; do',
    "  left=",
    '  while read -r pid; do [ "$pid" = "$$" ] || left="$left $pid"; done <"/proc/$$/fd/1"',
    '  [ -n "$left" ] || break',
    "  kill -KILL $left 2>/dev/null",
    "  round=$((round + 1))",
    "done",
    "exit 125",
  ].join("\n");
}

export type Launch = {
  readonly slotFolder: string;
  readonly seccompFile: string;
  readonly stdinFile: string;
  readonly bwrap: string;
  readonly argv: readonly string[];
  /** Descriptors below 10 that may be covered with /dev/null; a shell can close these. */
  readonly closed: readonly number[];
  /** What ties it to some CPUs, before bubblewrap: a program with its arguments, or nothing. */
  readonly tie: readonly string[];
  /** `ulimit` letters with their values. */
  readonly ulimits: readonly (readonly [letter: string, value: number])[];
};

/**
 * The file `launch`: redirections (a failing one ends the shell), rlimits, then the shell becomes bubblewrap. The
 * memory killer shall take a step's processes before the launcher and the rest of the host; where that cannot be said,
 * they stay equal.
 */
export function launchScript(launch: Launch): string {
  const fifo = (name: string): string => quote(`${launch.slotFolder}/${name}`);
  return [
    `exec 5>${fifo("status")} 1>${fifo("out")} 2>${fifo("err")} 4<${quote(launch.seccompFile)} 6<${fifo("token")} <${quote(launch.stdinFile)}`,
    "cd / || exit 125",
    ...launch.closed.map((fd) => `exec ${fd}<&-`),
    "{ echo 500 >/proc/self/oom_score_adj; } 2>/dev/null || :",
    ...launch.ulimits.map(([letter, value]) => `ulimit -${letter} ${value} || exit 125`),
    `exec ${[...launch.tie, launch.bwrap].map(quote).join(" ")} --args ${ARGS_FD} --seccomp 4 --json-status-fd 5 -- ${launch.argv.map(quote).join(" ")}`,
    "",
  ].join("\n");
}
