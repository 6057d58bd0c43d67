import t from "tap";
import { Place } from "../cli/place.ts";
import { follow } from "./run-blocks.ts";

t.test("the pack of the guide grows as it is shown", async (t) => {
  await follow(t, new Place(t), "docs/guide/write-a-pack.md");
});
