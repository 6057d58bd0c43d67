/** Since Linux 5.14 RLIMIT_NPROC counts per user namespace; before, and still for root's steps, per user. */
const COUNTS_PER_NAMESPACE = [5, 14] as const;

/** `kernel`: as `uname -r` says. */
export function countsPerNamespace(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number);
  const [since, sinceMinor] = COUNTS_PER_NAMESPACE;
  return major > since || (major === since && minor >= sinceMinor);
}
