import { encodeUtf8 } from "../src/canon/utf8.ts";
import { readPack } from "../src/pack/read-pack.ts";
import { treeDigest } from "../src/pack/pack-files.ts";
import { compilePlan, type CompiledPlan } from "../src/plan/compile-plan.ts";
import { nodeSha256 } from "../src/signer/node-crypto.ts";
import { builtIns } from "../src/step/built-ins.ts";

/** Everything that planning does to the text of a pack with a `channel` input: read, check, compile, canonicalise, hash. */
export function planPackText(text: string): CompiledPlan {
  const pack = readPack(encodeUtf8(text), { file: "pack.yaml", files: [] });
  if (!pack.ok) {
    throw new Error(pack.fault[0]?.message);
  }
  const compiled = compilePlan({
    pack: pack.value,
    packDigest: treeDigest([], nodeSha256),
    packFiles: [],
    inputs: { channel: { type: "string", value: "beta" } },
    builtIns,
    sha256: nodeSha256,
  });
  if (!compiled.ok) {
    throw new Error(compiled.fault[0]?.message);
  }
  return compiled.value;
}
