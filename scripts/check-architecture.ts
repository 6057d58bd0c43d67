import { architectureFindings } from "./architecture.ts";

const findings = architectureFindings(process.cwd());
for (const finding of findings) {
  console.error(finding);
}
if (findings.length > 0) {
  console.error(`${findings.length} architecture findings`);
  process.exitCode = 1;
}
