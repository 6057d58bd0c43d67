import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

const asRoot = process.getuid?.() === 0;

/** A folder that restricted steps see, where this user can make one, with a secret and artifacts in it. */
function hostFolder(t: Test, place: Place): string {
  const folder = mkdtempSync(asRoot ? "/opt/packrun-cli-" : place.here("host-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "data"), "data of the host");
  writeFileSync(join(folder, "token"), "token-on-the-host");
  chmodSync(join(folder, "token"), 0o644);
  return folder;
}

t.test("a restricted pack runs on the host's root, steps may be sealed, and the evidence says which", async (t) => {
  const place = new Place(t);
  const folder = hostFolder(t, place);
  const look = [
    `cat ${folder}/data 2>/dev/null || echo nothing`,
    `cat ${folder}/token 2>/dev/null || true`,
    `ls ${folder}/artifacts 2>/dev/null || true`,
    `cat "${place.here("packrun.config.yaml")}" 2>/dev/null || true`,
    "ls -A /root /home /var/lib 2>/dev/null | grep -v : | grep . || true",
  ].join("; ");
  place.pack("wide", {
    sandbox: { mode: "restricted" },
    secrets: { token: {} },
    steps: [
      { id: "open", run: { script: look } },
      { id: "narrow", sandbox: { mode: "sealed" }, run: { script: look } },
      { id: "told", env: { TOKEN: { secret: "token" } }, run: { script: 'test -n "$TOKEN"; echo "told $TOKEN"' } },
    ],
  });
  place.write("packrun.config.yaml", `TaskRunner: {Storage: {ArtifactsPath: ${folder}/artifacts}}\n`);
  const secret = ["--secret", `token=file:${folder}/token`];
  const shown = await place.packrun("simulate", "wide");
  t.match(shown.out, /restricted/);
  const ran = await place.packrun("run", "wide", ...secret, "--json");
  t.equal(ran.code, 0, ran.err);
  const said = (stepId: string): string =>
    place
      .ledger()
      .flatMap((event) => (event.eventType === "step.output" && event.stepId === stepId ? event.metadata.lines : []))
      .join("\n");
  t.equal(said("open"), asRoot ? "data of the host" : "nothing");
  t.equal(said("narrow"), "nothing");
  t.equal(said("told"), "told [redacted:token]");
  const modes = place
    .ledger()
    .flatMap(({ eventType, stepId, metadata }) => (eventType === "sandbox.enforced" ? [[stepId, metadata.mode]] : []));
  t.strictSame(modes, [
    ["open", "restricted"],
    ["narrow", "sealed"],
    ["told", "restricted"],
  ]);
  t.match(place.ledger().find(({ eventType }) => eventType === "run.started")?.metadata, {
    sandbox: { mode: "restricted" },
  });
  const verified = await place.packrun("verify", answerOf(ran).evidence ?? "", "--json");
  t.match(JSON.parse(verified.out), { verdict: "verified" }, verified.err);
});

t.test("a step of a sealed pack cannot ask for restricted", async (t) => {
  const place = new Place(t);
  place.pack("sly", { steps: [{ id: "a", sandbox: { mode: "restricted" }, run: { command: ["true"] } }] });
  const ran = await place.packrun("run", "sly", "--json");
  t.equal(ran.code, 3);
  t.match(ran.out + ran.err, /SANDBOX_WIDENED/);
});

t.test("state that would hide every program refuses a restricted run before it begins", async (t) => {
  const place = new Place(t);
  place.pack("wide", { sandbox: { mode: "restricted" }, steps: [{ id: "a", run: { command: ["true"] } }] });
  place.write("packrun.config.yaml", "TaskRunner: {Storage: {ArtifactsPath: /usr}}\n");
  const ran = await place.packrun("run", "wide", "--json");
  t.equal(ran.code, 8, ran.err);
  t.match(faultOf(ran), { code: "SANDBOX_UNAVAILABLE", message: /\/usr cannot be hidden/ });
  t.strictSame(place.runs(), []);
});

t.test("doctor says that both modes hold, and what the operator has to say of them is checked", async (t) => {
  const place = new Place(t);
  const seen = await place.packrun("doctor");
  t.match(seen.out, /mode sealed: a harmless step ran/);
  t.match(seen.out, /mode restricted: it holds/);
  const run = place.start(["doctor"], { PACKRUN_SANDBOX_PROC: "none" });
  t.match((await run.ended).err, /PACKRUN_SANDBOX_PROC/);
  place.write("packrun.config.yaml", "sandbox: {upstreamProxy: 'http://me:pass-word@proxy.example/path'}\n");
  const bad = await place.packrun("doctor");
  t.equal(bad.code, 2, bad.err);
  t.match(bad.err, /upstreamProxy: expected http:\/\/host:port/);
  t.notMatch(bad.err, /pass-word/);
});
