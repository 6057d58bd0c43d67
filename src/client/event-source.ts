import { textLines } from "./text-lines.ts";

/** One message of an event stream (WHATWG HTML, section 9.2): its id and its data. */
export type StreamMessage = { readonly id: string; readonly data: string };

const ENDS = /\r\n|\n|\r/;

/**
 * The messages of an event stream. A stream that ends in the middle of one has not sent it. Throws for a line that is too long,
 * and when the stream breaks off.
 */
export async function* streamMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  let id = "";
  let data: string[] = [];
  for await (const line of textLines(bytes, ENDS)) {
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

function fieldOf(line: string): { readonly field: string; readonly value: string } {
  const colon = line.indexOf(":");
  return colon === -1
    ? { field: line, value: "" }
    : { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, "") };
}
