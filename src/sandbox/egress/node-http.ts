import type http from "node:http";

/**
 * `node:http` without its face as an ES module, which reads every member that Node.js would load only when it is asked
 * for: the whole of undici, some 50 ms at the start of each program. Loaded when the first connection needs it.
 */
export function nodeHttp(): typeof http {
  return process.getBuiltinModule("node:http");
}
