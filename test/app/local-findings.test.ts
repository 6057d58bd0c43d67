import t from "tap";
import {
  clockFinding,
  developmentKeyFinding,
  developmentTrustFinding,
  keyFinding,
  keylessFinding,
  storeFinding,
  trustFinding,
} from "#app/local-findings.ts";
import type { TrustChecked } from "#app/trust-check.ts";

const now = Date.UTC(2026, 10, 1);
const MIB = 1024 * 1024;

t.test("a clock that lies before this version, or before what was stored, is told", async (t) => {
  t.match(clockFinding(now, undefined), { status: "ok", text: "2026-11-01T00:00:00.000Z" });
  t.match(clockFinding(now, now + 30_000), { status: "ok" });
  t.match(clockFinding(now, now + 90_000), {
    status: "warn",
    text: /lies 90 s before what was stored/,
    remedy: /time service/,
  });
  t.match(clockFinding(0, undefined), {
    status: "fail",
    exitCode: 10,
    text: /^1970.* before this version/,
    remedy: "set the clock",
  });
});

t.test("a store that cannot be written, is full, nearly so, or on the network is told", async (t) => {
  const store = { path: "/w/.packrun" };
  t.match(storeFinding({ ...store, freeBytes: 20_000 * MIB }), { status: "ok", text: "/w/.packrun: 19.5 GiB free" });
  t.match(storeFinding(store), { status: "ok", text: "/w/.packrun" });
  t.match(storeFinding({ ...store, unwritable: { problem: "permission denied", folder: "/w" } }), {
    status: "fail",
    exitCode: 10,
    text: "/w/.packrun cannot be written: permission denied",
    remedy: /make \/w writable.*--store/,
  });
  t.match(storeFinding({ ...store, freeBytes: 10 * MIB }), {
    status: "fail",
    exitCode: 10,
    text: /10 MiB free/,
    remedy: /free space/,
  });
  t.match(storeFinding({ ...store, freeBytes: 500 * MIB }), { status: "warn", remedy: /free space/ });
  for (const fileSystem of [0x6969, 0xff534d42, 0xfe534d42, 0x01021997]) {
    t.match(storeFinding({ ...store, fileSystem }), { status: "warn", remedy: /local disk/ });
  }
  t.match(storeFinding({ ...store, fileSystem: 0xef53 }), { status: "ok" });
});

t.test("a key that cannot be used is told, one with a password is fine", async (t) => {
  t.match(keyFinding("requester", "a.key", undefined), { name: "key of the requester", status: "ok", text: "a.key" });
  const encrypted = { code: "KEY_PASSWORD_MISSING", message: "m", hint: "h" };
  t.match(keyFinding("attestor", "a.key", encrypted), { status: "ok", text: /encrypted/ });
  const open = { code: "KEY_FILE_MODE", message: "others can read a.key", hint: "chmod 600 a.key" };
  t.match(keyFinding("attestor", "a.key", open), {
    status: "fail",
    exitCode: 2,
    text: open.message,
    remedy: open.hint,
  });
  t.notOk("remedy" in keyFinding("attestor", "a.key", { code: "KEY_FILE", message: "m" }));
});

t.test("trust is fine, soon at its end, stale or failed", async (t) => {
  const checked = (...checks: TrustChecked["checks"]): TrustChecked => ({
    trustDomain: "acme",
    version: 3,
    exitCode: 0,
    checks: [{ name: "expiry", status: "pass", why: "" }, ...checks],
  });
  const day = 86_400_000;
  t.match(trustFinding(checked(), now + 90 * day, now), { status: "ok", text: "acme, version 3, expires in 90 days" });
  t.match(trustFinding(checked(), now + 10 * day, now), { status: "warn", text: /in 10 days/, remedy: /next version/ });
  const stale = { name: "key 12ab", status: "stale", code: "X", why: "the key has ended" } as const;
  t.match(trustFinding(checked(stale), now + 90 * day, now), { status: "warn", text: /key 12ab: the key has ended/ });
  const failed = { name: "rollback", status: "fail", code: "X", why: "an older version" } as const;
  t.match(trustFinding(checked(stale, failed), now + 90 * day, now), {
    status: "fail",
    exitCode: 7,
    text: /rollback: an older version/,
    remedy: /trust check/,
  });
});

t.test("a pinned root without keys to sign with is told, with the members that name them", async (t) => {
  t.match(keylessFinding(["requester", "attestor"]), {
    name: "keys",
    status: "warn",
    text: /no key of the requester and no key of the attestor is configured/,
    remedy: /requester: \{key: FILE\} and attestor: \{key: FILE\}$/,
  });
});

t.test("the development key is there, still to be made, or cannot be opened", async (t) => {
  const own = /packrun keys generate/;
  t.match(developmentKeyFinding("/w/dev.key", "absent"), {
    name: "keys",
    status: "ok",
    text: /first run/,
    remedy: own,
  });
  t.match(developmentKeyFinding("/w/dev.key", "opened"), { name: "keys", status: "ok", text: /dev\.key/, remedy: own });
  const fault = { code: "KEY_FORMAT", message: "private key dev.key cannot be read" };
  const failed = { name: "keys", status: "fail", exitCode: 2, text: /cannot be read/ } as const;
  t.match(developmentKeyFinding("/w/dev.key", fault), { ...failed, remedy: /move \/w\/dev\.key away/ });
  t.match(developmentKeyFinding("/w/dev.key", { ...fault, hint: "give PKCS#8" }), { ...failed, remedy: "give PKCS#8" });
});

t.test("a good development root is warned of, another one is what it is found to be", async (t) => {
  const warned = { name: "trust", status: "warn", text: /^development trust/, remedy: /--trust/ } as const;
  t.match(developmentTrustFinding(undefined), warned);
  const good = { name: "trust", status: "ok", text: "development, version 1, expires in 99 days" } as const;
  t.match(developmentTrustFinding(good), { ...warned, text: /expires in 99 days/ });
  const bad = { name: "trust", status: "fail", text: "development: gone", exitCode: 7 } as const;
  t.strictSame(developmentTrustFinding(bad), bad);
});
