/** The oldest Node.js that packrun runs on, as `engines` in package.json says. */
const OLDEST = [24, 15] as const;

/** What to say on a Node.js that is too old, before anything is loaded that it has not. */
export function oldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
    ? undefined
    : `error: packrun needs Node.js ${OLDEST.join(".")} or later; this is ${version}\n` +
        "  = help: in a clone, ./packrun uses the Node.js that ./quickstart installed\n";
}
