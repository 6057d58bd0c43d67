import t from "tap";
import { findRun } from "#app/run-reference.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { code, value } from "../attest/signing.ts";
import { smallWorkplace } from "./small-workplace.ts";

t.test("a run is found by its id, by what only its id begins with, and as the last one", async (t) => {
  const place = smallWorkplace(t);
  const workplace = await place.open();
  const { store, settings } = workplace;
  const { tenantId } = settings;
  t.equal(code(await findRun("last", tenantId, store)), "RUN_REFERENCE", "there is none");
  const first = await place.start(workplace);
  const second = await place.start(workplace);
  const found = async (text: string): Promise<string> => value(await findRun(text, tenantId, store)).runId;
  t.equal(await found(first.runId), first.runId);
  t.equal(await found("last"), second.runId);
  t.equal(await found(first.runId.slice(0, -1)), first.runId);
  t.equal(await found("0198c5a0-0000-7000-8000-000000000001"), "0198c5a0-0000-7000-8000-000000000001", "a whole id");
});

t.test("what begins several runs, or none, or is too short, is RUN_REFERENCE", async (t) => {
  const place = smallWorkplace(t);
  const workplace = await place.open();
  const { store, settings } = workplace;
  const { runId } = await place.start(workplace);
  await place.start(workplace);
  for (const text of ["", runId.slice(0, 3), runId.slice(0, 4), "ffff", "LAST", "../x", "\u001b[2J"]) {
    const refused = await findRun(text, settings.tenantId, store);
    t.equal(code(refused), "RUN_REFERENCE", JSON.stringify(text));
    t.notMatch(JSON.stringify(refused), "\u001b");
  }
  const short = await findRun(runId.slice(0, 3), settings.tenantId, store);
  t.match(short, { fault: { hint: /at least 4 characters/ } });
  t.match(await findRun("ffff", settings.tenantId, store), { fault: { hint: /^give a run id/ } });
  const other = parseTenantId("other") as TenantId;
  t.equal(code(await findRun("last", other, store)), "RUN_REFERENCE", "of another tenant");
  t.equal(code(await findRun(runId.slice(0, -1), other, store)), "RUN_REFERENCE");
});
