import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rootViews } from "#sandbox/root/root-views.ts";

t.test(
  "a root is made anew where other files are to be hidden, or one of them has come to be, and kept where not",
  (t) => {
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
    const later = mkdtempSync("/usr/local/lib/packrun-later-");
    t.teardown(() => rmSync(later, { recursive: true, force: true }));
    chmodSync(later, 0o755);
    masks = [folder, join(later, "state")];
    const third = views("sealed");
    t.equal(views("sealed"), third);
    mkdirSync(join(later, "state"));
    const fourth = views("sealed");
    t.notOk(third.ok && third.value.options.includes(join(later, "state")));
    t.ok(fourth.ok && fourth.value.options.includes(join(later, "state")), "it is there now");
    t.match(views("restricted"), { ok: true, value: { mode: "restricted", seccompFile: "/restricted" } });
    masks = ["/usr"];
    t.match(views("sealed"), { ok: false, fault: { code: "SANDBOX_UNAVAILABLE" } });
    t.end();
  },
);
