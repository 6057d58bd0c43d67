const WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "it is already there",
  EFBIG: "it is too large",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
  ENOENT: "it is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

/** What the operating system says of a file, in words: `it is not there`; a code without words as it is. */
export function systemProblem(error: unknown): string {
  const code = systemCode(error);
  return Object.hasOwn(WORDS, code) ? (WORDS[code] ?? code) : code;
}
