#!/usr/bin/env node
import { oldNode } from "./old-node.ts";
import { version } from "./version.ts";

// Everything but the version is loaded when it is needed: start-up is part of the product.
const argv = process.argv.slice(2);
const complaint = oldNode(process.versions.node);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.once("error", () => void runAll());
  process.stdout.write(`${version}\n`);
} else if (complaint !== undefined) {
  process.stderr.write(complaint);
  process.exitCode = 2;
} else {
  await runAll();
}

/** Also says what keeps the version from being told. */
async function runAll(): Promise<void> {
  const { runCli } = await import("./run-cli.ts");
  process.exitCode = await runCli(argv);
  setImmediate(leave);
}

/** Ends at once where nothing is left to do or to write: taking the heap apart takes longer than many a command. */
function leave(): void {
  const isWritten = process.stdout.writableLength + process.stderr.writableLength === 0;
  const stays = ["TTYWrap", "PipeWrap"];
  if (isWritten && process.getActiveResourcesInfo().every((each) => stays.includes(each))) {
    process.exit();
  }
}
