import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { folderReader } from "#folder/folder-reader.ts";

const reader = folderReader();
type Test = { readonly teardown: (after: () => void) => void };

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A new folder with these files; a path with a final `/` is an empty folder. */
function folderOf(t: Test, files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "packrun-folder-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, path.endsWith("/") ? "." : ".."), { recursive: true });
    if (!path.endsWith("/")) {
      writeFileSync(join(root, path), text);
    }
  }
  return root;
}

/** Code and data of a refusal; the listing's paths when there is none. */
async function answerOf(root: string, kind: "readPack" | "readTree" = "readPack"): Promise<unknown> {
  const read = await reader[kind](root);
  return read.ok ? read.value.listing.map(({ path }) => path) : { code: read.fault.code, ...read.fault.data };
}

/** Code and problem of a refused file. */
async function problemOf(path: string): Promise<unknown> {
  const read = await reader.readFile(path);
  return read.ok ? undefined : [read.fault.code, read.fault.data?.["problem"]];
}

t.test("a pack is every regular file, sorted by the bytes of its path, with mode, size and digest", async (t) => {
  const root = folderOf(t, {
    "pack.yaml": "a: 1\n",
    "bin/tool": "#!/bin/sh\n",
    "bin-x": "",
    "é/ü.txt": "x",
    "\u{1F600}": "smile",
    "\uFF5E": "tilde",
    "empty/": "",
  });
  chmodSync(join(root, "bin/tool"), 0o700);
  const read = await reader.readPack(root);
  t.ok(read.ok);
  t.strictSame(read.ok && read.value, {
    root,
    listing: [
      { path: "bin-x", mode: "644", size: 0, sha256: hashOf("") },
      { path: "bin/tool", mode: "755", size: 10, sha256: hashOf("#!/bin/sh\n") },
      { path: "pack.yaml", mode: "644", size: 5, sha256: hashOf("a: 1\n") },
      { path: "é/ü.txt", mode: "644", size: 1, sha256: hashOf("x") },
      { path: "\uFF5E", mode: "644", size: 5, sha256: hashOf("tilde") },
      { path: "\u{1F600}", mode: "644", size: 5, sha256: hashOf("smile") },
    ],
  });
});

t.test("the repository and packrun's own state are no part of a pack, at its root only", async (t) => {
  const files = { "pack.yaml": "", ".git/config": "", ".packrun/runs/x": "", "deep/.git/config": "", ".gitignore": "" };
  const root = folderOf(t, files);
  symlinkSync("/etc/passwd", join(root, ".git/link"));
  t.strictSame(await answerOf(root), [".gitignore", "deep/.git/config", "pack.yaml"]);
  rmSync(join(root, ".git/link"));
  t.strictSame(await answerOf(root, "readTree"), Object.keys(files).toSorted());
});

t.test("a pack holds no links, not even inside; hard links are files like any other", async (t) => {
  const root = folderOf(t, { "a.txt": "x", "d/b.txt": "y" });
  linkSync(join(root, "a.txt"), join(root, "c.txt"));
  t.strictSame(await answerOf(root), ["a.txt", "c.txt", "d/b.txt"]);
  symlinkSync("../a.txt", join(root, "d/link"));
  t.strictSame(await answerOf(root), { code: "PACK_FILE_UNSAFE", path: "d/link", problem: "it is a symbolic link" });
});

t.test("devices, FIFOs and sockets are refused without being opened", async (t) => {
  const root = folderOf(t, { "a.txt": "x" });
  execFileSync("mkfifo", [join(root, "pipe")]);
  t.match(await answerOf(root), { code: "PACK_FILE_UNSAFE", path: "pipe", problem: "it is a FIFO" });
  t.match(await answerOf(root, "readTree"), { code: "INPUT_FILE", path: "pipe", problem: "it is a FIFO" });
  rmSync(join(root, "pipe"));
  const server = createServer().listen(join(root, "socket"));
  await new Promise((done) => server.once("listening", done));
  t.match(await answerOf(root), { code: "PACK_FILE_UNSAFE", path: "socket", problem: "it is a socket" });
  await new Promise((done) => server.close(done));
  t.strictSame(await reader.readFile("/dev/null").then((read) => !read.ok && read.fault.data), {
    path: "/dev/null",
    problem: "it is a device",
  });
});

t.test("names that are not UTF-8 or hold control characters are refused and shown safely", async (t) => {
  const root = folderOf(t);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/b`), Buffer.of(0xff)]), "");
  t.match(await answerOf(root), { code: "PACK_FILE_UNSAFE", path: "b?", problem: /UTF-8/ });
  const other = folderOf(t, { "a\nb": "" });
  t.match(await answerOf(other), { code: "PACK_FILE_UNSAFE", path: "a?b", problem: /control character/ });
  const turned = folderOf(t, { "a\u202etxt.sh": "" });
  t.match(await answerOf(turned), { code: "PACK_FILE_UNSAFE", path: "a?txt.sh", problem: /direction/ });
});

t.test("names that some systems take for the same are refused, folders among them", async (t) => {
  t.match(await answerOf(folderOf(t, { "\u00e9.txt": "", "e\u0301.txt": "" })), { problem: /NFC and NFD/ });
  t.match(await answerOf(folderOf(t, { "Readme.md": "", "README.md": "" })), { problem: /"README.md" only in case/ });
  t.match(await answerOf(folderOf(t, { "Dir/a": "", "dir/b": "" })), { path: "dir", problem: /only in case/ });
  t.match(await answerOf(folderOf(t, { "\u017Fet": "", set: "" })), { problem: /only in case/ });
  t.strictSame(
    await answerOf(folderOf(t, { "x/a": "", "y/A": "" })),
    ["x/a", "y/A"],
    "in other folders they are not twins",
  );
});

t.test("a directory input keeps relative links that stay inside, as links", async (t) => {
  const root = folderOf(t, { "a.txt": "x", "d/e/b.txt": "y" });
  symlinkSync("../../a.txt", join(root, "d/e/up"));
  symlinkSync("d/e", join(root, "down"));
  const read = await reader.readTree(root);
  t.strictSame(read.ok && read.value.listing.filter(({ mode }) => mode === "link"), [
    { path: "d/e/up", mode: "link", target: "../../a.txt" },
    { path: "down", mode: "link", target: "d/e" },
  ]);
  t.notOk(JSON.stringify(read).includes("down/"), "no link is walked through");
});

t.test("links that leave, or might, are refused", async (t) => {
  for (const [target, problem] of [
    ["/etc/passwd", /absolute/],
    ["../out", /leaves/],
    ["../..", /leaves/],
    ["e/../../../x", /roundabout/],
    ["a\nb", /no portable name/],
  ] as const) {
    const root = folderOf(t, { "d/a.txt": "" });
    symlinkSync(target === "../out" ? "../../out" : target, join(root, "d/link"));
    t.match(await answerOf(root, "readTree"), { code: "INPUT_FILE", path: "d/link", problem }, target);
  }
});

t.test("the first refusal is the answer, and the others are named", async (t) => {
  const root = folderOf(t, { "a.txt": "" });
  for (let at = 0; at < 9; at += 1) {
    symlinkSync("a.txt", join(root, `link${at}`));
  }
  const read = await reader.readPack(root);
  t.match(!read.ok && read.fault.message, '"link0" cannot be part of a pack');
  t.match(!read.ok && read.fault.hint, /also refused: "link1": it is a symbolic link; .*; and 3 more$/);
});

t.test("files are hashed whole, small or large, and the path that is given may be a link", async (t) => {
  const large = "0123456789abcdef".repeat(40_000);
  const root = folderOf(t, { small: "x", large, "nothing.txt": "" });
  symlinkSync("large", join(root, "link"));
  t.strictSame(await reader.readFile(join(root, "link")), {
    ok: true,
    value: { size: 640_000, sha256: hashOf(large) },
  });
  t.strictSame(await reader.readFile(join(root, "small")), { ok: true, value: { size: 1, sha256: hashOf("x") } });
  t.strictSame(await reader.readFile(join(root, "nothing.txt")), { ok: true, value: { size: 0, sha256: hashOf("") } });
  const exact = "y".repeat(256 * 1024);
  writeFileSync(join(root, "exact"), exact);
  t.strictSame(await reader.readFile(join(root, "exact")), {
    ok: true,
    value: { size: 262_144, sha256: hashOf(exact) },
  });
});

t.test("what is not there, or is no file or folder, is refused by name", async (t) => {
  const root = folderOf(t, { "a.txt": "x" });
  t.strictSame(await problemOf(join(root, "none")), ["INPUT_FILE", "there is no such file"]);
  t.strictSame(await problemOf(root), ["INPUT_FILE", "it is a folder"]);
  t.match(await answerOf(join(root, "none")), { code: "PACK_FILE_MISSING", problem: "is no folder" });
  t.match(await answerOf(join(root, "a.txt"), "readTree"), { code: "INPUT_FILE", problem: "there is no such folder" });
});

t.test("a file or folder that changes while it is read is refused", async (t) => {
  const root = folderOf(t, { large: "x".repeat(4 * 1024 * 1024) });
  const growing = reader.readFile(join(root, "large"));
  writeFileSync(join(root, "large"), "y", { flag: "a" });
  t.match(await growing, {
    ok: false,
    fault: { code: "INPUT_FILE", data: { problem: "it changed while it was read" } },
  });
  const listing = reader.readPack(root);
  writeFileSync(join(root, "new"), "");
  t.match(await listing, { ok: false, fault: { code: "PACK_FILE_UNSAFE", data: { path: ".", problem: /changed/ } } });
});

t.test("folders nest to a limit", async (t) => {
  const root = folderOf(t, { [`${"d/".repeat(65)}f`]: "" });
  t.match(await answerOf(root), { code: "PACK_FILE_UNSAFE", problem: /deeper than 64/ });
});

t.test("many files are read completely, in the same order each time", async (t) => {
  const names = Array.from({ length: 600 }, (_, at) => `d${at % 7}/f${at}`);
  const root = folderOf(t, Object.fromEntries(names.map((name) => [name, name])));
  const first = await answerOf(root);
  t.strictSame(first, names.toSorted());
  t.strictSame(await answerOf(root), first);
});
