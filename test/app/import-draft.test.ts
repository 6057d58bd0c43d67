import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { tryFileLock } from "#app/file-lock.ts";
import { withImportDraft } from "#app/import-draft.ts";

function registry(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "packrun-drafts-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "registry");
}

t.test("a draft is there while its work lasts, and gone when that ended, well or not", async (t) => {
  const folder = registry(t);
  const given = await withImportDraft(folder, undefined, async (draft) => {
    writeFileSync(join(draft, "half"), "");
    t.ok(existsSync(draft));
    return draft;
  });
  t.notOk(existsSync(given));
  await t.rejects(
    withImportDraft(folder, undefined, () => Promise.reject(new Error("broken"))),
    { message: "broken" },
  );
  t.strictSame(readdirSync(folder), []);
});

t.test("what is interrupted is gone before anybody else is asked", async (t) => {
  const folder = registry(t);
  const controller = new AbortController();
  await withImportDraft(folder, controller.signal, async (draft) => {
    writeFileSync(join(draft, "half"), "");
    controller.abort("SIGINT");
    t.strictSame(readdirSync(folder), [], "at once, not when the work is over");
  });
});

t.test("what a killed import left is cleared up by the next; one that is still at work is left alone", async (t) => {
  const folder = registry(t);
  const left = join(folder, ".import.0123456789abcdef");
  mkdirSync(join(left, "entry"), { recursive: true });
  writeFileSync(`${left}.lock`, "");
  writeFileSync(`${left}.lock-journal`, "");
  const busy = join(folder, ".import.00000000000000ff");
  mkdirSync(busy);
  const held = tryFileLock(`${busy}.lock`);
  mkdirSync(join(folder, "acme"));
  writeFileSync(join(folder, "acme.lock"), "");
  await withImportDraft(folder, undefined, async () => {
    t.notOk(existsSync(left));
    t.notOk(existsSync(`${left}.lock`));
  });
  const own = readdirSync(folder).filter((name) => !name.endsWith("-journal"));
  t.strictSame(own, [".import.00000000000000ff", ".import.00000000000000ff.lock", "acme", "acme.lock"]);
  held?.close();
  await withImportDraft(folder, undefined, () => Promise.resolve());
  t.strictSame(readdirSync(folder), ["acme", "acme.lock"]);
});

t.test("a lock is one holder's, and its file must be one that can be made", (t) => {
  const folder = registry(t);
  mkdirSync(folder);
  const first = tryFileLock(join(folder, "lock"));
  t.ok(first);
  t.equal(tryFileLock(join(folder, "lock")), undefined);
  first?.close();
  const second = tryFileLock(join(folder, "lock"));
  t.ok(second);
  second?.close();
  t.throws(() => tryFileLock(join(folder, "none", "lock")));
  t.end();
});
