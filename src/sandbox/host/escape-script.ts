import { hiddenAtRoot, hiddenInEtc } from "../root/hidden-paths.ts";
import { isWithin } from "../root/mount-table.ts";

export type Escapes = {
  /** A port of the host's loopback on which somebody listens. */
  readonly port: number;
  readonly bwrap: string;
  /** Files and folders of the runner. */
  readonly masks: readonly string[];
  /** Processes of the runner, where the host's /proc is shown. */
  readonly pids: readonly number[];
};

/** Folders at the root that a step has of its own: what is seen there is not the host's. */
const OWN = ["/run", "/tmp", "/proc", "/dev"];
const STATE = ["/var/lib", "/var/log", "/var/spool", "/var/cache", "/var/backups"];

/**
 * A script for sh that prints `held` at the end when nothing of what must fail went well, otherwise what went well. bash
 * is asked where it is, for its /dev/tcp.
 */
export function escapeScript({ port, bwrap, masks, pids }: Escapes): string {
  const hidden = [...hiddenAtRoot.map(({ path }) => path), ...STATE, ...masks].filter(
    (path) => path !== "/var" && !OWN.some((own) => isWithin(path, own)),
  );
  return [
    "exec 2>/dev/null",
    'refuse() { echo "$1"; exit 41; }',
    'if (: >/etc/passwd) || (: >/etc/packrun); then refuse "a step can write /etc"; fi',
    'if (: >/usr/packrun); then refuse "a step can write /usr"; fi',
    'if (echo x >/proc/sys/kernel/core_pattern); then refuse "a step can write /proc/sys"; fi',
    "tried=",
    'if command -v unshare >/dev/null; then tried=1; if unshare -U /bin/true; then refuse "a step can make a user namespace"; fi; fi',
    // The namespace itself has to be refused: bubblewrap that got one might still fail at what it does then.
    `if command -v ${bwrap} >/dev/null; then tried=1; case "$(${bwrap} --unshare-user --ro-bind / / /bin/true 2>&1)" in *"new namespace"*) ;; *) refuse "a step can make a user namespace" ;; esac; fi`,
    '[ -n "$tried" ] || refuse "nothing is there with which a step could try to make a user namespace"',
    `if command -v bash >/dev/null && bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}'; then refuse "a step can reach the host's ports"; fi`,
    'while read -r device rest; do [ "$device" = Iface ] || refuse "a step has a route out"; done </proc/net/route',
    'while read -r route; do case "$route" in *" lo") ;; *) refuse "a step has an IPv6 route out" ;; esac; done </proc/net/ipv6_route',
    'there() { [ -e "$1" ] || [ -L "$1" ]; }',
    'seen() { for entry in "$1"/* "$1"/.[!.]*; do there "$entry" && return 0; done; [ -f "$1" ] && [ -s "$1" ] && head -c 1 "$1" | grep -q .; }',
    ...hidden.map((path) => `if seen ${quote(path)}; then refuse ${quote(`a step can see ${path}`)}; fi`),
    // Not quoted: the shell finds what the patterns stand for. None holds a character with another meaning.
    `for path in ${hiddenInEtc.map(({ path }) => path).join(" ")}; do if seen "$path"; then refuse "a step can see $path"; fi; done`,
    ...pids.flatMap((pid) => [
      `for name in environ maps auxv; do [ -z "$(tr -d '\\0' </proc/${pid}/$name)" ] || refuse "a step can read $name of the runner"; done`,
      // Same users may list the numbers of descriptors, and nothing behind them.
      `for link in /proc/${pid}/fd/* /proc/${pid}/root /proc/${pid}/cwd /proc/${pid}/exe; do if [ -e "$link" ] || readlink "$link"; then refuse "a step can follow $link, which is the runner's"; fi; done`,
    ]),
    "echo held",
  ].join("\n");
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
