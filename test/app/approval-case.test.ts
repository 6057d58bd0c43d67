import { readFileSync, rmSync, writeFileSync } from "node:fs";
import t from "tap";
import { readApprovalCase } from "#app/approval-case.ts";
import { folderSource } from "#app/bundle-folder.ts";
import { digestOf } from "#canon/digest.ts";
import { sha256 } from "#compose.ts";
import { code, value } from "../attest/signing.ts";
import { approvalWorld, tampered } from "./approval-world.ts";

const world = await approvalWorld(t, { inputs: { channel: { type: "string", default: "beta" } } });
const folder = await world.request("request");
let copies = 0;

/** What is said of the folder after one file of it was changed. */
function after(file: string, change: (text: string) => string): Promise<string> {
  const path = tampered(folder, world.place.here(`copy-${(copies += 1)}`), file, change);
  return read(path);
}

async function read(path: string): Promise<string> {
  const found = await readApprovalCase(folderSource(path), path, sha256);
  return found.ok ? "ok" : `${found.fault.code}: ${found.fault.message}`;
}

t.test("a folder holds the request and everything that its digests name, and nothing has to be trusted", async (t) => {
  const { request, plan, planHash, rule, simulation, packFiles, inputsLock } = value(
    await readApprovalCase(folderSource(folder), folder, sha256),
  );
  t.equal(planHash, world.identity.planHash);
  t.equal(planHash, digestOf(readFileSync(`${folder}/plan.canonical.json`), sha256));
  t.match(request, { gateId: "ok", requestedBy: "developer", message: "Go on?", pack: plan.pack });
  t.match(rule, { required: 1, from: ["approver"], separationOfDuties: true, reasonRequired: true });
  t.equal(simulation.planHash, planHash);
  t.match(packFiles, [{ path: "notes.txt" }, { path: "pack.yaml" }]);
  t.match(inputsLock.inputs, { channel: { source: "default", value: "beta" } });
  t.equal(readFileSync(`${folder}/pack/notes.txt`, "utf8"), "notes");
});

t.test("a plan that is not the one of the planHash is another plan, whatever it says", async (t) => {
  t.match(
    await after("plan.canonical.json", (text) => text.replace("beta", "prod")),
    /^APPROVAL_FOLDER_MISMATCH: plan/,
  );
  t.match(await after("plan.canonical.json", (text) => `${text}\n`), /^APPROVAL_FOLDER_MISMATCH: plan/);
});

t.test("inputs are held to lock, plan and request", async (t) => {
  const locked = (change: (text: string) => string): Promise<string> => after("inputs.lock", change);
  t.match(await locked((text) => text.replace('"beta"', '"prod"')), /^APPROVAL_FOLDER_MISMATCH: inputs.lock .*channel/);
  const other = `sha256:${"0".repeat(64)}`;
  t.match(await locked((text) => text.replace(world.identity.planHash, other)), /lock of another plan/);
  t.match(
    await locked((text) => text.replace('"default",', '"other",')),
    /^APPROVAL_FOLDER_MISMATCH: .*tenant|^INPUTS/,
  );
  t.match(await locked((text) => text.replace('"tenantId":"default"', '"tenantId":"other"')), /another tenant/);
  t.match(await locked(() => "{}"), /^INPUTS_LOCK_FILE/);
});

t.test("the pack is held to its digest, file by file, and has to compile to the plan", async (t) => {
  t.match(await after("pack/notes.txt", (text) => text.toUpperCase()), /^APPROVAL_FOLDER_MISMATCH: pack\/notes.txt/);
  t.match(
    await after("pack/pack.yaml", (text) => text.replace("beta", "prod")),
    /^APPROVAL_FOLDER_MISMATCH: pack\/pack/,
  );
  t.match(
    await after("pack.manifest.json", (text) => text.replace("644", "755")),
    /^APPROVAL_FOLDER_MISMATCH: pack.man/,
  );
});

t.test(
  "a simulation that says something else than the plan is refused; one that is absent is not missed",
  async (t) => {
    t.match(
      await after("simulation.txt", (text) => `${text}all is well\n`),
      /^APPROVAL_FOLDER_MISMATCH: simulation.txt/,
    );
    t.match(
      await after("simulation.json", (text) => text.replace("beta", "prod")),
      /^APPROVAL_FOLDER_MISMATCH: simulation/,
    );
    const path = tampered(folder, world.place.here("without"), "simulation.txt", (text) => text);
    rmSync(`${path}/simulation.txt`);
    rmSync(`${path}/simulation.json`);
    writeFileSync(`${path}/notes of mine.txt`, "other files are nobody's business");
    t.equal(await read(path), "ok");
  },
);

t.test("the request must be true to the plan that it names", async (t) => {
  const asked = (from: string, to: string): Promise<string> => after("request.json", (text) => text.replace(from, to));
  const mismatch = /^APPROVAL_FOLDER_MISMATCH: plan.canonical.json/;
  t.match(await asked('"Go on?"', '"Go off?"'), mismatch);
  t.match(await asked('"version":"1.2.0"', '"version":"1.2.1"'), mismatch);
  t.match(await asked('"gateId":"ok"', '"gateId":"no"'), mismatch);
  t.match(await asked('"name":"channel"', '"name":"chan"'), mismatch);
  t.match(await after("request.json", (text) => text.replace(/("notAfter":"20)../, "$199")), mismatch);
  t.match(await after("request.json", () => "{}"), /^REQUEST_FILE/);
});

t.test("whatever is missing is named", async (t) => {
  for (const file of ["request.json", "request.json.sigstore.json", "run-request.sigstore.json", "inputs.lock"]) {
    const path = tampered(folder, world.place.here(`lost-${file}`), file, (text) => text);
    rmSync(`${path}/${file}`);
    t.equal((await read(path)).split(" is missing")[0]?.endsWith(file), true, file);
  }
  const path = tampered(folder, world.place.here("lost-pack"), "pack/notes.txt", (text) => text);
  rmSync(`${path}/pack/notes.txt`);
  t.match(await read(path), /^APPROVAL_FOLDER: .*pack\/notes.txt is missing/);
  t.equal(code(await readApprovalCase(folderSource(path), path, sha256)), "APPROVAL_FOLDER");
});
