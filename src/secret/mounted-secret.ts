import { isAbsolute, join } from "node:path";
import { notSetUp, type Found } from "./found.ts";

/** Where Kubernetes volumes with secrets are usually mounted; relative places of `k8s:` lie below it. */
const KUBERNETES_FOLDER = "/var/run/secrets";

/** The file of a credential that the service manager gave (systemd.exec(5), `LoadCredential=`). */
export function credentialFile(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly path: string } | Found {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || !isAbsolute(folder)) {
    return notSetUp("the service manager gave no credentials: CREDENTIALS_DIRECTORY is not set");
  }
  // systemd.io/CREDENTIALS: a credential's name is that of a file.
  return name.includes("/") || name === "." || name === ".."
    ? notSetUp("a credential's name is no path")
    : { path: join(folder, name) };
}

/** The file of a key of a Kubernetes secret that is mounted as a volume. */
export function mountedFile(place: string): { readonly path: string } | Found {
  return place.split("/").includes("..")
    ? notSetUp("its place has a part `..`")
    : { path: isAbsolute(place) ? place : join(KUBERNETES_FOLDER, place) };
}
