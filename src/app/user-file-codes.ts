import { codeTable } from "#fault/code-table.ts";

/** Files that a person names on the command line, other than packs, keys and bundles. */
export const userFileCodes = codeTable({
  USER_FILE_READ: {
    severity: "error",
    exitCode: 2,
    message: "{file} cannot be read: {problem}",
    hint: "check the path and the permissions",
    explanation: {
      cause: "A file that the command line names is not there, is a folder, or may not be read.",
      example: "packrun plan . --diff plan.json   # the file is elsewhere",
      fix: "Correct the path; `ls -l FILE` shows whether the file is there and may be read.",
    },
  },
  USER_FILE_WRITE: {
    severity: "error",
    exitCode: 2,
    message: "{file} cannot be written: {problem}",
    hint: "name a file in a folder that exists and has room",
    explanation: {
      cause: "The folder is not there or may not be written, or the disk is full.",
      example: "packrun plan . -o missing/plan.canonical.json   # there is no folder missing",
      fix: "Make the folder (`mkdir -p missing`), or name another file.",
    },
  },
  OUTPUT_OCCUPIED: {
    severity: "error",
    exitCode: 2,
    message: "{file} is in the way of an output and was not written by a run",
    hint: "name another folder with -o; `packrun evidence extract RUN -o FOLDER` writes what a run has produced",
    explanation: {
      cause:
        "Outputs of an earlier run, which are read-only, are replaced. Files that can be written may be somebody's work " +
        "and are left alone.",
      example: "packrun run PACK -o .   # in a folder with a file of the name of an output",
      fix: "Give outputs a folder of their own, or move the file away.",
    },
  },
  INIT_EXISTS: {
    severity: "error",
    exitCode: 2,
    message: "{file} is already there",
    hint: "name another folder: `packrun init NAME` makes it",
    explanation: {
      cause: "`packrun init` writes a new pack and never replaces a file; nothing was written.",
      example: "packrun init   # in a folder that has a pack.yaml",
      fix: "Name a new folder, or move the file away first.",
    },
  },
});
