import { syncBuiltinESMExports } from "node:module";
import workers, { type WorkerOptions } from "node:worker_threads";
import { COMPILED } from "./compiled.ts";

/**
 * Loaded first in each process of a test file (`test-env` in .taprc). The test runner would have every module that is loaded,
 * with its source map, noted for reports of coverage, which nobody asks for, and would reach into the environment of every
 * process that a test starts: that takes longer than most of the tests.
 */
process.env["_TAPJS_PROCESSINFO_EXCLUDE_"] = "/./";
// What a test starts gets no more than the test gives to it.
delete process.env["NODE_OPTIONS"];
delete process.env["NODE_COMPILE_CACHE"];

// Threads do not share what their process keeps of compiled modules, and theirs is no environment to say so in.
const keep = `import { enableCompileCache } from "node:module"; enableCompileCache(${JSON.stringify(COMPILED)});`;
const first = `--import=data:text/javascript,${encodeURIComponent(keep)}`;
class KeepingWorker extends workers.Worker {
  constructor(file: string | URL, options: WorkerOptions = {}) {
    super(file, { ...options, execArgv: [...(options.execArgv ?? process.execArgv), first] });
  }
}
Object.assign(workers, { Worker: KeepingWorker });
syncBuiltinESMExports();
