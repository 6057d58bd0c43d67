import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { envelopeCases } from "./cases/envelope.ts";
import { canonicalCases } from "./cases/canonical.ts";
import { typeCases } from "./cases/types.ts";
import { signatureCases } from "./cases/signatures.ts";
import { keyCases } from "./cases/keys.ts";
import { roleCases } from "./cases/roles.ts";
import { approvalCases } from "./cases/approvals.ts";
import { bindingCases } from "./cases/bindings.ts";
import { chainCases } from "./cases/ledger-chains.ts";
import { orderCases } from "./cases/run-order.ts";
import { outcomeCases } from "./cases/outcomes.ts";
import { artifactCases } from "./cases/artifacts.ts";
import { networkCases } from "./cases/network.ts";
import { fileCases } from "./cases/bundle-files.ts";
import { archiveCases } from "./cases/archives.ts";
import { originCases } from "./cases/pack-origins.ts";
import { rootCases } from "./cases/trust-roots.ts";
import { snapshotCases } from "./cases/snapshots.ts";
import { revocationCases } from "./cases/revocation-lists.ts";
import { patchOf, type Patch } from "./patch.ts";
import { allowed, archived, type Site, type TamperedCase } from "./tampered-case.ts";

const HERE = import.meta.dirname;
const cases: readonly TamperedCase[] = [
  ...envelopeCases,
  ...canonicalCases,
  ...typeCases,
  ...signatureCases,
  ...keyCases,
  ...roleCases,
  ...approvalCases,
  ...bindingCases,
  ...chainCases,
  ...orderCases,
  ...outcomeCases,
  ...artifactCases,
  ...networkCases,
  ...fileCases,
  ...archiveCases,
  ...rootCases,
  ...revocationCases,
  ...originCases,
  ...snapshotCases,
];

/** What every input departs from: a good bundle as a folder, or the same as an archive. */
const folder: Site = allowed("original", {}).site;
const originals: Readonly<Record<Patch["base"], Site>> = { folder, archive: archived(folder) };

/** Every data file by its path: originals, patches, and what verifiers must say of each. */
export function dataFiles(): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, bytes] of folder) {
    if (bytes instanceof Uint8Array) {
      files.set(`original/${path}`, bytes);
    }
  }
  const expected: Record<string, unknown> = {};
  for (const { name, site, findings, ...rest } of cases) {
    if (name in expected) {
      throw new Error(`there are two inputs ${name}`);
    }
    const base = site.has("bundle.tar") ? "archive" : "folder";
    const path = `inputs/${name}.json`;
    files.set(path, Buffer.from(`${JSON.stringify(patchOf(base, originals[base], site))}\n`));
    const [check, code] = findings[0]?.split(" ") ?? [];
    const also = findings.slice(1);
    expected[name] = {
      path,
      ...rest,
      ...(check === undefined ? {} : { check, code }),
      ...(also.length === 0 ? {} : { also }),
    };
  }
  const lines = Object.entries(expected).map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  files.set("expected.json", Buffer.from(`{\n${lines.join(",\n")}\n}\n`));
  return files;
}

// Run as a program it writes them: node --conditions=@packrun/source test/packs/tampered/make.ts
if (import.meta.main) {
  for (const kind of ["original", "inputs"]) {
    rmSync(join(HERE, kind), { recursive: true, force: true });
  }
  for (const [path, bytes] of dataFiles()) {
    mkdirSync(dirname(join(HERE, path)), { recursive: true });
    writeFileSync(join(HERE, path), bytes);
  }
}
