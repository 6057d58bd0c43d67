import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { documented } from "../docs/document.ts";
import { localCertificate } from "../secret/local-certificate.ts";
import { secretAnswer, TOKEN, vaultStandIn } from "../secret/vault-stand-in.ts";
import { MAIN } from "./command-line.ts";
import { Place } from "./place.ts";

const GUIDE = "docs/guide/secrets.md";
const VALUE = "an-example-of-a-token";

/** `age` and `age-keygen` as far as the guide uses them, made of the library that packrun reads age files with. */
const AGE = `
import { readFileSync, writeFileSync } from "node:fs";
import { Encrypter, generateX25519Identity, identityToRecipient } from ${JSON.stringify(import.meta.resolve("age-encryption"))};
const [, , tool, ...args] = process.argv;
const after = (flag) => args[args.indexOf(flag) + 1];
if (tool === "age-keygen") {
  writeFileSync(after("-o"), "# made for a test\\n" + (await generateX25519Identity()) + "\\n");
} else {
  const encrypter = new Encrypter();
  const identity = readFileSync(after("--identity"), "utf8").trim().split("\\n").at(-1);
  encrypter.addRecipient(await identityToRecipient(identity));
  writeFileSync(after("--output"), await encrypter.encrypt(readFileSync(args.at(-1))));
}
`;

/** The files that the guide shows, each with its path in its first line. */
function shownFiles(): readonly { readonly path: string; readonly text: string }[] {
  const text = readFileSync(join(import.meta.dirname, "../..", GUIDE), "utf8");
  return [...text.matchAll(/^```yaml\n# (\S+)\n([^]*?)^```$/gm)].map(([, path = "", shown = ""]) => ({
    path,
    text: shown,
  }));
}

t.test("every command of the guide does what it says", async (t) => {
  const tls = mkdtempSync(join(tmpdir(), "packrun-guide-"));
  t.teardown(() => rmSync(tls, { recursive: true, force: true }));
  const certificate = localCertificate(tls);
  const { address } = await vaultStandIn(t, certificate, {
    "/v1/secret/data/ci/deploy": secretAnswer({ token: VALUE }),
  });
  const place = new Place(t);
  for (const [name, command] of [
    ["packrun", `${process.execPath} --conditions=@packrun/source ${MAIN}`],
    ["age", `${process.execPath} ${place.here("bin/age.mjs")} age`],
    ["age-keygen", `${process.execPath} ${place.here("bin/age.mjs")} age-keygen`],
  ] as const) {
    place.write(`bin/${name}`, `#!/bin/sh\nexec ${command} "$@"\n`, 0o755);
  }
  place.write("bin/age.mjs", AGE);
  for (const { path, text } of shownFiles()) {
    place.write(path, text);
  }
  for (const file of ["token.txt", "deploy-token", "mounted/token"]) {
    place.write(file, `${VALUE}\n`, 0o600);
  }
  const env = {
    PATH: `${place.here("bin")}:${process.env["PATH"] ?? ""}`,
    HOME: place.folder,
    CI: "1",
    VAULT_ADDR: address,
    VAULT_TOKEN: TOKEN,
    VAULT_CACERT: certificate.ca,
    CREDENTIALS_DIRECTORY: place.folder,
    MOUNT: place.here("mounted"),
  };
  const sections = ["## Where a secret comes from", "## What a tenant may name"];
  const script = sections.flatMap((heading) => documented(GUIDE, heading)).join("");
  const ended = await new Promise<{ failed: boolean; words: string }>((resolve) => {
    execFile("sh", ["-euc", script], { cwd: place.folder, env }, (error, out, err) =>
      resolve({ failed: error !== null, words: `${out}${err}` }),
    );
  });
  t.notOk(ended.failed, ended.words);
  const providers = place
    .runs()
    .flatMap((runId) =>
      place.ledger(runId).flatMap((event) => (event.eventType === "secret.resolved" ? [event.metadata.provider] : [])),
    );
  t.strictSame(providers, ["env", "file", "stdin", "age", "vault", "cmd", "systemd", "k8s", "cmd"]);
  t.notMatch(ended.words, VALUE);
});
