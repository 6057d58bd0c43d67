import { lstatSync, readlinkSync } from "node:fs";
import { etcFiles } from "./inside.ts";
import { PROGRAM_LINKS, emptyFolder, type RootView } from "./root-view.ts";

/** Links and folders at the root that lead into /usr; looked at once, they do not change while a host runs. */
let linked: readonly string[] | undefined;

function usrLinks(): readonly string[] {
  linked ??= PROGRAM_LINKS.flatMap((name) => {
    try {
      const path = `/${name}`;
      return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
    } catch {
      return [];
    }
  });
  return linked;
}

/** Trust anchors and the linker's cache: public, and needed by almost every program. Keys in /etc/ssl/private are not. */
const ETC_SHARED = [
  "/etc/ld.so.cache",
  "/etc/alternatives",
  "/etc/ssl/certs",
  "/etc/ssl/cert.pem",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/tls/certs",
  "/etc/pki/ca-trust/extracted",
];

/** The root of `sealed`: nothing but what is named here. */
export function sealedRoot(etcFolder: string, seccompFile: string): RootView {
  return {
    mode: "sealed",
    seccompFile,
    options: [
      ...["--ro-bind", "/usr", "/usr", ...usrLinks(), ...emptyFolder("/etc")],
      ...ETC_SHARED.flatMap((path) => ["--ro-bind-try", path, path]),
      ...Object.keys(etcFiles).flatMap((name) => ["--ro-bind", `${etcFolder}/${name}`, `/etc/${name}`]),
    ],
    shows: (path) => path.startsWith("/usr/"),
  };
}
