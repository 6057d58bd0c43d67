import { isJsonObject, type Json } from "#canon/json.ts";
import type { Redactor } from "#port/secrets.ts";
import { FormMatcher, ROOT, type Form } from "./form-matcher.ts";
import { RedactingWalk, type Redaction } from "./redacting-walk.ts";
import { formsOf, hostsOf, LONGEST_HOST } from "./secret-forms.ts";

/** The text that stands for a secret. It must not depend on anything but name and value. */
export type Mark = (name: string, value: string) => string;

const blankMark: Mark = (name) => `[redacted:${name}]`;

/**
 * A redactor without secrets. Where forms overlap, all their bytes become one mark, which names the longest of them;
 * the result does not depend on how a stream was cut.
 */
export function createRedactor(options: { readonly mark?: Mark } = {}): Redactor {
  const mark = options.mark ?? blankMark;
  const values = new Map<string, string>();
  const marks = new Map<string, Buffer>();
  const forms: Form[] = [];
  let built: FormMatcher | undefined = new FormMatcher(forms);
  const matcher = (): FormMatcher => (built ??= new FormMatcher(forms));
  const hosts: Form[] = [];
  let builtForHosts: FormMatcher | undefined;
  /** Few attempts reach a network, and most of the bytes are those of long forms: built apart, and only when it is asked for. */
  const hostMatcher = (): FormMatcher => (builtForHosts ??= new FormMatcher(formsInHosts([...forms, ...hosts])));
  const markOf = (name: string): Buffer => marks.get(name) ?? Buffer.from(blankMark(name, ""));
  const redaction = { matcher, mark: markOf };

  const redact = (text: string): string => (forms.length === 0 ? text : redactText(text, redaction));
  const redactNumber = (number: number): number | string => {
    const text = JSON.stringify(number);
    const redacted = redact(text);
    return redacted === text ? number : redacted;
  };
  const redactHost = (text: string): string => {
    if (forms.length === 0) {
      return text;
    }
    const lower = text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
    const redacted = redactText(lower, { matcher: hostMatcher, mark: markOf });
    return redacted === lower ? redact(text) : redacted;
  };
  return {
    add: (name, value) => {
      if (value === "" || values.get(name) === value) {
        return;
      }
      values.set(name, value);
      marks.set(name, Buffer.from(mark(name, value), "utf8"));
      forms.push(...formsOf(value).map((bytes) => ({ name, bytes })));
      hosts.push(...hostsOf(value).map((host) => ({ name, bytes: Buffer.from(host, "utf8") })));
      built = undefined;
      builtForHosts = undefined;
    },
    redact,
    redactHost,
    redactJson: <T>(value: T): T =>
      forms.length === 0 ? value : (redactInside(value, redact, (number) => number) as T),
    redactValue: (value) => (forms.length === 0 ? value : (redactInside(value, redact, redactNumber) as Json)),
    stream: () => new RedactingWalk(redaction),
    scanner: () => {
      let state = ROOT;
      let used = matcher();
      let found: string | undefined;
      return {
        push: (chunk) => {
          state = used === matcher() ? state : ROOT;
          used = matcher();
          state = used.walk(state, chunk, 0, (_start, _end, name) => (found ??= name));
        },
        found: () => found,
      };
    },
  };
}

/** The text itself where nothing in it was found. */
function redactText(text: string, redaction: Redaction): string {
  const bytes = Buffer.from(text, "utf8");
  let found = false;
  redaction.matcher().walk(ROOT, bytes, 0, () => (found = true));
  if (!found) {
    return text;
  }
  const walk = new RedactingWalk(redaction);
  return Buffer.concat([walk.push(bytes), walk.end()]).toString("utf8");
}

/** Those that fit in a host, in lower case. */
function formsInHosts(forms: readonly Form[]): readonly Form[] {
  return forms
    .filter(({ bytes }) => bytes.length <= LONGEST_HOST)
    .map(({ name, bytes }) => ({
      name,
      bytes: bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)),
    }));
}

/** The value itself where nothing in it was redacted. */
function redactInside(
  value: unknown,
  redact: (text: string) => string,
  redactNumber: (number: number) => number | string,
): unknown {
  if (typeof value === "string") {
    return redact(value);
  }
  if (typeof value === "number") {
    return redactNumber(value);
  }
  const inside = (member: unknown): unknown => redactInside(member, redact, redactNumber);
  if (Array.isArray(value)) {
    const items = value.map(inside);
    return items.every((item, at) => item === value[at]) ? (value as unknown) : items;
  }
  if (!isJsonObject(value)) {
    return value;
  }
  const members = Object.entries(value).map(([name, member]) => [redact(name), inside(member)] as const);
  return members.every(([name, member]) => Object.hasOwn(value, name) && value[name] === member)
    ? value
    : Object.fromEntries(members);
}
