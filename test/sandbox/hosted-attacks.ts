/** What lies in a folder of the host that `restricted` shows. All secrets in it are this text. */
export const CANARY = "canary-of-the-host";

/** One try from inside: it prints `won` when it gets through, and `held` at its end. */
export type Attack = { readonly attack: string; readonly script: string };

/** Whether any file or name is to be seen in a folder, for sh. */
const SEEN = 'seen() { for e in "$1"/* "$1"/.[!.]*; do if [ -e "$e" ] || [ -L "$e" ]; then echo "won $e"; fi; done; }';
const empty = (...folders: readonly string[]): string =>
  `${SEEN}; ${folders.map((each) => `seen ${each}`).join("; ")}; echo held`;
const unread = (...files: readonly string[]): string =>
  `for f in ${files.join(" ")}; do if [ -s "$f" ] && cat "$f" 2>/dev/null | grep -q .; then echo "won $f"; fi; done; echo held`;
const refused = (...commands: readonly string[]): string =>
  `${commands.map((command) => `if (${command}) 2>/dev/null; then echo won; fi`).join("; ")}; echo held`;

/** Attacks on a folder that `prepareHost` has laid out, and on the rest of the host. */
export function attacksOn(folder: string, port: number): readonly Attack[] {
  const at = (path: string): string => `${folder}/${path}`;
  return [
    { attack: "write below /etc", script: refused(": >/etc/x", "echo r::0:0::/:/bin/sh >>/etc/passwd") },
    { attack: "write below /usr and /opt", script: refused(": >/usr/x", ": >/usr/bin/x", ": >/opt/x") },
    { attack: "write at the root", script: refused(": >/x", "mkdir /y", ": >/var/x", ": >/home/x", ": >/run/x") },
    {
      attack: "write into a folder that everybody may write",
      script: refused(`: >${at("open/x")}`, `mkdir ${at("open/y")}`),
    },
    {
      attack: "change a file that everybody may write",
      script: refused(
        `echo x >>${at("open/file")}`,
        `chmod 777 ${at("open/file")}`,
        `touch ${at("open/file")}`,
        `rm ${at("open/file")}`,
      ),
    },
    {
      attack: "read password hashes",
      script: unread(
        "/etc/shadow",
        "/etc/shadow-",
        "/etc/gshadow",
        "/etc/gshadow-",
        "/etc/passwd-",
        "/etc/security/opasswd",
      ),
    },
    { attack: "read who may become whom", script: unread("/etc/sudoers", "/etc/sudoers.d/*", "/etc/doas.conf") },
    {
      attack: "read keys of the host",
      script: unread(
        "/etc/ssh/ssh_host_*",
        "/etc/ssl/private/*",
        "/etc/pki/tls/private/*",
        "/etc/krb5.keytab",
        "/etc/machine-id",
      ),
    },
    {
      attack: "read settings in which secrets stand",
      script: unread(
        "/etc/environment",
        "/etc/fstab",
        "/etc/default/*",
        "/etc/systemd/system/*",
        "/etc/docker/*",
        "/etc/kubernetes/*",
        "/etc/apt/auth.conf.d/*",
        "/etc/cloud/*",
        "/etc/pip.conf",
        "/etc/gitconfig",
      ),
    },
    {
      attack: "learn who else is a user",
      script: 'grep -qv "^step:" /etc/passwd && echo won; grep -qv "^step:" /etc/group && echo won; echo held',
    },
    { attack: "see homes", script: empty("/root", "/home") },
    {
      attack: "see state of services",
      script: `[ "$(ls -A /var | tr '\\n' ' ')" = "run tmp " ] || echo won; ${empty("/var/lib", "/var/log", "/var/spool", "/var/cache")}`,
    },
    {
      attack: "see sockets and secrets of /run",
      script: '[ "$(ls -A /run)" = packrun ] || echo won; [ -e /var/run/docker.sock ] && echo won; echo held',
    },
    {
      attack: "see files of other programs in /tmp and /var/tmp",
      script: 'for d in /tmp /var/tmp /dev/shm; do ls -A $d | grep -qv "^home$" && echo "won $d"; done; echo held',
    },
    {
      attack: "see kernels, data of services and disks",
      script: empty("/boot", "/srv", "/mnt", "/media", "/lost+found"),
    },
    {
      attack: "see the hardware",
      script: "[ -e /sys ] && echo won; [ -e /dev/sda ] || [ -e /dev/vda ] || [ -e /dev/mem ] && echo won; echo held",
    },
    {
      attack: "see files and names with a dot at the root",
      script:
        'for f in /* /.[!.]*; do [ -f "$f" ] && echo "won $f"; done; ls -A / | grep -q "^\\." && echo won; echo held',
    },
    { attack: "see the state of the runner", script: empty(at("state")) },
    { attack: "see state that was named by a link", script: empty(at("linked"), at("behind")) },
    { attack: "read a key of the runner", script: unread(at("key"), at("to-key"), at("by/../key")) },
    {
      attack: "see state below a folder that others may not pass",
      script: `cat ${at("closed/state/secret")} 2>/dev/null && echo won; ${empty(at("closed/state"))}`,
    },
    { attack: "see state that is mounted at another place too", script: empty(at("alias")) },
    { attack: "see a part of the state that is mounted elsewhere", script: empty(at("part")) },
    {
      attack: "see another mount of a whole folder with state in it",
      script: `cat ${at("twin/file")} >/dev/null || echo won; ${empty(at("twin/.packrun"))}`,
    },
    {
      attack: "see the scratch folder, where other steps of the run work",
      script: empty(at("scratch")),
    },
    { attack: "read credentials that a variable of the runner names", script: unread(at("aws")) },
    { attack: "see the home of the runner", script: empty(at("home")) },
    { attack: "see a file system in memory, where clusters put secrets", script: empty(at("vault")) },
    { attack: "see processes of the host in another /proc", script: empty(at("jail/proc")) },
    { attack: "see another system's root", script: empty(at("system")) },
    { attack: "find any secret in what is shown", script: `grep -rlsI ${CANARY} ${folder} && echo won; echo held` },
    {
      attack: "connect to a socket of a service",
      script: `perl -e 'use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0) and connect($s, pack_sockaddr_un("${at("open/socket")}")) and print "won\\n"; print "$!\\n" eq "Address family not supported by protocol\\n" ? "held\\n" : "not so: $!\\n"'`,
    },
    {
      attack: "use a device that lies about",
      script: `[ -c ${at("device")} ] || echo "not there"; ${refused(`: >${at("device")}`, `head -c 1 ${at("device")}`)}`,
    },
    {
      attack: "gain rights by a setuid program of the host",
      script: `[ "$(${at("suid-id")} -u)" = 1000 ] && [ "$(${at("suid-id")} -ru)" = 1000 ] && echo held`,
    },
    {
      attack: "keep capabilities or gain privileges",
      script:
        "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo won; grep -q 'CapBnd:.*[1-9a-f]' /proc/self/status && echo won; grep -q 'NoNewPrivs:.1' /proc/self/status && grep -q 'Seccomp:.2' /proc/self/status && echo held",
    },
    { attack: "make a user namespace", script: refused("unshare -U true", "bwrap --unshare-user --ro-bind / / true") },
    {
      attack: "mount or unmount",
      script: refused(
        "mount -o remount,rw /",
        `umount -l ${at("state")}`,
        "umount -l /etc/shadow",
        "mount -t tmpfs t /tmp",
      ),
    },
    {
      attack: "set the kernel's core pattern",
      script: refused("echo x >/proc/sys/kernel/core_pattern", "echo h >/proc/sysrq-trigger"),
    },
    {
      attack: "reach a port of the host",
      script: `bash -c '(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo won' || true; echo held`,
    },
    {
      attack: "see another network interface",
      script: "grep -c : /proc/net/dev | grep -qx 1 && grep -q 'lo:' /proc/net/dev && echo held",
    },
    {
      attack: "see the environment of the runner",
      script:
        "env | grep -q HOST_MARK && echo won; tr '\\0' '\\n' </proc/1/environ | grep -q HOST_MARK && echo won; echo held",
    },
    {
      attack: "hold a file of the host open for writing",
      script: refused(`exec 9<>${at("open/file")}`, `exec 9>>${at("open/file")}`),
    },
  ];
}
