/** One message of an event stream (WHATWG HTML, section 9.2): its id and its data. */
export type StreamMessage = { readonly id: string; readonly data: string };

/** Longest message, in characters: no event of a ledger comes near it. */
const MAX_MESSAGE = 64 * 1024 * 1024;

/** The messages of an event stream. A stream that ends in the middle of one has not sent it. Throws for one too long. */
export async function* streamMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder();
  let open = "";
  let id = "";
  let data: string[] = [];
  for await (const chunk of bytes) {
    open += decoder.decode(chunk, { stream: true });
    if (open.length > MAX_MESSAGE) {
      throw new Error("a message of the event stream is too long");
    }
    const lines = open.split(/\r\n|\n|\r(?!$)/);
    open = lines.pop() ?? "";
    for (const line of lines) {
      const { field, value } = fieldOf(line);
      if (line === "" && data.length > 0) {
        yield { id, data: data.join("\n") };
        data = [];
      } else if (field === "data") {
        data.push(value);
      } else if (field === "id") {
        id = value;
      }
    }
  }
}

/** The lines of a text, each without its end. Throws for one too long, and when the text breaks off. */
export async function* textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open = "";
  for await (const chunk of bytes) {
    open += decoder.decode(chunk, { stream: true });
    if (open.length > MAX_MESSAGE) {
      throw new Error("a line is too long");
    }
    const lines = open.split("\n");
    open = lines.pop() ?? "";
    yield* lines;
  }
  if (open !== "") {
    yield open;
  }
}

function fieldOf(line: string): { readonly field: string; readonly value: string } {
  const colon = line.indexOf(":");
  return colon === -1
    ? { field: line, value: "" }
    : { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, "") };
}
