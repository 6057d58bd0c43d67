import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { openRequestTrust, openRunTrust, pinNamedRoot } from "#app/run-trust.ts";
import { trustAdd, trustInit, trustSign } from "#app/trust-edit.ts";
import type { Workplace } from "#app/workplace.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, value } from "../attest/signing.ts";
import { smallWorkplace, type SmallWorkplace } from "./small-workplace.ts";

type Configured = SmallWorkplace & {
  readonly opened: (config?: string, flags?: { readonly trust: string }) => Promise<Workplace>;
  readonly key: (name: string) => string;
};

/** A trust root of `rita` in which `quinn` may request; keys of `quinn`, `host` and the unknown `mallory` lie beside it. */
async function configured(t: Test): Promise<Configured> {
  const place = smallWorkplace(t);
  const now = (): number => Date.now();
  const tools = { keyring: fileKeyring, now, stateFolder: place.here("state") };
  const [rita, quinn, host] = await Promise.all(
    ["rita", "quinn", "host", "mallory"].map(async (name) =>
      value(await fileKeyring.writePair(place.here(name), "ed25519")),
    ),
  );
  const root = place.here("trust-root.json");
  place.write("state/keep", "");
  value(await trustInit({ trustDomain: "acme", rootKeys: [rita?.publicFile ?? ""], out: root }, tools));
  const grant = { principal: "quinn", roles: ["requester"] };
  value(await trustAdd({ file: root, keyFile: quinn?.publicFile ?? "", ...grant }, tools));
  const attests = { principal: "host", roles: ["run-attestor"] };
  value(await trustAdd({ file: root, keyFile: host?.publicFile ?? "", ...attests }, tools));
  return {
    ...place,
    key: (name) => place.here(`${name}.key`),
    opened: (config = "requester: {key: quinn.key}\nattestor: {key: host.key}\n", flags) => {
      place.write("packrun.config.yaml", `trust: trust-root.json\n${config}`);
      return place.open(flags);
    },
  };
}

t.test("with nothing configured the development trust root is used, and says when it was made", async (t) => {
  const workplace = await smallWorkplace(t).open();
  const first = value(await openRequestTrust(workplace, undefined, []));
  t.match(first, { principal: "developer", development: { made: true } });
  t.equal(first.attestor.keyid, first.requester.keyid);
  const again = value(await openRequestTrust(workplace, undefined, []));
  t.match(again, { principal: "developer", development: { made: false } });
});

t.test("keys that are configured count under development trust, too, once its root knows them", async (t) => {
  const place = smallWorkplace(t);
  const me = value(await fileKeyring.writePair(place.here("me"), "ed25519"));
  const config = (text: string) => place.write("packrun.config.yaml", text);
  value(await openRequestTrust(await place.open(), undefined, []));
  config("requester: {key: me.key}\n");
  t.equal(code(await openRequestTrust(await place.open(), undefined, [])), "REQUESTER_KEY");
  const tools = { keyring: fileKeyring, now: () => Date.now(), stateFolder: place.here("state") };
  const grant = { principal: "me", roles: ["requester", "run-attestor"], keyFile: me.publicFile };
  value(await trustAdd({ file: place.here("state/trust/trust-root.json"), ...grant }, tools));
  t.equal(value(await openRequestTrust(await place.open(), undefined, [])).principal, "me");
  config("requester: {key: absent.key}\n");
  t.equal(code(await openRequestTrust(await place.open(), undefined, [])), "KEY_FILE");
  config("attestor: {key: me.key}\n");
  const attested = value(await openRequestTrust(await place.open(), undefined, []));
  t.equal(attested.principal, "developer");
  t.not(attested.attestor.keyid, attested.requester.keyid);
});

t.test("a configured trust root is pinned, with its own keys and principals", async (t) => {
  const place = await configured(t);
  const workplace = await place.opened();
  const trust = value(await openRequestTrust(workplace, undefined, []));
  t.match(trust, { principal: "quinn", development: undefined });
  t.equal(trust.root.document.trustDomain, "acme");
  t.not(trust.attestor.keyid, trust.requester.keyid);
  t.equal(value(await openRequestTrust(workplace, place.key("rita"), [])).principal, "rita", "--as names another");
});

t.test("without a key for what must be signed there is KEY_MISSING, never the development key", async (t) => {
  const place = await configured(t);
  const noAttestor = await openRequestTrust(await place.opened("requester: {key: quinn.key}\n"), undefined, []);
  t.equal(code(noAttestor), "KEY_MISSING");
  t.match(noAttestor, { fault: { message: /attestation/ } });
  const noRequester = await openRequestTrust(await place.opened("attestor: {key: host.key}\n"), undefined, []);
  t.equal(code(noRequester), "KEY_MISSING");
  t.match(noRequester, { fault: { message: /run request/ } });
  const named = await openRequestTrust(await place.opened("attestor: {key: host.key}\n"), place.key("quinn"), []);
  t.ok(named.ok);
});

t.test("who requests nothing needs no requester's key", async (t) => {
  const place = await configured(t);
  const opened = async (config: string) => value(await openRunTrust(await place.opened(config), []));
  t.equal((await opened("attestor: {key: host.key}\n")).principal, "host");
  t.equal((await opened("requester: {key: mallory.key}\nattestor: {key: host.key}\n")).principal, "host", "not known");
  t.equal((await opened("requester: {key: absent.key}\nattestor: {key: host.key}\n")).principal, "host");
  const known = await opened("requester: {key: quinn.key}\nattestor: {key: host.key}\n");
  t.equal(known.principal, "quinn");
  t.ok((await known.openRequester({ what: "the decision" })).ok);
  const none = await opened("attestor: {key: host.key}\n");
  t.equal(code(await none.openRequester({ what: "the decision" })), "KEY_MISSING");
});

t.test("an encrypted requester's key names who is at work by its .pub, and asks for no password", async (t) => {
  const place = await configured(t);
  const { publicFile } = value(await fileKeyring.writePair(place.here("shut"), "ed25519", "a password"));
  const root = place.here("trust-root.json");
  const tools = { keyring: fileKeyring, now: () => Date.now(), stateFolder: place.here("state") };
  const shut = { file: root, keyFile: publicFile, principal: "shut", roles: ["requester"] };
  value(await trustAdd(shut, tools));
  let asked = 0;
  const password = () => Promise.resolve(String((asked += 1)));
  const opened = async (): Promise<Workplace> => ({
    ...(await place.opened("requester: {key: shut.key}\nattestor: {key: host.key}\n")),
    password,
  });
  t.equal(value(await openRunTrust(await opened(), [])).principal, "shut");
  t.equal(asked, 0);
  rmSync(publicFile);
  t.equal(value(await openRunTrust(await opened(), [])).principal, "host", "nobody knows whose key it is");
  t.equal(asked, 0);
  t.equal(code(await openRequestTrust(await opened(), undefined, [])), "KEY_PASSWORD");
  t.equal(asked, 1);
});

t.test("a key that may not attest signs no evidence: ATTESTOR_KEY", async (t) => {
  const place = await configured(t);
  const workplace = await place.opened("requester: {key: quinn.key}\nattestor: {key: quinn.key}\n");
  t.equal(code(await openRequestTrust(workplace, undefined, [])), "ATTESTOR_KEY");
});

t.test("a key that the trust root does not know requests nothing: REQUESTER_KEY", async (t) => {
  const place = await configured(t);
  t.equal(code(await openRequestTrust(await place.opened(), place.key("mallory"), [])), "REQUESTER_KEY");
  place.write("packrun.config.yaml", "{}\n");
  const development = await place.open();
  t.equal(code(await openRequestTrust(development, place.key("quinn"), [])), "REQUESTER_KEY", "of development neither");
});

t.test("a trust root that is not there is TRUST_FILE, at the start and while a run waits", async (t) => {
  const place = await configured(t);
  const nowhere = await place.open({ trust: "trust-rot.json" });
  t.equal(code(await openRequestTrust(nowhere, undefined, [])), "TRUST_FILE");
  t.match(await openRequestTrust(nowhere, undefined, []), {
    fault: { message: /trust-rot\.json cannot be read: it is not there/ },
  });
  const trust = value(await openRequestTrust(await place.opened(), undefined, []));
  t.ok((await trust.currentRoot()).ok);
  rmSync(place.here("trust-root.json"));
  t.equal(code(await trust.currentRoot()), "TRUST_FILE");
});

t.test("a waiting run sees the next version of its root, and never an older one", async (t) => {
  const place = await configured(t);
  const root = place.here("trust-root.json");
  copyFileSync(root, place.here("older.json"));
  const trust = value(await openRequestTrust(await place.opened(), undefined, []));
  const tools = { keyring: fileKeyring, now: () => Date.now(), stateFolder: place.here("state") };
  const mallory = { file: root, keyFile: place.here("mallory.pub"), principal: "mallory", roles: ["approver"] };
  const { version } = value(await trustAdd(mallory, tools));
  t.equal(code(await trust.currentRoot()), "TRUST_ROOT_THRESHOLD");
  value(await trustSign({ file: root, keyFile: place.key("rita"), password: () => Promise.resolve(undefined) }, tools));
  const grown = value(await trust.currentRoot());
  t.equal(grown.document.version, version);
  t.ok([...grown.keys.values()].some(({ principal }) => principal === "mallory"));
  t.equal(trust.root.document.version, version - 1, "what the run began with stays");
  copyFileSync(place.here("older.json"), root);
  t.equal(code(await trust.currentRoot()), "TRUST_ROOT_ROLLBACK");
  writeFileSync(root, "{}");
  t.notOk((await trust.currentRoot()).ok, "what is no trust root is believed by nobody");
});

t.test("a root named on the command line is pinned by that; what stays at work follows it from there", async (t) => {
  const place = await configured(t);
  const root = place.here("trust-root.json");
  const tools = { keyring: fileKeyring, now: () => Date.now(), stateFolder: place.here("state") };
  const grow = async (): Promise<void> => {
    const mallory = { file: root, keyFile: place.here("mallory.pub"), principal: "mallory", roles: ["approver"] };
    value(await trustAdd(mallory, tools));
  };
  value(await openRequestTrust(await place.opened(), undefined, []));
  await grow();
  const named = await place.opened(undefined, { trust: root });
  const staying = await pinNamedRoot(named);
  value(await openRequestTrust(staying, undefined, []));
  value(await openRequestTrust(await place.opened(), undefined, []));
  const waiting = value(await openRequestTrust(named, undefined, []));
  await grow();
  t.equal(code(await openRequestTrust(staying, undefined, [])), "TRUST_ROOT_THRESHOLD");
  t.equal(code(await waiting.currentRoot()), "TRUST_ROOT_THRESHOLD");
  value(await openRequestTrust(named, undefined, []));
  value(await waiting.currentRoot());
});
