import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Place } from "../cli/place.ts";
import { documented, PROJECT } from "./document.ts";
import { runElsewhere } from "./documents.ts";
import { follow } from "./run-blocks.ts";

t.test("the walk of README.md goes as it is shown", async (t) => {
  await follow(t, new Place(t), "README.md", { elsewhere: runElsewhere("README.md") });
});

t.test("what README.md asks a stranger to start is there", async (t) => {
  const programs = documented("README.md", "## Try it").flatMap((text) => text.match(/(?<=\$PWD\/|\.\/)\w+/g) ?? []);
  t.strictSame(programs, ["quickstart", "packrun"]);
  for (const program of programs) {
    t.ok(existsSync(join(PROJECT, program)), program);
  }
});
