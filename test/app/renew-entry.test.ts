import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { registryEntry, type RegistryEntry } from "#app/pack-registry.ts";
import { renewBundle, renewVerdict, withEntryLock } from "#app/renew-entry.ts";
import { REFERENCE } from "./pack-site.ts";

const dir = mkdtempSync(join(tmpdir(), "packrun-renew-"));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));

/** An entry of any registry, whose bundle and verdict hold the same text. */
function entryOf(registry: string, text: string): RegistryEntry {
  const entry = registryEntry(join(dir, registry), REFERENCE);
  mkdirSync(entry.folder, { recursive: true });
  writeFileSync(entry.bundle, text);
  writeFileSync(entry.verdict, text);
  return entry;
}

const both = ({ bundle, verdict }: RegistryEntry): readonly string[] =>
  [bundle, verdict].map((file) => readFileSync(file, "utf8"));

/** Renews the entry of `argv[1]` for ever with texts of its own, and says each one when it is in place. */
const RENEWING = `
  import { mkdirSync, writeFileSync, writeSync } from "node:fs";
  import { join } from "node:path";
  import { registryEntry } from "#app/pack-registry.ts";
  import { renewBundle, withEntryLock } from "#app/renew-entry.ts";
  const [, dir, name] = process.argv;
  const reference = ${JSON.stringify(REFERENCE)};
  const entry = registryEntry(join(dir, name), reference);
  writeSync(1, "begun\\n");
  for (let text = 1; ; text += 1) {
    const staged = registryEntry(join(dir, name + ".staged", String(text)), reference);
    mkdirSync(staged.folder, { recursive: true });
    writeFileSync(staged.bundle, String(text));
    writeFileSync(staged.verdict, String(text));
    await withEntryLock(entry, () => renewBundle(staged, entry));
    writeSync(1, text + "\\n");
  }
`;

t.test("whenever a renewal is killed, bundle and verdict are of one time, and the next one goes on", async (t) => {
  for (const [at, delayMs] of [0, 1, 2, 4, 7, 11].entries()) {
    const name = `killed${at}`;
    const entry = entryOf(name, "0");
    const options = ["--conditions=@packrun/source", "--input-type=module", "-e", RENEWING];
    const child = spawn(process.execPath, [...options, dir, name], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (said === "") {
        setTimeout(() => child.kill("SIGKILL"), delayMs);
      }
      said += text;
    });
    await ended;
    t.match(said, /^begun\n/);
    const [bundle, verdict] = both(entry);
    t.equal(bundle, verdict, `after ${delayMs} ms`);
    const last = said.trimEnd().split("\n").at(-1) ?? "";
    t.ok(Number(bundle) >= (last === "begun" ? 0 : Number(last)), "what was said to be there is there");
    await withEntryLock(entry, () => renewBundle(entryOf(`${name}.last`, "last"), entry));
    t.strictSame(both(entry), ["last", "last"]);
  }
});

t.test("a verdict alone is renewed where the names lead", async (t) => {
  const entry = entryOf("verdicts", "0");
  await renewVerdict(entryOf("verdicts.1", "1"), entry);
  t.strictSame(both(entry), ["0", "1"]);
  await withEntryLock(entry, () => renewBundle(entryOf("verdicts.2", "2"), entry));
  await renewVerdict(entryOf("verdicts.3", "3"), entry);
  t.strictSame(both(entry), ["2", "3"]);
});

t.test("one renews at a time", async (t) => {
  const entry = entryOf("turns", "0");
  const steps: string[] = [];
  const one = (name: string): Promise<void> =>
    withEntryLock(entry, async () => {
      steps.push(`${name} begins`);
      await Promise.resolve();
      await renewBundle(entryOf(`turns.${name}`, name), entry);
      steps.push(`${name} ends`);
    });
  await Promise.all([one("a"), one("b")]);
  const [first = "", second = ""] = [steps[0]?.[0], steps[2]?.[0]];
  t.strictSame(steps, [`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
  t.strictSame(both(entry), [second, second]);
});
