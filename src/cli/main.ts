#!/usr/bin/env node
import { oldNode } from "./old-node.ts";
import { version } from "./version.ts";

// Everything but the version is loaded when it is needed: start-up is part of the product.
const argv = process.argv.slice(2);
const complaint = oldNode(process.versions.node);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${version}\n`);
} else if (complaint !== undefined) {
  process.stderr.write(complaint);
  process.exitCode = 2;
} else {
  const { runCli } = await import("./run-cli.ts");
  process.exitCode = await runCli(argv);
}
