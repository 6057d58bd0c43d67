import { SCOPES, type RoleEntry, type ScopeName, type TrustRoot } from "./trust-root.ts";

/** What a signature is about. A role with a bound on something that is not named here does not hold. */
export type Scope = { readonly pack?: string; readonly tenant?: string; readonly gate?: string };

/** How a key stands to roles: `held` in this scope, `outOfScope` (of a role that it does hold), or `none` of them. */
export type Standing =
  | { readonly kind: "held"; readonly role: string }
  | { readonly kind: "outOfScope"; readonly role: string; readonly bound: ScopeName }
  | { readonly kind: "none" };

/** The first of `roles`, in their order, that the key holds in this scope. */
export function standingOf(root: TrustRoot, keyid: string, roles: readonly string[], scope: Scope): Standing {
  let standing: Standing = { kind: "none" };
  for (const role of roles) {
    const entry = Object.hasOwn(root.document.roles, role) ? root.document.roles[role] : undefined;
    if (entry?.keyids.includes(keyid) === true) {
      const bound = boundAgainst(entry, scope);
      if (bound === undefined) {
        return { kind: "held", role };
      }
      standing = standing.kind === "none" ? { kind: "outOfScope", role, bound } : standing;
    }
  }
  return standing;
}

/** The keyids that hold at least one of these roles, whatever the scope. */
export function holdersOf(root: TrustRoot, roles: readonly string[]): ReadonlySet<string> {
  return new Set(
    roles.flatMap((role) =>
      Object.hasOwn(root.document.roles, role) ? (root.document.roles[role]?.keyids ?? []) : [],
    ),
  );
}

function boundAgainst(entry: RoleEntry, scope: Scope): ScopeName | undefined {
  const named: Readonly<Record<ScopeName, string | undefined>> = {
    packs: scope.pack,
    tenants: scope.tenant,
    gates: scope.gate,
  };
  return SCOPES.find((name) => entry[name]?.some((pattern) => covers(pattern, named[name])) === false);
}

function covers(pattern: string, name: string | undefined): boolean {
  if (name === undefined) {
    return false;
  }
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
