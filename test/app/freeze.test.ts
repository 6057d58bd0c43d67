import t from "tap";
import { startRun } from "#app/start-run.ts";
import { digestOf, digestOfHex } from "#canon/digest.ts";
import { concatBytes } from "#canon/bytes.ts";
import { code, value } from "../attest/signing.ts";
import { smallWorkplace } from "./small-workplace.ts";

const INPUTS = ["archive=in/a.tar", "tree=in/tree"];

t.test("everything that was planned is kept by digest, and outlives its sources", async (t) => {
  const place = smallWorkplace(t);
  place.write("in/a.tar", "archive");
  place.write("in/tree/x/y.txt", "y");
  const workplace = await place.open();
  const { artifacts, sha256, settings } = workplace;
  const planned = await place.plan(workplace, INPUTS);
  value(await startRun(planned, new Map(), workplace, await place.trust(workplace)));
  place.write("in/a.tar", "another");
  for (const text of ["archive", "y", "notes"]) {
    const digest = digestOf(new TextEncoder().encode(text), sha256);
    const kept = concatBytes(...(await Array.fromAsync(artifacts.open(settings.tenantId, digest))));
    t.equal(new TextDecoder().decode(kept), text);
  }
  for (const { sha256: hex } of planned.packListing) {
    t.ok(await artifacts.has(settings.tenantId, digestOfHex(hex)));
  }
});

t.test("a file that changed after it was planned is INPUT_CHANGED, and there is no run", async (t) => {
  for (const [path, what] of [
    ["in/a.tar", "input archive"],
    ["in/tree/x/y.txt", "input tree/x/y.txt"],
    ["pack/notes.txt", "the pack/notes.txt"],
  ] as const) {
    const place = smallWorkplace(t);
    place.write("in/a.tar", "archive");
    place.write("in/tree/x/y.txt", "y");
    const workplace = await place.open();
    const planned = await place.plan(workplace, INPUTS);
    const trust = await place.trust(workplace);
    place.write(path, "changed");
    const refused = await startRun(planned, new Map(), workplace, trust);
    t.equal(code(refused), "INPUT_CHANGED", path);
    t.match(refused, { fault: { message: `${what} changed while packrun was reading it` } });
    t.strictSame(await workplace.store.index.list(workplace.settings.tenantId, { limit: 10 }), []);
  }
});
