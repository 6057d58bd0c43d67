/** A path of the host that no step sees, and the reason. A `*` at the end stands for any rest of that one name. */
export type HiddenPath = { readonly path: string; readonly because: string };

/** Reasons with their paths, which are divided by blanks. */
const listed = (reasons: Readonly<Record<string, string>>): readonly HiddenPath[] =>
  Object.entries(reasons).flatMap(([because, paths]) => wordsOf(paths).map((path) => ({ path, because })));

function wordsOf(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** Folders at the root that `restricted` does not show, and what shows the same files is not shown either. */
export const secretAtRoot: readonly HiddenPath[] = listed({
  "homes of people: keys, tokens, history": "/root /home",
  "sockets and run-time secrets of services and containers; the step's own stands there": "/run",
  "state, logs, spools, caches, backups, mail, containers": "/var",
  "files of other programs; the step's own stands there": "/tmp",
  "kernels and initial RAM disks, which may hold keys of disks": "/boot /efi",
  "data of services": "/srv",
  "disks and shares that are no part of the system": "/mnt /media",
  "hardware and settings of the kernel, control groups": "/sys",
  "processes of the host; the step's own stands there": "/proc",
  "disks, terminals, shared memory; the step's own stands there": "/dev",
  "what fsck found, of whatever file": "/lost+found",
  "where containers are given secrets": "/secrets /secret /credentials /vault /keys",
});

/** Folders at the root that are another system, or this one once more; parts of them may well be shown elsewhere. */
const otherSystems = listed({ "another system, or this one once more": "/sysroot /ostree /host /hostfs /rootfs" });

export const hiddenAtRoot: readonly HiddenPath[] = [...secretAtRoot, ...otherSystems];

/** Paths below `/etc` that `restricted` covers, whether this user may read them or not. */
export const hiddenInEtc: readonly HiddenPath[] = listed({
  "password hashes and their backups": `/etc/shadow* /etc/gshadow* /etc/passwd- /etc/group- /etc/.pwd.lock /etc/tcb
    /etc/master.passwd /etc/security/opasswd`,
  "who may become whom": "/etc/sudoers* /etc/sudo.conf /etc/doas.conf /etc/polkit-1",
  "keys and names by which this host is known": "/etc/ssh/ssh_host_* /etc/dropbear /etc/machine-id /etc/hostname",
  "private keys of certificates": `/etc/ssl/private /etc/pki/tls/private /etc/pki/private /etc/pki/nssdb
    /etc/pki/entitlement /etc/pki/consumer /etc/letsencrypt /etc/acme /etc/step-ca`,
  "tickets and passwords of directories": `/etc/krb5.keytab /etc/sssd /etc/nslcd.conf /etc/ldap.conf /etc/ldap.secret
    /etc/pam_ldap.secret /etc/libnss-ldap.secret /etc/samba /etc/freeipa /etc/ipa`,
  "variables, units and jobs in which services are given passwords": `/etc/environment* /etc/default /etc/sysconfig
    /etc/systemd /etc/conf.d /etc/cron* /etc/anacrontab /etc/supervisor* /etc/profile.d`,
  "passwords of shares and disks": `/etc/fstab /etc/crypttab /etc/cryptsetup-keys.d /etc/autofs* /etc/cifs* /etc/iscsi
    /etc/multipath* /etc/zfs`,
  "passwords of networks and tunnels": `/etc/NetworkManager /etc/netplan /etc/network /etc/wpa_supplicant* /etc/wireguard
    /etc/openvpn /etc/ppp /etc/ipsec* /etc/swanctl /etc/strongswan* /etc/tor /etc/tailscale /etc/frr /etc/snmp /etc/bind
    /etc/rndc* /etc/named*`,
  "keys to containers and clusters": `/etc/docker /etc/containers/auth.json /etc/containers/systemd /etc/containers/certs.d
    /etc/containerd /etc/crio /etc/cni /etc/kubernetes /etc/rancher /etc/microk8s /etc/k0s /etc/etcd* /etc/nomad*
    /etc/consul* /etc/vault* /etc/boundary* /etc/ceph /etc/libvirt /etc/salt /etc/puppet* /etc/chef /etc/ansible`,
  "keys to clouds and registries": `/etc/cloud /etc/boto.cfg /etc/aws* /etc/azure* /etc/google* /etc/gcloud /etc/rclone*
    /etc/apt/auth.conf* /etc/yum.repos.d /etc/zypp/credentials.d /etc/pip.conf /etc/npmrc /etc/netrc /etc/wgetrc
    /etc/curlrc /etc/gitconfig /etc/subversion`,
  "passwords of databases, mail and other services": `/etc/mysql /etc/my.cnf* /etc/postgresql* /etc/redis* /etc/mongod*
    /etc/rabbitmq /etc/postfix /etc/exim* /etc/dovecot /etc/msmtprc /etc/ssmtp /etc/grafana /etc/prometheus /etc/telegraf
    /etc/zabbix /etc/gitlab* /etc/gitea /etc/jenkins* /etc/nginx /etc/lighttpd /etc/apache2 /etc/httpd /etc/haproxy
    /etc/caddy /etc/traefik /etc/squid`,
  "where services are given secrets": "/etc/secrets /etc/credentials /etc/credstore*",
});

/**
 * Kernel file systems, wherever they are mounted: another /proc shows processes of the host. File systems in memory hold
 * what is not to reach a disk, such as the secrets of a cluster. Of /usr, /etc and /opt themselves it is not asked.
 */
export const hiddenFileSystems: readonly string[] =
  wordsOf(`tmpfs ramfs proc sysfs devtmpfs devpts cgroup cgroup2 cpuset
  debugfs tracefs securityfs selinuxfs configfs efivarfs pstore bpf fusectl mqueue hugetlbfs nsfs binfmt_misc rpc_pipefs
  nfsd autofs resctrl xenfs`);

/** Variables of the runner that name files or folders with credentials; some hold several, divided by colons. */
const credentialVariables: readonly string[] =
  wordsOf(`HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
  SSH_AUTH_SOCK GNUPGHOME GPG_AGENT_INFO PASSWORD_STORE_DIR SOPS_AGE_KEY_FILE KRB5_KTNAME
  AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  GOOGLE_APPLICATION_CREDENTIALS CLOUDSDK_CONFIG AZURE_CONFIG_DIR AZURE_FEDERATED_TOKEN_FILE AZURE_CLIENT_CERTIFICATE_PATH
  OCI_CLI_CONFIG_FILE BOTO_CONFIG RCLONE_CONFIG KUBECONFIG DOCKER_CONFIG REGISTRY_AUTH_FILE HELM_CONFIG_HOME
  VAULT_CONFIG_PATH NETRC CURL_HOME WGETRC NPM_CONFIG_USERCONFIG npm_config_userconfig PIP_CONFIG_FILE UV_CONFIG_FILE
  CARGO_HOME GRADLE_USER_HOME GH_CONFIG_DIR GIT_CONFIG_GLOBAL TF_CLI_CONFIG_FILE PGPASSFILE PGSERVICEFILE MYSQL_HOME
  CREDENTIALS_DIRECTORY RUNNER_TEMP GITHUB_ENV`);

/** The files and folders that the environment of the runner names as its credentials. */
export function credentialPaths(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return credentialVariables.flatMap((name) => (env[name] ?? "").split(":")).filter((path) => path.startsWith("/"));
}
