import { codeTable } from "#fault/code-table.ts";

const AGAIN = "Take the file from its publisher again, and find out who changed it.";

/** How an archive can be anything but the one form that packrun writes. */
export const archiveCodes = codeTable({
  PACK_BUNDLE_NOT_FOUND: {
    severity: "error",
    exitCode: 2,
    message: "there is no pack bundle at {path}",
    hint: "give the .packbundle.tar that `packrun bundle create` wrote, or a folder of the same layout",
    explanation: {
      cause:
        "The path names neither a regular file nor a folder that can be read, or a folder where only a file is taken.",
      example: "packrun bundle verify release.packbundle.tar   # the file is in another folder",
      fix: "Give the path of the file.",
    },
  },
  PACK_BUNDLE_UNREADABLE: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle cannot be read: {problem}",
    hint: "check the medium and the permissions, then try again",
    explanation: {
      cause: "The file could not be read to its end, or changed while it was read.",
      example: "a damaged disc",
      fix: "Copy the file again.",
    },
  },
  PACK_BUNDLE_HEADER: {
    severity: "error",
    exitCode: 7,
    message: "the header at byte {at} is not in the fixed form of a pack bundle: {problem}",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "Mode, owner, time, checksum and padding have one form only, so that nothing can hide in them.",
      example: "an archive that another tool packed again",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_LINK: {
    severity: "error",
    exitCode: 7,
    message: "{entry} is a link",
    hint: "do not use this file: pack bundles hold regular files only",
    explanation: {
      cause: "Links lead readers that unpack archives out of their folder.",
      example: "a symbolic link to /etc/passwd in place of a blob",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_ENTRY_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "{entry} is no regular file: {problem}",
    hint: "do not use this file: pack bundles hold regular files only",
    explanation: {
      cause: "Folders, devices, FIFOs and types of other tools have no place in a pack bundle.",
      example: "a character device, or an entry for the folder blobs/",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_EXTENDED_HEADER: {
    severity: "error",
    exitCode: 7,
    message: "the entry at byte {at} is an extended header of pax or GNU tar",
    hint: "do not use this file: no entry of a pack bundle needs one",
    explanation: {
      cause: "Extended headers give an entry a second name or size, which readers understand differently.",
      example: "a pax header that renames the next entry to ../../x",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_NUL: {
    severity: "error",
    exitCode: 7,
    message: "a name in the pack bundle holds a NUL, another control character, or one that turns text around",
    hint: "do not use this file",
    explanation: {
      cause: "What stands behind a NUL is read by some programs and not by others.",
      example: "index.json, a NUL, and a second name behind it",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_ABSOLUTE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle is absolute',
    hint: "do not use this file",
    explanation: {
      cause: "Names in a pack bundle are relative; an absolute one points outside of it.",
      example: "/etc/cron.d/job",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_TRAVERSAL: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle climbs or has an empty part',
    hint: "do not use this file",
    explanation: {
      cause: "Parts such as `..`, `.` or nothing at all give a place a second name, or leave the folder.",
      example: "blobs/../../x",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_WINDOWS: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle means something else on Windows',
    hint: "do not use this file; rename the file in the pack before it is bundled",
    explanation: {
      cause: "Backslashes, drives, streams, device names, and dots or spaces at the end are read differently there.",
      example: "C:\\x, ..\\x, aux.txt, or run.sh with a space at its end",
      fix: "Give the file a portable name, and make the pack bundle again.",
    },
  },
  PACK_BUNDLE_PATH_CASE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle differs from another one only in case',
    hint: "do not use this file",
    explanation: {
      cause: "Some file systems take names for the same that differ only in case.",
      example: "Tools/run.sh beside tools/run.sh",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_UNICODE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle is another spelling of a name in Unicode',
    hint: "do not use this file",
    explanation: {
      cause: "Some file systems take names for the same that differ only in Unicode normalisation.",
      example: "é as one character beside e and a combining accent",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PATH_FOREIGN: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" has no place in a pack bundle',
    hint: "do not use this file: it holds oci-layout, index.json and blobs/sha256/ only",
    explanation: {
      cause: "Everything in a pack bundle is a blob that a manifest lists, under its digest.",
      example: "a README.txt that somebody added",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_DUPLICATE: {
    severity: "error",
    exitCode: 7,
    message: "{path} comes twice in the pack bundle",
    hint: "do not use this file",
    explanation: {
      cause: "Of two entries with one name, readers take the first or the last.",
      example: "two entries index.json",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_ORDER: {
    severity: "error",
    exitCode: 7,
    message: "{path} is out of order in the pack bundle",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "Entries have one order: oci-layout, index.json, then blobs by their digest.",
      example: "an archive that another tool packed again",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_TRUNCATED: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle ends too early, at byte {at}",
    hint: "copy the file again",
    explanation: {
      cause: "An entry says that it is longer than the file, or the two zero blocks of the end are missing.",
      example: "a copy that broke off, or a header with a size that is not true",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_PADDING: {
    severity: "error",
    exitCode: 7,
    message: "there are bytes between the entries of the pack bundle, at byte {at}",
    hint: "do not use this file",
    explanation: {
      cause: "What fills the last block of an entry is zero, so that nothing can hide there.",
      example: "a note in the padding of index.json",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_TRAILING: {
    severity: "error",
    exitCode: 7,
    message: "something follows the end of the pack bundle, at byte {at}",
    hint: "do not use this file",
    explanation: {
      cause: "Nothing stands behind the two zero blocks: some readers would go on there.",
      example: "two archives in one file",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has more than {limit} entries",
    hint: "make a pack of fewer files, or put many small ones into an archive in the pack",
    explanation: {
      cause: "Reading is bounded, so that a file of a million empty entries costs neither time nor memory.",
      example: "a pack in which node_modules was left lying",
      fix: "Take out what the steps do not need.",
    },
  },
  PACK_BUNDLE_TOO_LARGE: {
    severity: "error",
    exitCode: 7,
    message: "{what} has {size} bytes, more than the {limit} that are read",
    hint: "do not use this file, or make a smaller pack",
    explanation: {
      cause: "Documents are read whole and are therefore bounded; a file of a pack must fit into the archive (8 GiB).",
      example: "an index.json of a gigabyte",
      fix: "Take the file from its publisher again; give very large files as inputs rather than in the pack.",
    },
  },
});
