import { visibleText } from "#view/visible-text.ts";

/**
 * One entry of a listing, or one message, with names of others in it: it steers no terminal, and its further lines are
 * indented by so many spaces, so that none of them looks like a line of the tool's own.
 */
export function visibleEntry(text: string, indent = 2): string {
  return visibleText(text).replaceAll("\n", `\n${" ".repeat(indent)}`);
}
