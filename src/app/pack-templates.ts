import { auditTemplate } from "./audit-template.ts";
import { commandTemplate } from "./command-template.ts";
import type { NewFile } from "./new-file.ts";
import { releaseTemplate } from "./release-template.ts";

type PackTemplate = {
  /** What it is for, in a few words. */
  readonly about: string;
  /** The files of a whole pack of this name. */
  readonly files: (name: string) => readonly NewFile[];
};

/** What `init` writes. */
export const packTemplates = {
  command: { about: "commands, a script and a policy", files: commandTemplate },
  release: { about: "what is built waits for an approval before it is handed out", files: releaseTemplate },
  audit: { about: "checks over a folder side by side, and a report that a policy judges", files: auditTemplate },
} as const satisfies Record<string, PackTemplate>;
export type TemplateName = keyof typeof packTemplates;
export const DEFAULT_TEMPLATE = "command" satisfies TemplateName;
