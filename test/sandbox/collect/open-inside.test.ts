import { execFile } from "node:child_process";
import { closeSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { openInside, type Opened } from "#sandbox/collect/open-inside.ts";

const run = promisify(execFile);

function folderOf(test: { readonly teardown: (work: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), "packrun-inside-"));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What was found, without what was opened for it. */
function kindOf(opened: Opened): string {
  if ("fd" in opened) {
    closeSync(opened.fd);
  }
  return opened.kind === "unsafe" ? opened.why : opened.kind;
}

t.test("opens files and folders below a folder, and nothing that a link leads to", (t) => {
  const root = folderOf(t);
  mkdirSync(join(root, "in"));
  writeFileSync(join(root, "in/a"), "a");
  symlinkSync("in", join(root, "way"));
  linkSync(join(root, "in/a"), join(root, "twin"));
  writeFileSync(join(root, "plain"), "p");
  t.equal(kindOf(openInside(root, "in")), "directory");
  t.equal(kindOf(openInside(root, "way")), "link");
  t.equal(kindOf(openInside(root, "way/a")), "a symbolic link is on its way");
  t.equal(kindOf(openInside(root, "in/a")), "it is a hard link");
  t.equal(kindOf(openInside(root, "in/b")), "missing");
  t.equal(kindOf(openInside(root, "plain/b")), "missing");
  t.equal(kindOf(openInside(root, "../x")), "its path leaves the working folder");
  t.end();
});

t.test("opens files of an overlay, whose device is not that of their folder", async (t) => {
  const root = folderOf(t);
  const script = `
    mount -t tmpfs packrun "$0" && mkdir "$0/upper" "$0/work" "$0/lower" "$0/merged"
    mount -t overlay packrun -o "lowerdir=$0/lower,upperdir=$0/upper,workdir=$0/work" "$0/merged"
    mkdir "$0/merged/in" && echo a >"$0/merged/in/a"
    exec "$1" --conditions=@packrun/source --input-type=module -e '
      const { openInside } = await import(process.argv[1]);
      console.log(openInside(process.argv[2], "in/a").kind, openInside(process.argv[2], "in").kind);
    ' "$2" "$0/merged"`;
  const module = new URL("../../../src/sandbox/collect/open-inside.ts", import.meta.url).href;
  const own = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
  const { stdout } = await run("unshare", [...own, "sh", "-euc", script, root, process.execPath, module]);
  t.equal(stdout, "file directory\n");
});
