import { join } from "node:path";
import t from "tap";
import { privateFiles } from "#app/private-files.ts";
import { readSettings } from "#app/settings.ts";
import { writeFileSync } from "node:fs";

t.test("the runner's own files are what the settings name, and what was read for a secret or a key", async (t) => {
  const cwd = t.testdir({});
  const text = "trust: root.json\nattestor: {key: a.key}\nrequester: {key: b.key}\n";
  writeFileSync(join(cwd, "packrun.config.yaml"), text);
  const settings = readSettings({ flags: { store: "state" }, env: { HOME: cwd }, cwd });
  if (!settings.ok) {
    throw new Error(settings.fault.message);
  }
  const files = privateFiles(settings.value, cwd);
  const own = ["state", "state/artifacts", "packrun.config.yaml", "root.json", "b.key", "a.key"];
  t.strictSame(
    files.all(),
    own.map((name) => join(cwd, name)),
  );
  t.equal(files.note("../my.key"), join(cwd, "../my.key"));
  files.noteSecrets([
    { provider: "file", locator: "token" },
    { provider: "env", locator: "HOME" },
    { provider: "file", locator: "/run/secrets/token" },
  ]);
  t.strictSame(files.all().slice(own.length), [join(cwd, "../my.key"), join(cwd, "token"), "/run/secrets/token"]);
});
