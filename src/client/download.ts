import { open } from "node:fs/promises";
import type { Fault } from "#fault/fault.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { userFileCodes } from "#app/user-file-codes.ts";
import { draftFor, type Draft } from "#app/write-whole.ts";
import { clientCodes } from "./codes.ts";

/**
 * Writes the body of an answer into a file, whole or not at all; what `look` tells of it. It looks at a draft beside the file,
 * given with its size in bytes: what it refuses does not take the place of a file that was there. Faults: USER_FILE_WRITE,
 * SERVER_UNREACHABLE when the body breaks off or is shorter than it says, those of `look`.
 */
export async function download<T>(
  response: Response,
  file: string,
  server: string,
  look: (draft: string, size: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  let draft: Draft | undefined;
  try {
    const opened = await writing(file, async () => ok(await draftFor(file)));
    if (!opened.ok) {
      return opened;
    }
    const { path, settle } = (draft = opened.value);
    const size = await writing(file, () => writeBody(response, path, server));
    const seen = size.ok ? await look(path, size.value) : size;
    if (!seen.ok) {
      return seen;
    }
    return await writing(file, async () => {
      await settle();
      return seen;
    });
  } finally {
    await response.body?.cancel().catch(() => undefined);
    await draft?.drop();
  }
}

async function writing<T>(file: string, write: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await write();
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
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
