import { MOST_SECRET_BYTES, tooLarge, unresolved, type Found } from "./found.ts";
import { secretText } from "./secret-text.ts";

/** Standard input to its end. A terminal is not read: what is typed there would be seen. */
export async function stdinSecret(input: NodeJS.ReadStream, signal: AbortSignal): Promise<Found> {
  if (input.isTTY) {
    return unresolved("standard input is a terminal; pipe the value in");
  }
  const onAbort = (): void => void input.destroy();
  signal.addEventListener("abort", onAbort);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of input as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_SECRET_BYTES + 2) {
        return tooLarge;
      }
    }
    return secretText(Buffer.concat(chunks), MOST_SECRET_BYTES);
  } catch {
    return signal.aborted
      ? { trouble: "SECRET_TIMEOUT", problem: "standard input has not ended" }
      : unresolved("standard input cannot be read");
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
