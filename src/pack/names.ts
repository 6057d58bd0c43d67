/** Inputs, secrets, outputs and `as`. */
export const NAME: RegExp = /^[a-z][A-Za-z0-9_]{0,62}$/;
/** Steps, approvals and policies. */
export const ID: RegExp = /^[a-z][A-Za-z0-9_-]{0,62}$/;
/** One to four segments. */
export const PACK_NAME: RegExp = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
/** https://semver.org/spec/v2.0.0.html */
export const SEM_VER: RegExp =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
/** POSIX names of environment variables. */
export const ENV_NAME: RegExp = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const ROLE: RegExp = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
/** Keys of labels and annotations: reverse domain names and paths are common. */
export const LABEL: RegExp = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,252}$/;

/** Outputs of a pack: with the evidence itself, a signed statement names that many files at most. */
export const MAX_OUTPUTS = 1023;

/** In words, for messages; a misfit with one of these is about a member's name, not its value. */
export const NAME_WORDS = "a name such as channel or dryRun2 (a-z first, then letters, digits and _)";
export const ID_WORDS = "an id such as build or scan-2 (a-z first, then letters, digits, _ and -)";
export const ENV_WORDS = "a name of an environment variable such as LOG_LEVEL";
export const LABEL_WORDS = "a label such as team or acme.example/team";
export const KEY_WORDS: ReadonlySet<string> = new Set([NAME_WORDS, ID_WORDS, ENV_WORDS, LABEL_WORDS]);
