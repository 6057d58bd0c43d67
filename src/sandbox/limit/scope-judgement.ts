export type Env = Readonly<Record<string, string | undefined>>;

/** A plain user's way to a cgroup of their own, by the user's systemd. */
export type UserScope =
  /** `argv` starts what follows it in such a cgroup; `env` is what it needs for that. */
  | {
      readonly kind: "possible";
      readonly argv: readonly string[];
      readonly env: Env;
    }
  | { readonly kind: "impossible"; readonly why: string; readonly remedy: string };

/** `controllers`: what the scope's `cgroup.controllers` says. */
export function judgeScope(controllers: string, argv: readonly string[], env: Env): UserScope {
  const given = controllers.split(" ");
  const missing = ["memory", "pids"].filter((name) => !given.includes(name));
  return missing.length === 0
    ? { kind: "possible", argv, env }
    : impossible(
        `systemd passes no ${missing.join(" and ")} controller on to users`,
        "as root: `systemctl edit user@.service`, there `[Service]` and `Delegate=cpu io memory pids`, then log in again",
      );
}

export function impossible(why: string, remedy: string): UserScope {
  return { kind: "impossible", why, remedy };
}
