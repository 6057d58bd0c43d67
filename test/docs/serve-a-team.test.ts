import t from "tap";
import { Place } from "../cli/place.ts";
import { follow } from "./run-blocks.ts";

t.test("a server runs, is approved at and exports for a team as the guide shows", async (t) => {
  const place = new Place(t);
  const said = await follow(t, place, "docs/guide/serve-a-team.md");
  t.match(said, /by {8}release-bot/);
  t.match(await place.packrun("trust", "show"), { code: 0, out: /^token of ci by packrun:local: release-bot$/m });
  const bare = await place.packrun("trust", "token", "packrun:local", "ci");
  t.match(bare, { code: 2, err: /say --principal NAME, or --remove/ });
  t.match(await place.packrun("trust", "token", "packrun:local", "ci", "--remove"), { code: 0, out: /version \d+/ });
  t.match(await place.packrun("trust", "token", "packrun:local", "ci", "--remove"), {
    code: 2,
    err: /TRUST_EDIT_TOKEN/,
  });
});
