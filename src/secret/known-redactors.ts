import type { Redactor } from "#port/secrets.ts";

/** Those of runs that this process still drives, or that nobody has cleared away yet. */
const known = new Set<WeakRef<Redactor>>();

/** Remembers a redactor for as long as anybody uses it. */
export function knownRedactor(redactor: Redactor): Redactor {
  for (const reference of known) {
    if (reference.deref() === undefined) {
      known.delete(reference);
    }
  }
  known.add(new WeakRef(redactor));
  return redactor;
}

/** A text without the secrets of any run of this process: for the words of a crash, which may come from anywhere. */
export function withoutSecrets(text: string): string {
  return [...known].reduce((words, reference) => reference.deref()?.redact(words) ?? words, text);
}
