import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { apiWorld } from "../api/api-world.ts";
import { needs, stockTool } from "./stock-tool.ts";

const schemathesis = stockTool("schemathesis");

t.setTimeout(300_000);
t.test(
  "schemathesis finds no answer of the API that its own document does not allow",
  needs(schemathesis),
  async (t) => {
    const world = await apiWorld(t, { limits: { requestsPerMinute: 1e6, refusedPerMinute: 1e6 } });
    const folder = t.testdir({});
    const document = join(folder, "openapi.json");
    writeFileSync(document, await (await world.get("/.well-known/openapi")).text());
    const checks = ["not_a_server_error", "content_type_conformance", "response_schema_conformance"];
    // It keeps a cache in the folder that it runs in.
    const { code, out } = await run(schemathesis.program, folder, [
      "run",
      document,
      "--url",
      world.server.url,
      "--header",
      `Authorization: Bearer ${await world.token()}`,
      "--checks",
      checks.join(","),
      "--phases",
      "examples,fuzzing",
      "--max-examples",
      "4",
      "--max-time",
      "45",
      "--request-timeout",
      "20",
      "--no-color",
      "--generation-database",
      "none",
    ]);
    t.equal(code, 0, out.slice(-6000));
    t.match(out, /fuzzing/i);
  },
);

function run(
  program: string,
  cwd: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(program, [...args], { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, out: `${stdout}${stderr}` });
    });
  });
}
