/** What a token may do. */
export const SCOPES = [
  "packs.read",
  "packs.write",
  "packs.run",
  "packs.approve",
  "packs.admin",
  "evidence.read",
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
