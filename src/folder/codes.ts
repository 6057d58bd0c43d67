import { codeTable } from "#fault/code-table.ts";

/** What reading input files and folders can give; packs have `PACK_FILE_UNSAFE` and `PACK_FILE_MISSING`. */
export const folderCodes = codeTable({
  INPUT_FILE: {
    severity: "error",
    exitCode: 3,
    message: '"{path}" cannot be an input: {problem}',
    hint: "give a regular file, or a folder of regular files with portable names",
    explanation: {
      cause: "Only regular files, and in folders relative links that stay inside, can be digested and copied.",
      example: "-i data=/dev/sda, or a folder in which a link points to /etc/passwd",
      fix: "Copy what is needed into a plain file or folder and give that.",
    },
  },
});
