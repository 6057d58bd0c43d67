import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rootViews } from "#sandbox/root/root-views.ts";

t.test("a root is made anew where other files are to be hidden, and kept where not", (t) => {
  const folder = t.testdir({});
  const etcFolder = join(folder, "etc");
  mkdirSync(etcFolder);
  const emptyFile = join(folder, "empty");
  writeFileSync(emptyFile, "");
  let masks: readonly string[] = [folder];
  const seccompFiles = { sealed: "/sealed", restricted: "/restricted" };
  const views = rootViews({ etcFolder, emptyFile, seccompFiles, masks: () => masks, env: {} });
  const first = views("sealed");
  t.match(first, { ok: true, value: { mode: "sealed", seccompFile: "/sealed" } });
  t.equal(views("sealed"), first);
  masks = [folder, "/usr/share/doc"];
  const second = views("sealed");
  t.match(second, { ok: true });
  t.notOk(first.ok && first.value.options.includes("/usr/share/doc"));
  t.ok(second.ok && second.value.options.includes("/usr/share/doc"), "it is hidden from the next step on");
  t.match(views("restricted"), { ok: true, value: { mode: "restricted", seccompFile: "/restricted" } });
  masks = ["/usr"];
  t.match(views("sealed"), { ok: false, fault: { code: "SANDBOX_UNAVAILABLE" } });
  t.end();
});

const options = { skip: process.getuid?.() === 0 ? false : "only root puts files where every step sees them" };

t.test("what is named before it is there is hidden as soon as it is", options, (t) => {
  const folder = mkdtempSync("/usr/local/lib/packrun-later-");
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const state = join(folder, "state");
  const views = rootViews({
    etcFolder: folder,
    emptyFile: "/dev/null",
    seccompFiles: { sealed: "/sealed", restricted: "/restricted" },
    masks: () => [state],
    env: {},
  });
  const before = views("sealed");
  t.equal(views("sealed"), before);
  mkdirSync(state);
  const after = views("sealed");
  t.notOk(before.ok && before.value.options.includes(state));
  t.ok(after.ok && after.value.options.includes(state));
  t.end();
});
