import { statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { Workspace } from "#step/run/workspace.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { passingFolder } from "../app/passing-folder.ts";

const tenant = parseTenantId("default") as TenantId;
const root = passingFolder("workspace");
const artifacts = fileArtifactStore(join(root, "artifacts"));

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function keep(text: string) {
  const kept = await artifacts.put(tenant, bytesOf(text));
  if (!kept.ok) {
    throw new Error(kept.fault.message);
  }
  return kept.value;
}

t.test("steps get through to their files whatever the umask of the process", async (t) => {
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  const { digest, size } = await keep("content");
  const { digest: tree } = await keep(
    canonicalJson([{ path: "bin/deep/tool", mode: "755", size, sha256: digest.slice(7) }]),
  );
  await using workspace = new Workspace(join(root, "workspace"), artifacts, tenant);
  const folder = await workspace.tree(tree);
  const file = await workspace.file(digest, "data.txt");
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  t.ok(folder.ok && file.ok);
  const made = folder.ok ? folder.value : "";
  for (const path of [made, join(made, "bin"), join(made, "bin/deep"), join(root, "workspace/files")]) {
    t.equal(modeOf(path), 0o755, path);
  }
  t.equal(modeOf(join(made, "bin/deep/tool")), 0o555);
  t.equal(modeOf(file.ok ? file.value : ""), 0o444);
});
