import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { symlinkSync, utimesSync } from "node:fs";
import { join, relative } from "node:path";

/** What a build is made of, and what makes it. */
const SOURCES = ["src/**/*.ts", "scripts/bundle*.ts", "package.json", "package-lock.json"];
/** What the program finds beside its own folder. */
const BESIDE = ["package.json", "schemas", "scripts"];
/** A build that nobody used for so long, in milliseconds, is of sources that are no more. */
const KEPT_MS = 3_600_000;
/** Sources that are edited all the time cannot be built. */
const TRIES = 5;

/** Names what a folder of the project would be built from: another byte of any source, another name. */
export function sourcesDigest(root: string): string {
  const hash = createHash("sha256");
  for (const path of globSync(SOURCES, { cwd: root }).toSorted()) {
    hash.update(`${path}\0`).update(
      createHash("sha256")
        .update(readFileSync(join(root, path)))
        .digest(),
    );
  }
  return hash.digest("hex").slice(0, 32);
}

/**
 * The command line as it is published, made of the sources as they are now: it starts three times as fast as they do. The
 * file of its main program. A build is found by the digest of its sources, so that a stale one is never run; throws when
 * the sources cannot be built.
 */
export function builtCli(root: string, builds: string): string {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const digest = sourcesDigest(root);
    const folder = join(builds, digest);
    if (existsSync(folder)) {
      utimesSync(folder, new Date(), new Date());
      return join(folder, "dist/cli/main.js");
    }
    const made = build(root, builds);
    // Only what was built from these very bytes gets their name; another process may have been faster.
    if (sourcesDigest(root) === digest && !existsSync(folder)) {
      removeOld(builds);
      renameUnlessThere(made, folder);
    }
    rmSync(made, { recursive: true, force: true });
  }
  throw new Error(`the sources in ${root} changed during each of ${TRIES} builds`);
}

function build(root: string, builds: string): string {
  const folder = join(builds, `.${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  BESIDE.forEach((name) => symlinkSync(relative(folder, join(root, name)), join(folder, name)));
  const command = ["--conditions=@packrun/source", "scripts/bundle.ts", join(folder, "dist")];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
  if (status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the command line cannot be built:\n${stderr}`);
  }
  return folder;
}

function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (problem) {
    if (!existsSync(to)) {
      throw problem;
    }
  }
}

function removeOld(builds: string): void {
  for (const name of readdirSync(builds)) {
    const folder = join(builds, name);
    const used = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - used > KEPT_MS) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
