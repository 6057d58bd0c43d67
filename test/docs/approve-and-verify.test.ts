import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Place } from "../cli/place.ts";
import { PROJECT } from "./document.ts";
import { runElsewhere } from "./documents.ts";
import { follow } from "./run-blocks.ts";

const GAP = "docs/guide/approve-across-a-gap.md";
const AUDITOR = "docs/guide/verify-as-an-auditor.md";

t.test("a run crosses the gap and back as the guide shows, and an auditor judges it without packrun", async (t) => {
  const site = new Place(t);
  mkdirSync(site.here("stick"));
  await follow(t, site, GAP, { env: { STICK: site.here("stick") }, elsewhere: runElsewhere(GAP) });

  const desk = new Place(t);
  cpSync(site.here(".packrun/evidence", site.lastRun() ?? ""), desk.here("evidence"), { recursive: true });
  cpSync(site.here("trust-root.json"), desk.here("trust-root.json"));
  for (const script of ["verify_offline_bundle.mjs", "verify_offline_bundle.py"]) {
    cpSync(join(PROJECT, "scripts/packs", script), desk.here(script));
  }
  const printed = await follow(t, desk, AUDITOR, { elsewhere: runElsewhere(AUDITOR) });
  t.match(printed, /is a run attestor\nVerified OK\nit speaks of this manifest\n/);
});
