const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The name of a member that stands twice in one object of a valid JSON text, or undefined. `JSON.parse` keeps the last
 * of two and says nothing; two readers may then see two different documents. One pass, no recursion, whatever the length
 * of the strings and the depth.
 */
export function repeatedMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let start = 0;
  let end = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charAt(at)) {
      case '"':
        start = at;
        end = closingQuote(json, at) + 1;
        at = end - 1;
        break;
      case "{":
        open.push(new Set());
        break;
      case "[":
        open.push(undefined);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ":": {
        const name = JSON.parse(json.slice(start, end)) as string;
        if (open.at(-1)?.has(name) === true) {
          return name;
        }
        open.at(-1)?.add(name);
        break;
      }
      default:
    }
  }
  return undefined;
}

/** The quote that ends the string which begins at `from`: the first behind an even number of backslashes. */
function closingQuote(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at += 1) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) {
      return at;
    }
    if (unit === BACKSLASH) {
      at += 1;
    }
  }
  return json.length;
}
