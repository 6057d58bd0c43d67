import { readFileSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dirname, "../..");

/** The shell commands that a document shows in the section of this heading: each fenced block, as it stands. */
export function documented(
  file: "README.md" | "SPEC.md" | "docs/guide/move-a-bundle.md" | "docs/guide/secrets.md",
  heading: string,
): readonly string[] {
  const text = `\n${readFileSync(join(project, file), "utf8")}`;
  const start = text.indexOf(`\n${heading}\n`);
  const level = heading.slice(0, heading.indexOf(" ") + 1);
  const end = text.indexOf(`\n${level}`, start + heading.length);
  const section = start === -1 ? "" : text.slice(start, end === -1 ? undefined : end);
  const blocks = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands = ""]) => commands);
  if (blocks.length === 0) {
    throw new Error(`${file} shows no shell commands below "${heading}"`);
  }
  return blocks;
}
