import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Place } from "../cli/place.ts";
import { follow } from "./run-blocks.ts";

t.test("the pack of the guide grows as it is shown", async (t) => {
  const guide = "docs/guide/write-a-pack.md";
  const printed = await follow(t, new Place(t), guide);
  const first = (text: string): string | undefined => /planHash (sha256:[0-9a-f]{64})/.exec(text)?.[1];
  const shown = readFileSync(join(import.meta.dirname, "../..", guide), "utf8");
  t.equal(first(printed), first(shown), "a pack that is copied has the first planHash");
});
