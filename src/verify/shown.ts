/** A name out of a file, fit for a message: no control characters, no lines, no endless text. */
export function shown(name: string): string {
  const plain = /^[\u0020-\u007e]{1,200}$/.test(name);
  return plain ? name : JSON.stringify(name.slice(0, 200)).replaceAll(/[^\u0020-\u007e]/g, escaped);
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
