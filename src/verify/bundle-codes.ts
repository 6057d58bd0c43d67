import { codeTable } from "#fault/code-table.ts";

/** What can be wrong with a bundle as a set of files. A path that is none is a wrong use: 2. */
export const bundleCodes = codeTable({
  BUNDLE_NOT_FOUND: {
    severity: "error",
    exitCode: 2,
    message: "there is no bundle at {path}",
    hint: "give the folder of an evidence bundle, or its .tar",
    explanation: {
      cause: "The path names neither a folder nor a file that can be read.",
      example: "packrun verify ./evidence   # the folder is elsewhere",
      fix: "Look where `packrun run` put the bundle: `.packrun/evidence/RUN`, or `--evidence DIR`.",
    },
  },
  BUNDLE_UNREADABLE: {
    severity: "error",
    exitCode: 7,
    message: "{path} cannot be read: {problem}",
    hint: "check the medium and the permissions, then verify again",
    explanation: {
      cause: "A file of the bundle could not be read to its end, or changed while it was read.",
      example: "a damaged disc, or a file without read permission",
      fix: "Copy the bundle from its source again.",
    },
  },
  BUNDLE_ENTRY_UNSAFE: {
    severity: "error",
    exitCode: 7,
    message: "{path} does not belong into a bundle",
    hint: "a bundle holds only regular files with the names of the layout",
    explanation: {
      cause:
        "A bundle holds a link, a device, a FIFO, or a file with a foreign name; or a path is too long or too odd for the archive that it should go into.",
      example: "a symbolic link in place of an artifact",
      fix: "Take the bundle from its source again; never add anything to a sealed bundle. A file of your own that is to be sent or exported needs a shorter, plain path.",
    },
  },
  BUNDLE_TOO_LARGE: {
    severity: "error",
    exitCode: 7,
    message: "{path} has {size} bytes, more than the {limit} that are read",
    hint: "this is no file that packrun wrote",
    explanation: {
      cause: "A document of the bundle is larger than packrun ever writes it.",
      example: "an inputs.lock of a gigabyte",
      fix: "Take the bundle from its source again.",
    },
  },
  BUNDLE_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "the bundle has more than {limit} files",
    hint: "this is nothing that packrun wrote",
    explanation: {
      cause:
        "Reading is bounded, so that millions of empty files cost neither time nor memory. No manifest lists so many.",
      example: "an archive of a million empty entries",
      fix: "Take the bundle from its source again.",
    },
  },
  BUNDLE_TAR_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the archive is refused at byte {at}: {problem}",
    hint: "use the .tar that `packrun evidence export` wrote, or unpack it and verify the folder",
    explanation: {
      cause:
        "Archives are read in one fixed form of ustar, so that nothing can hide in them; this one has another form.",
      example: "an archive that was packed again with another tool, or has something behind its end",
      fix: "Export it again with `packrun evidence export`, or verify the folder.",
    },
  },
  EVIDENCE_MANIFEST_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "evidence.manifest.json is refused: {problem}",
    hint: "use the bundle exactly as packrun sealed it",
    explanation: {
      cause: "The manifest is not canonical JSON of the schema packrun.evidence/v1.",
      example: "a manifest that was reformatted",
      fix: "Take the bundle from its source again.",
    },
  },
  EVIDENCE_NOT_FINAL: {
    severity: "error",
    exitCode: 11,
    message: "this is a snapshot of a run that was still going on: without another finding it is whole so far",
    hint: "verify the evidence of the finished run",
    explanation: {
      cause: "Only the manifest of a finished run is final; a snapshot is never verified, at best whole so far.",
      example: "a snapshot that was taken when a gate opened",
      fix: "Wait for the run to finish, then verify its bundle.",
    },
  },
  EVIDENCE_FILE_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is missing",
    hint: "take the whole bundle from its source again",
    explanation: {
      cause: "The manifest or the contract names a file that the bundle does not have.",
      example: "an artifact that was deleted to save room",
      fix: "Copy the bundle again, completely.",
    },
  },
  EVIDENCE_FILE_EXTRA: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the manifest",
    hint: "nothing may be added to a sealed bundle",
    explanation: {
      cause: "The bundle holds a file that the manifest does not list.",
      example: "a note that somebody put into the folder",
      fix: "Remove what was added, or take the bundle from its source again.",
    },
  },
  EVIDENCE_FILE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "{path} has a wrong form: {problem}",
    hint: "verify the bundle; it was changed or cut",
    explanation: {
      cause: "A file of the bundle is not canonical JSON of its schema.",
      example: "an outputs.json that was reformatted",
      fix: "Take the bundle from its source again.",
    },
  },
  EXPORT_FAILED: {
    severity: "error",
    exitCode: 10,
    message: "the archive {path} was not written: {problem}",
    hint: "check the free space, and that nobody changes the bundle meanwhile",
    explanation: {
      cause: "The disk is full or fails, or a file of the bundle changed while it was read; nothing was left behind.",
      example: "packrun evidence export RUN -o /full/run.tar   # the disk behind /full has no room",
      fix: "Make room, or name a file on another disk.",
    },
  },
  EXTRACT_TARGET: {
    severity: "error",
    exitCode: 2,
    message: "{folder} is not empty",
    hint: "give a folder that is new or empty",
    explanation: {
      cause: "Artifacts are only written into an empty folder, so that nothing is overwritten or mixed up.",
      example: "packrun evidence extract last -o .   # in a folder with files",
      fix: "Name another folder.",
    },
  },
  EVIDENCE_FILE_UNNAMED: {
    severity: "error",
    exitCode: 7,
    message: "{path} belongs to nothing in the ledger",
    hint: "do not rely on this run",
    explanation: {
      cause: "The bundle holds an approval, a request or a policy context that no event of the ledger speaks of.",
      example: "a third response in the folder of a gate that two people decided",
      fix: "Find out who sealed the bundle; the runner does not write such files.",
    },
  },
  EVIDENCE_FILE_CHANGED: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not the file that was sealed",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "Size or SHA-256 of the file differ from the manifest.",
      example: "an edited ledger",
      fix: "Find out who changed the file; copy the bundle again from its source.",
    },
  },
});
