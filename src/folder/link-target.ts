/**
 * Why a symbolic link at `path` (relative to its tree) may not be taken; undefined when it stays inside. Only leading
 * `..` are accepted: after a name that is itself a link, `..` would lead to another place than it says.
 */
export function refuseTarget(path: string, target: string): string | undefined {
  if (target.startsWith("/")) {
    return "it is a link with an absolute target";
  }
  const parts = target.split("/");
  const up = parts.findIndex((part) => part !== "..");
  const rest = up === -1 ? [] : parts.slice(up);
  if (rest.length === 0 || rest.some((part) => part === "" || part === "." || part === "..")) {
    return "it is a link with a roundabout target";
  }
  const depth = path.split("/").length - 1;
  return up > depth ? "it is a link that leaves the folder" : undefined;
}
