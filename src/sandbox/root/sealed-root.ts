import { lstatSync, readlinkSync } from "node:fs";
import { fail, ok, type Result } from "#fault/result.ts";
import { hiddenPlaces } from "./hidden-places.ts";
import { etcFiles } from "./inside.ts";
import { isWithin, type Mount } from "./mount-table.ts";
import { PROGRAM_LINKS, cover, emptyFolder, unhidable, type RootView } from "./root-view.ts";

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

export type SealedAsk = {
  /** Files and folders of the runner; only those below /usr could be seen. */
  readonly masks: readonly string[];
  readonly mounts: readonly Mount[];
  readonly etcFolder: string;
  /** An empty file that everybody may read. */
  readonly emptyFile: string;
  readonly seccompFile: string;
};

/** The root of `sealed`: nothing but what is named here. */
export function sealedRoot({ masks, mounts, etcFolder, emptyFile, seccompFile }: SealedAsk): Result<RootView> {
  const { places, impossible } = hiddenPlaces({ masks, wanted: [], places: [], mounts, shown: ["/usr"] });
  if (impossible.length > 0) {
    return fail(unhidable(impossible));
  }
  const usr = ["--ro-bind", "/usr", "/usr", ...usrLinks(), ...places.flatMap((place) => cover(place, emptyFile))];
  const shared = ETC_SHARED.flatMap((path) => ["--ro-bind-try", path, path]);
  const own = Object.keys(etcFiles).flatMap((name) => ["--ro-bind", `${etcFolder}/${name}`, `/etc/${name}`]);
  return ok({
    mode: "sealed",
    seccompFile,
    options: [...usr, ...emptyFolder("/etc"), ...shared, ...own],
    shows: (path) => path.startsWith("/usr/") && !places.some((place) => isWithin(path, place.path)),
  });
}
