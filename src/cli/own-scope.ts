/**
 * For commands that run steps: a plain user's process starts itself again in a cgroup of its own, where there is a way to
 * one (SPEC.md 11.5). Called before anything is read from standard input or opened.
 */
export async function enterOwnScope(): Promise<void> {
  if (process.platform === "linux" && process.getuid?.() !== 0) {
    const { enterUserScope } = await import("#compose.ts");
    await enterUserScope();
  }
}
