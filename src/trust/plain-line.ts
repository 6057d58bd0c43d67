/** As much as a ledger, or a terminal, is given of a text of somebody else, in characters. */
const MOST = 300;

/** A text of somebody else on one line of plain letters, so that it can neither move a terminal's cursor nor fill a ledger. */
export function plainLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, MOST);
}
