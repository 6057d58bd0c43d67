import t from "tap";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { firstRoot } from "#trust/edit-root.ts";
import { mapToken, unmapToken } from "#trust/edit-tokens.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { isPrincipal, type TrustRoot } from "#trust/trust-root.ts";
import { code, value } from "../attest/signing.ts";
import { NOW, people, time } from "./world.ts";

const rootKeys = [{ key: people.rooty.key, principal: "rooty" }];
const expires = time("2027-06-01T12:00:00.000Z");
const first = value(
  firstRoot({ trustDomain: "acme-prod", rootKeys, threshold: 1, issuedAt: NOW, expires }, nodeSha256),
).root;
const LATER = time("2026-07-01T12:00:00.000Z");
const map = (root: TrustRoot, iss: string, sub: string, principal: string): TrustRoot =>
  value(mapToken(root, { iss, sub, principal }, LATER, nodeSha256)).root;

t.test("a token stands for one principal, in the next version", async (t) => {
  const one = map(first, "https://b.example", "ci", "release-bot");
  const two = map(one, "https://a.example", "ci", "other-bot");
  t.equal(two.document.version, 3);
  t.strictSame(two.document.tokens, [
    { iss: "https://a.example", sub: "ci", principal: "other-bot" },
    { iss: "https://b.example", sub: "ci", principal: "release-bot" },
  ]);
  t.ok(isPrincipal(two, "release-bot"));
  const third = map(two, "https://b.example", "ci", "new-bot");
  t.strictSame(third.document.tokens?.[1]?.principal, "new-bot", "and for nobody else any more");
  t.equal(third.document.tokens?.length, 2);
  t.strictSame(third.keys, first.keys);
  const { bytes, root } = value(
    mapToken(first, { iss: "https://a.example", sub: "ci", principal: "bot" }, LATER, nodeSha256),
  );
  t.strictSame(value(readTrustRoot(bytes, nodeSha256)), root);
});

t.test("a token that is taken out stands for nobody; one that is not there cannot be taken out", async (t) => {
  const mapped = map(first, "https://a.example", "ci", "bot");
  const bearer = { iss: "https://a.example", sub: "ci" };
  t.strictSame(value(unmapToken(mapped, bearer, LATER, nodeSha256)).root.document.tokens, []);
  for (const other of [
    { ...bearer, iss: "https://a.example/" },
    { ...bearer, sub: "CI" },
  ]) {
    t.equal(code(unmapToken(mapped, other, LATER, nodeSha256)), "TRUST_EDIT_TOKEN");
  }
  t.equal(code(unmapToken(first, bearer, LATER, nodeSha256)), "TRUST_EDIT_TOKEN");
});

t.test("a principal that no trust root may have is refused", async (t) => {
  const given = { iss: "https://a.example", sub: "ci", principal: "" };
  t.equal(code(mapToken(first, given, LATER, nodeSha256)), "TRUST_EDIT_INVALID");
});
