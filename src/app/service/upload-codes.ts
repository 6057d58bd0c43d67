import { codeTable } from "#fault/code-table.ts";

export const uploadCodes = codeTable({
  UPLOAD_FOLDERS_OFF: {
    severity: "error",
    exitCode: 5,
    message: "this server takes signed pack bundles only",
    hint: "make one with `packrun bundle create PACK --key KEY`, or have the operator set server.allowFolders",
    explanation: {
      cause: "A plain tar of a pack's folder has no publisher whom anyone could trust.",
      example: "tar --format=ustar -C pack -cf - . | curl --data-binary @- …/api/packs",
      fix: "Upload a bundle. An operator may allow folders with `server: {allowFolders: true}`.",
    },
  },
  UPLOAD_TAR: {
    severity: "error",
    exitCode: 3,
    message: "the archive cannot be taken: {problem}",
    hint: "make it with `tar --format=ustar -C PACK -cf pack.tar .`",
    explanation: {
      cause:
        "The upload is no ustar archive of plain files and folders, or holds names that not every system can carry.",
      example: "a compressed archive, or one with a symbolic link in it",
      fix: "Make the archive anew from a folder of plain files, uncompressed, in the ustar format.",
    },
  },
});
