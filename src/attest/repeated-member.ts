/**
 * The name of a member that stands twice in one object of a valid JSON text, or undefined. `JSON.parse` keeps the last
 * of two and says nothing; two readers may then see two different documents.
 */
export function repeatedMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last: string | undefined;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs)) {
    const members = open.at(-1);
    if (token === "{") {
      open.push(new Set());
    } else if (token === "[") {
      open.push(undefined);
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":" && last !== undefined && members !== undefined) {
      if (members.has(last)) {
        return last;
      }
      members.add(last);
    } else if (token.startsWith('"')) {
      last = JSON.parse(token) as string;
    }
  }
  return undefined;
}
