import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import { stageTree } from "#step/stage-tree.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { passingFolder } from "../app/passing-folder.ts";

const tenant = parseTenantId("default") as TenantId;
const root = passingFolder("stage-tree");
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

async function layOut(entries: readonly object[], name: string): Promise<Result<void>> {
  const { digest } = await keep(canonicalJson(entries));
  return stageTree(artifacts, tenant, digest, join(root, "workspace", name));
}

t.test("a stored tree is laid out with its files, modes and links", async (t) => {
  const { digest, size } = await keep("hello");
  const entry = { mode: "644", size, sha256: digest.slice(7) };
  t.match(
    await layOut(
      [
        { path: "a/b", ...entry },
        { path: "link", mode: "link", target: "a/b" },
      ],
      "good",
    ),
    { ok: true },
  );
  t.equal(readFileSync(join(root, "workspace/good/a/b"), "utf8"), "hello");
  t.equal(readlinkSync(join(root, "workspace/good/link")), "a/b");
});

t.test("a listing that a step made up writes nothing outside its folder", async (t) => {
  const { digest, size } = await keep("written by a step");
  const entry = { mode: "644", size, sha256: digest.slice(7) };
  const refused = { ok: false, fault: { code: "SBOM_LISTING_INVALID" } };
  t.match(await layOut([{ path: "../../escaped", ...entry }], "up"), refused);
  t.match(await layOut([{ path: join(root, "escaped"), ...entry }], "absolute"), refused);
  const through = [
    { path: "a", mode: "link", target: root },
    { path: "a/escaped", ...entry },
  ];
  t.match(await layOut(through, "through"), refused);
  t.notOk(existsSync(join(root, "escaped")));
  t.same(readdirSync(join(root, "workspace")), ["good"]);
});
