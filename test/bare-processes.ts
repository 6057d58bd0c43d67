import { enableCompileCache } from "node:module";
import { join } from "node:path";

/**
 * Loaded first in each process of a test file (`test-env` in .taprc). The test runner would have every module that is loaded,
 * with its source map, noted for reports of coverage, which nobody asks for, and would reach into the environment of every
 * process that a test starts: that takes longer than most of the tests. What is compiled is kept instead.
 */
process.env["_TAPJS_PROCESSINFO_EXCLUDE_"] = "/./";
// What a test starts gets no more than the test gives to it.
delete process.env["NODE_OPTIONS"];
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/packrun-tests/compiled"));
