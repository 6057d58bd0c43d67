import { codeTable } from "#fault/code-table.ts";

/** Making pack bundles, and the registry of this place. */
export const packBundleUseCodes = codeTable({
  PACK_BUNDLE_WRITE: {
    severity: "error",
    exitCode: 10,
    message: "{path} was not written: {problem}",
    hint: "check the folder, its permissions and the free space",
    explanation: {
      cause: "A pack bundle or an entry of the registry could not be written whole; nothing was left behind.",
      example: "packrun bundle create pack --key publisher.key -o /missing/folder/x.packbundle.tar",
      fix: "Name a file in a folder that exists and has room.",
    },
  },
  PACK_BUNDLE_TIME: {
    severity: "error",
    exitCode: 2,
    message: "{option} must be {expected}",
    hint: "leave it out: the bundle is then dated by its revocation list",
    explanation: {
      cause: "The time at which a bundle is said to be made is part of its bytes, and has one form.",
      example: "SOURCE_DATE_EPOCH=yesterday",
      fix: "Give a UTC time with milliseconds, or in SOURCE_DATE_EPOCH whole seconds since 1970.",
    },
  },
});
