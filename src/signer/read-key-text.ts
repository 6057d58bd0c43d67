import { createReadStream } from "node:fs";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { signerCodes } from "./codes.ts";

/** A list of authorized keys of a large site. Bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The text of a file with public keys; a pipe or a device is read no further than a file may be long. Fault: KEY_FILE. */
export async function readKeyText(file: string): Promise<Result<string>> {
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(file, { end: MOST_BYTES });
    const bytes = Buffer.concat(await Array.fromAsync(chunks));
    return bytes.length > MOST_BYTES
      ? fail(faultOf(signerCodes, "KEY_FILE", { file, problem: "it is no key file" }))
      : ok(bytes.toString("utf8"));
  } catch (error) {
    return fail(faultOf(signerCodes, "KEY_FILE", { file, problem: systemProblem(error) }));
  }
}
