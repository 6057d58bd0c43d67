import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import t, { type Test } from "tap";
import { documentServer } from "../store/mongo/document-server.ts";
import { answerOf, Place, until } from "./place.ts";

const CANARIES = {
  token: 'kanarie-"7f3a9c/42\\b+e1==',
  other: "second-kanarie-0b5d1e9f",
  sealed: "third-kanarie-under-age-41c7",
  printed: "fourth-kanarie-of-a-command-9e2b",
  key: "-----BEGIN KANARIE-----\nfifth-kanarie-line-one-77aa\nfifth-kanarie-line-two-88bb\n-----END KANARIE-----",
};
const ACCOUNT = JSON.stringify({ kind: "svc", key: CANARIES.key, pin: 90_210_417 });
const values = [
  CANARIES.token,
  CANARIES.other,
  CANARIES.sealed,
  CANARIES.printed,
  "fifth-kanarie-line-one-77aa",
  "fifth-kanarie-line-two-88bb",
  "90210417",
];

/** Told apart from what the redactor makes of it: written out here once more. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const phases = ["", "x", "xy"].map((before) => {
    const whole = Buffer.from(before + value).toString("base64");
    return whole.slice(Math.ceil((before.length * 8) / 6), Math.floor(((before.length + bytes.length) * 8) / 6));
  });
  const units = hex.replaceAll(/../g, "\\u00$&");
  const percent = hex.replaceAll(/../g, "%$&");
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    ...phases,
    ...phases.map((phase) => phase.replaceAll("+", "-").replaceAll("/", "_")),
    ...[hex, units, percent].flatMap((form) => [form, form.replaceAll(/[0-9a-f]{2}/g, (two) => two.toUpperCase())]),
  ];
}
const FORMS = values.flatMap((value) => formsOf(value));

const PRINTS = `
show() {
  hex=$(printf %s "$1" | od -An -v -tx1 | tr -d ' \\n')
  upper=$(printf %s "$hex" | tr a-f A-F)
  printf 'raw %s\\nbase64 ' "$1"
  for before in "" x xy; do printf '%s%s' "$before" "$1" | base64 -w0; echo; done
  printf %s "$1" | base64 -w0 | tr +/ -_
  echo
  for form in "$hex" "$upper"; do
    echo "$form"; echo "$form" | sed 's/../%&/g'; echo "$form" | sed 's/../\\\\u00&/g'
  done
  printf 'json "%s"\\n' "$(printf %s "$1" | sed 's/[\\\\"]/\\\\&/g')"
}
for value in "$TOKEN" "$(cat "$OTHER")" "$SEALED" "$PRINTED" fifth; do
  [ "$value" != fifth ] || value=$(printf %s "$ACCOUNT" | sed 's/.*\\(fifth-[a-z]*-line-one-[0-9a-f]*\\).*/\\1/')
  show "$value"
done
echo "$ACCOUNT" >&2
# One byte at a time, on both streams.
printf %s "$TOKEN" | while IFS= read -r -n1 byte; do printf %s "$byte"; printf %s "$byte" >&2; done
echo; echo >&2
`;

const env = {
  TOKEN: { secret: "token" },
  OTHER: { secret: "other", as: "file" },
  SEALED: { secret: "sealed" },
  PRINTED: { secret: "printed" },
  ACCOUNT: { secret: "account" },
};
const failing = { env, continueOnError: true };

function spec(port: number, waits: readonly object[]): Parameters<Place["pack"]>[1] {
  const url = `http://localhost:${port}`;
  return {
    secrets: Object.fromEntries(["token", "other", "sealed", "printed", "account"].map((name) => [name, {}])),
    security: { secretsRedactionPolicy: "hash" },
    sandbox: {
      egressAllowlist: [{ host: "localhost", port, protocol: "http", allowPrivate: true }],
      egressQuota: { requests: 20, bytes: "1Mi" },
    },
    steps: [
      { id: "prints", run: { script: PRINTS, shell: "bash" }, env },
      {
        id: "writes",
        ...failing,
        run: { script: 'printf %s "$TOKEN" >left-behind; printf x%s "$TOKEN" | base64 >kept' },
        outputs: { kept: { file: "kept" } },
      },
      {
        id: "names",
        ...failing,
        run: { script: 'mkdir tree; : >"tree/$(cat "$OTHER")"' },
        outputs: { tree: { dir: "tree" } },
      },
      {
        id: "types",
        ...failing,
        run: { script: 'printf \'{"v": "%s"}\' "$SEALED" >"$PACKRUN_OUTPUT"' },
        outputs: { v: { type: "string" } },
      },
      {
        id: "sends",
        ...failing,
        run: {
          script: `other=$(cat "$OTHER")
curl -sS -A "$SEALED" -H "X-Token: $TOKEN" -d "$PRINTED" "${url}/$other?q=$other"
curl -sS "http://$other.example:${port}/$other" || :
curl -sS -H "Host: $other" "${url}/" || :`,
        },
      },
      { id: "crashes", ...failing, run: { script: 'printf %s "$TOKEN" >&2; kill -SEGV $$' } },
      ...waits,
    ],
  };
}

const WAITS = {
  id: "waits",
  env,
  idempotent: true,
  run: { script: 'echo "again $TOKEN"; [ "$PACKRUN_ATTEMPT" = 2 ] || sleep 100' },
};

/** Files below a folder, at any depth, in whose bytes or names one of the forms stands. */
function filesWith(folder: string, but: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    if (but.includes(name) || !statSync(path).isFile()) {
      return false;
    }
    const bytes = Buffer.concat([Buffer.from(`${name}\n`), readFileSync(path)]);
    return FORMS.some((form) => bytes.includes(form));
  });
}

async function openOutside(t: Test): Promise<{ readonly port: number; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.url ?? ""} ${JSON.stringify(request.headers)}`);
    request.resume().on("end", () => response.end("thanks\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

async function writePlace(place: Place, scratch: string): Promise<readonly string[]> {
  const identity = await generateX25519Identity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  place.write("id.txt", identity, 0o600);
  place.write("sealed.age", await encrypter.encrypt(CANARIES.sealed));
  const config = {
    sandbox: { scratch },
    server: { allowFolders: true, logLevel: "debug" },
    secrets: {
      age: { identity: "id.txt" },
      commands: { login: ["cat", "given/printed.txt"] },
      tenants: {
        default: {
          token: "env:TOKEN",
          other: "file:given/other.txt",
          sealed: "age:sealed.age",
          printed: "cmd:login",
          account: "file:given/account.json",
        },
      },
    },
  };
  place.write("packrun.config.yaml", JSON.stringify(config));
  place.write("given/other.txt", `${CANARIES.other}\n`, 0o600);
  place.write("given/printed.txt", CANARIES.printed, 0o600);
  place.write("given/account.json", ACCOUNT, 0o600);
  return ["given/other.txt", "given/printed.txt", "given/account.json"];
}

function openScratch(t: Test): string {
  const scratch = mkdtempSync("/var/tmp/packrun-canary-");
  // Steps run as another user, who must be able to reach it.
  chmodSync(scratch, 0o711);
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
  return scratch;
}

const GIVEN = ["token=env:TOKEN", "other=file:given/other.txt", "sealed=age:sealed.age", "printed", "account"];
const given = GIVEN.flatMap((text) => ["--secret", text]);

t.test("a run that does its worst leaves no secret in any byte that packrun writes or says", async (t) => {
  const { port, seen } = await openOutside(t);
  const place = new Place(t);
  const scratch = openScratch(t);
  const sources = await writePlace(place, scratch);
  place.pack("worst", spec(port, [WAITS]));
  const variables = { TOKEN: CANARIES.token };

  const run = place.start(["run", "worst", ...given, "--format", "ndjson"], variables);
  const marked = /again (\[redacted:token:[0-9a-f]{8}\])/;
  const ledgerText = (): string => JSON.stringify(place.ledger());
  const first = await until("the last step's line", () => {
    if (run.child.exitCode !== null) {
      throw new Error(`the run has ended: ${run.out()}${run.err()}`);
    }
    return marked.exec(ledgerText())?.[1];
  });
  const key = place.runFile(place.lastRun() ?? "", ".redaction-key");
  t.equal(statSync(key).mode & 0o777, 0o600, "the key of the marks stands with the run");
  t.strictSame(filesWith(place.folder, sources), [], "while it runs, database and log of it included");
  run.child.kill("SIGKILL");
  const killed = await run.ended;
  const resumed = await place.start(["resume", "last", ...given, "--json"], variables).ended;
  t.equal(resumed.code, 0, resumed.err);
  t.match(ledgerText().match(new RegExp(marked, "g")), [`again ${first}`, `again ${first}`], "the marks are the same");
  t.notOk(existsSync(key), "the key is destroyed when the run is sealed");
  t.strictSame(
    answerOf(resumed).steps.flatMap(({ reason }) => (reason === null ? [] : [reason])),
    ["SECRET_IN_ARTIFACT", "SECRET_IN_ARTIFACT", "SECRET_IN_ARTIFACT", "STEP_EXIT"],
  );
  t.match(seen[0], CANARIES.other, "what is sent has the secret: the step had it");

  const said = [killed, resumed];
  for (const command of [
    ["runs", "logs", "last"],
    ["runs", "show", "last", "--json"],
    ["runs", "ledger", "last"],
    ["evidence", "export", "last", "-o", "evidence.tar"],
    ["verify", "last"],
  ]) {
    said.push(await place.packrun(...command));
  }
  t.strictSame(
    said.slice(1).map(({ code }) => code),
    said.slice(1).map(() => 0),
  );
  const words = said.map(({ out, err }) => out + err).join("\n");
  t.strictSame(
    FORMS.filter((form) => words.includes(form)),
    [],
  );
  t.match(words, /\[redacted:account:[0-9a-f]{8}\]/);
  t.strictSame([...filesWith(place.folder, sources), ...filesWith(scratch, [])], []);
});

t.test("nor does one that a service drives, in its answers, events, metrics and log", async (t) => {
  const { port } = await openOutside(t);
  const place = new Place(t);
  const scratch = openScratch(t);
  const sources = await writePlace(place, scratch);
  place.pack("worst", spec(port, []));
  const server = place.start(["serve", "--listen", "127.0.0.1:0"], { TOKEN: CANARIES.token });
  const url = await until("the server", () => /^listening on (\S+)$/m.exec(server.out())?.[1]);
  const there = ["--server", url, "--token-file", ".packrun/server/token"];
  const names = Object.keys(env).map((name) => name.toLowerCase());
  const ran = await place.packrun("run", "worst", ...names.flatMap((name) => ["--secret", name]), "--json", ...there);
  t.equal(ran.code, 0, ran.err);
  t.strictSame(
    answerOf(ran).steps.flatMap(({ reason }) => (reason === null ? [] : [reason])),
    ["SECRET_IN_ARTIFACT", "SECRET_IN_ARTIFACT", "SECRET_IN_ARTIFACT", "STEP_EXIT"],
  );
  const headers = { Authorization: `Bearer ${readFileSync(place.here(".packrun/server/token"), "utf8").trim()}` };
  const run = `/api/runs/${answerOf(ran).runId}`;
  const answers = await Promise.all(
    ["/api/runs", run, `${run}/logs`, `${run}/artifacts`, `${run}/evidence`, "/metrics"].map(async (path) => {
      const answer = await fetch(url + path, { headers });
      return `${answer.status} ${Buffer.from(await answer.arrayBuffer()).toString("latin1")}`;
    }),
  );
  t.ok(answers.every((answer) => answer.startsWith("200 ")));
  t.match(answers[2], /\[redacted:token:[0-9a-f]{8}\]/, "the events of the run are there");
  server.child.kill("SIGTERM");
  const ended = await server.ended;
  t.equal(ended.code, 0, ended.err);
  const debug = ended.err
    .split("\n")
    .filter((line) => line.includes('"level":"debug"'))
    .map((line) => (JSON.parse(line) as { readonly event: string }).event);
  for (const event of ["run.event", "effect.started", "effect.ended", "request.begun"]) {
    t.ok(debug.includes(event), `the log tells of ${event}`);
  }
  const words = [...answers, ran.out, ran.err, ended.out, ended.err].join("\n");
  t.strictSame(
    FORMS.filter((form) => words.includes(form)),
    [],
  );
  t.strictSame([...filesWith(place.folder, sources), ...filesWith(scratch, [])], []);
});

const database = await documentServer(t);
if (database?.folder !== undefined) {
  const { address, folder } = database;
  t.test("nor does one whose store is a database, in any of its files", async (t) => {
    const { port } = await openOutside(t);
    const place = new Place(t);
    const scratch = openScratch(t);
    const sources = await writePlace(place, scratch);
    place.pack("worst", spec(port, []));
    const variables = { TOKEN: CANARIES.token, PACKRUN_STORE: `${address}/${database.database()}` };
    const ran = await place.start(["run", "worst", ...given, "--json"], variables).ended;
    t.equal(ran.code, 0, ran.err);
    t.ok(
      readdirSync(folder, { recursive: true, encoding: "utf8" }).some((name) =>
        readFileSync(join(folder, name)).includes(answerOf(ran).runId),
      ),
      "the run is in these files",
    );
    t.strictSame([...filesWith(folder, []), ...filesWith(place.folder, sources), ...filesWith(scratch, [])], []);
  });
}
