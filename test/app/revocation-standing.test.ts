import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readRevocationFiles, replaceRevocations, revocationsPath } from "#app/revocation-files.ts";
import { checkNoneMissed, heldRevocations } from "#app/revocation-standing.ts";
import { code, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { people } from "../trust/world.ts";
import { after, revocationDesk, START, type RevocationDesk } from "./revocation-desk.ts";

const held = ({ root, place }: RevocationDesk, time?: "fresh" | "any") => heldRevocations(root, place, time);

t.test("without a list, and with none asked for, nothing is revoked", async (t) => {
  const desk = revocationDesk(t);
  t.equal(value(await held(desk)), undefined);
});

t.test("a list that is demanded must be there", async (t) => {
  const desk = revocationDesk(t, (document) => {
    document.policy = { revocation: { required: true, maxAgeHours: 1000, minSequence: 2 } };
  });
  t.match(await held(desk), {
    fault: { code: "REVOCATIONS_MISSING", message: /demands one/, hint: /revoke --renew --key KEY/ },
  });
  await desk.put();
  t.equal(code(await held(desk)), "REVOCATIONS_ROLLBACK", "and not be older than the least");
  await desk.put({ sequence: 2 });
  t.equal(code(await held(desk)), "ok");
});

t.test("a list that is configured must be there, demanded or not", async (t) => {
  const desk = revocationDesk(t);
  const settings = { ...desk.place.settings, revocationsFile: join(desk.dir, "elsewhere.json") };
  const place = { ...desk.place, settings };
  t.match(await heldRevocations(desk.root, place), {
    fault: { code: "REVOCATIONS_MISSING", message: /configured/, hint: /revoke --renew --key KEY/ },
  });
  await desk.put();
  t.equal(code(await heldRevocations(desk.root, place)), "REVOCATIONS_MISSING", "the one beside the root is another");
});

t.test("a list that was used before does not vanish, go back, or part in two", async (t) => {
  const desk = revocationDesk(t);
  await desk.put({ sequence: 4 });
  t.equal(value(await held(desk))?.list.document.sequence, 4);
  t.equal(code(await held(desk)), "ok", "the same again");
  await desk.put({ sequence: 3 });
  t.equal(code(await held(desk)), "REVOCATIONS_ROLLBACK");
  await desk.put({ sequence: 4, entries: [["key", people.bob.key.keyid]] });
  t.equal(code(await held(desk)), "REVOCATIONS_FORKED");
  rmSync(desk.listFile);
  t.match(await held(desk), {
    fault: {
      code: "REVOCATIONS_MISSING",
      message: /sequence 4 was used here before/,
      hint: /^put the newest list of its owner back/,
    },
  });
  t.equal(code(await checkNoneMissed(desk.root, desk.place)), "REVOCATIONS_MISSING");
  await desk.put({ sequence: 9 });
  t.equal(code(await held(desk)), "ok");
});

t.test("a list that is there must hold, demanded or not: form, domain, signature, role", async (t) => {
  const desk = revocationDesk(t);
  const broken: readonly (readonly [string, () => Promise<void> | void])[] = [
    ["REVOCATIONS_SYNTAX", () => writeFileSync(desk.listFile, "")],
    ["REVOCATIONS_SHAPE", () => writeFileSync(desk.listFile, "{}")],
    ["REVOCATIONS_DOMAIN", () => desk.put({ trustDomain: "acme-staging" })],
    ["ROLE_NOT_HELD", () => desk.put({}, people.alice.signer)],
    ["SIGNATURE_KEY_UNKNOWN", () => desk.put({}, people.mallory.signer)],
    ["REVOCATIONS_MISMATCH", () => desk.put({ claim: { sequence: 2 } })],
  ];
  for (const [expected, breaking] of broken) {
    await breaking();
    t.equal(code(await held(desk)), expected);
    t.equal(code(await held(desk, "any")), expected, "whatever the time");
  }
  await desk.put();
  rmSync(`${desk.listFile}.sigstore.json`);
  t.equal(code(await held(desk)), "REVOCATIONS_UNSIGNED");
  rmSync(desk.listFile);
  mkdirSync(desk.listFile);
  t.equal(code(await held(desk)), "TRUST_FILE_ACCESS", "what cannot be read is not absent");
});

t.test("a list past its time is refused where it must be fresh, and taken where any will do", async (t) => {
  const desk = revocationDesk(t);
  await desk.put({ nextUpdate: after(1000) });
  t.equal(code(await held(desk)), "ok");
  desk.place.at = START + 1000;
  t.equal(code(await held(desk)), "REVOCATIONS_STALE");
  t.equal(code(await held(desk, "any")), "ok");
});

t.test("a list of a revoker whose key is out of its window is stale", async (t) => {
  const desk = revocationDesk(t);
  await desk.put({}, people.retired.signer);
  t.equal(code(await held(desk)), "ok");
  desk.place.at = Date.UTC(2026, 2, 1);
  t.equal(code(await held(desk)), "KEY_WINDOW");
});

t.test("who reads while a list is replaced finds the right sidecar, kept or a moment later", async (t) => {
  const desk = revocationDesk(t);
  await desk.put();
  const first = value(await readRevocationFiles(desk.listFile));
  const third = await revocations(people.carol.signer, { sequence: 3 });
  t.equal(code(await replaceRevocations(desk.listFile, 3, third)), "ok");
  t.equal(value(await held(desk))?.list.document.sequence, 3);
  const sidecar = `${desk.listFile}.sigstore.json`;
  writeFileSync(sidecar, first?.sidecar ?? "");
  t.equal(code(await held(desk)), "ok", "the kept sidecar is the list's own");
  rmSync(join(desk.dir, "3.revocations.json.sigstore.json"));
  t.equal(code(await held(desk)), "STATEMENT_SUBJECT");
  let looks = 0;
  const pause = async (): Promise<void> => {
    looks += 1;
    writeFileSync(sidecar, third.sidecar);
  };
  t.equal(code(await heldRevocations(desk.root, { ...desk.place, pause })), "ok", "it came while it was waited for");
  t.equal(looks, 1);
  t.same(readFileSync(join(desk.dir, "3.revocations.json")), Buffer.from(third.list));
});

t.test(
  "the list lies where the configuration says, else beside the trust root, the development one included",
  async (t) => {
    t.equal(revocationsPath({ stateFolder: "/s" }), "/s/trust/revocations.json");
    t.equal(revocationsPath({ stateFolder: "/s", trustFile: "/t/root.json" }), "/t/revocations.json");
    t.equal(revocationsPath({ stateFolder: "/s", trustFile: "/t/root.json", revocationsFile: "/r.json" }), "/r.json");
  },
);
