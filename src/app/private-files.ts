import { isAbsolute, resolve } from "node:path";
import type { SecretReference } from "#port/secrets.ts";
import type { Settings } from "./settings.ts";

/** The files and folders of the runner that no step is to see; what it reads for a secret or a key is added as it is met. */
export type PrivateFiles = {
  readonly all: () => readonly string[];
  /** The whole path of a file that holds a secret. */
  readonly note: (path: string) => string;
  /** Before any of them is read: a step may run before the one that a secret is for. */
  readonly noteSecrets: (references: Iterable<SecretReference>) => void;
};

/** Schemes of references that name a file; below `/run` and `/var`, where others are, steps see nothing anyhow. */
const FILES: ReadonlySet<string> = new Set(["file", "age"]);

export function privateFiles(settings: Settings, cwd: string): PrivateFiles {
  const { stateFolder, artifactsPath, configFiles, trustFile, requesterKey, attestorKey } = settings;
  const { ageIdentity, vault } = settings.secrets?.places ?? {};
  const own = [
    stateFolder,
    artifactsPath,
    ...configFiles,
    trustFile,
    requesterKey,
    attestorKey,
    ageIdentity,
    vault?.tokenFile,
  ];
  // A signer of the configuration is no file.
  const all = new Set(own.filter((path) => path !== undefined).filter((path) => !path.startsWith("signer:")));
  const note = (path: string): string => {
    const whole = resolve(cwd, path);
    all.add(whole);
    return whole;
  };
  return {
    all: () => [...all],
    note,
    noteSecrets: (references) => {
      for (const { provider, locator } of references) {
        if (FILES.has(provider) || (provider === "k8s" && isAbsolute(locator))) {
          note(locator);
        }
      }
    },
  };
}
