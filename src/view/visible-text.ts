/**
 * Text that a program printed, made safe to show: control, escape and bidirectional characters become visible escapes,
 * so that output cannot move the cursor, recolour or reorder what people read.
 */
export function visibleText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

// oxlint-disable-next-line no-control-regex -- these are exactly the characters to escape
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
