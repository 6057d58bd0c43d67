import { open, rename, rm } from "node:fs/promises";
import type { Fault } from "#fault/fault.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { userFileCodes } from "#app/user-file-codes.ts";
import { clientCodes } from "./codes.ts";

/**
 * Writes the body of an answer into a file, whole or not at all; its size in bytes. Faults: USER_FILE_WRITE,
 * SERVER_UNREACHABLE when it breaks off or is shorter than it says.
 */
export async function download(response: Response, file: string, server: string): Promise<Result<number>> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    const size = await writeBody(response, draft, server);
    if (size.ok) {
      await rename(draft, file);
    }
    return size;
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  } finally {
    await response.body?.cancel().catch(() => undefined);
    await rm(draft, { force: true });
  }
}

async function writeBody({ body, headers }: Response, draft: string, server: string): Promise<Result<number>> {
  await using handle = await open(draft, "wx", 0o644);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = body?.getReader();
  let size = 0;
  for (;;) {
    const part = await reader?.read().catch(() => undefined);
    if (reader !== undefined && part === undefined) {
      return fail(brokenOff(server));
    }
    if (part?.value === undefined) {
      break;
    }
    await handle.writeFile(part.value);
    size += part.value.length;
  }
  await handle.sync();
  const expected = headers.get("content-length");
  return expected === null || Number(expected) === size ? ok(size) : fail(brokenOff(server));
}

function brokenOff(server: string): Fault {
  return faultOf(clientCodes, "SERVER_UNREACHABLE", { server, problem: "the connection broke off" });
}
