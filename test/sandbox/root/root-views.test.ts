import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rootViews } from "#sandbox/root/root-views.ts";

t.test("a root is looked at anew where other files are to be hidden, and kept for a moment where not", (t) => {
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
