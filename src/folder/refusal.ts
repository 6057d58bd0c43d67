/** One thing in a tree that cannot be taken: where (relative to the tree, `/` between names) and why. */
export type Refusal = { readonly path: string; readonly problem: string };

/** What a system call said, as a problem in words. */
export function problemOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case "ENOENT":
    case "ELOOP":
    case "ENOTDIR":
    case "ESTALE":
      return "it changed while it was read";
    case "EACCES":
    case "EPERM":
      return "it may not be read";
    case undefined:
      throw error;
    default:
      return `it cannot be read (${code})`;
  }
}

/** The name of a system error such as ENOENT; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
