import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import { askBoth, missing } from "../packs/compare-verifiers.ts";
import { faultOf, Place } from "./place.ts";

const gated = {
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h", separationOfDuties: false } },
  steps: [
    {
      id: "build",
      run: { command: ["sh", "-c", "echo built > x; mkdir d; echo inside > d/one"] },
      outputs: { x: { file: "x" }, d: { dir: "d" } },
    },
    { id: "ok", gate: { approval: "release" } },
  ],
};
const python = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };

t.test("an incident and the snapshots of a run that waits, as commands", python, async (t) => {
  const place = new Place(t);
  const ran = await place.packrun("run", place.pack("gated", gated), "--no-wait", "--json");
  t.equal(ran.code, 4, ran.err);
  const early = await place.packrun("evidence", "export", "last", "-o", "early.tar", "--json");
  t.equal(early.code, 2);
  t.equal(faultOf(early).code, "RUN_NOT_FINISHED");
  t.match(await place.packrun("verify", "last"), { code: 2, err: /RUN_NOT_FINISHED/ });

  const closed = await place.packrun("incident", "close", "last", "--json");
  t.equal(closed.code, 2);
  t.equal(faultOf(closed).code, "INCIDENT_NONE");
  const opened = await place.packrun("incident", "open", "last", "--reason", "odd output", "--ttl", "1h", "--json");
  t.equal(opened.code, 0, opened.err);
  t.match(JSON.parse(opened.out), { schemaVersion: 1, incident: "open" });
  const taken = await place.packrun("evidence", "snapshot", "last", "--json");
  t.equal(taken.code, 0, taken.err);
  const { manifestDigest } = JSON.parse(taken.out) as { readonly manifestDigest: string };
  t.equal((await place.packrun("incident", "close", "last")).code, 0);
  t.strictSame(
    place.ledger().flatMap(({ eventType }) => (/^(?:incident|evidence)/.test(eventType) ? [eventType] : [])),
    ["evidence.snapshot", "incident.opened", "evidence.snapshot", "evidence.snapshot", "incident.closed"],
  );

  const written = await place.packrun("evidence", "export", "last", "--snapshot", "-o", "so-far.tar", "--json");
  t.equal(written.code, 0, written.err);
  t.match(JSON.parse(written.out), { file: "so-far.tar", manifestDigest });
  const first = place.ledger().find(({ eventType }) => eventType === "evidence.snapshot")?.sequence;
  t.equal((await place.packrun("evidence", "export", "last", "--snapshot", String(first), "-o", "first.tar")).code, 0);
  const none = await place.packrun("evidence", "export", "last", "--snapshot", "1", "-o", "none.tar", "--json");
  t.equal(none.code, 2);
  t.equal(faultOf(none).code, "SNAPSHOT_UNKNOWN");
  const listed = execFileSync("tar", ["-tf", place.here("so-far.tar")], { encoding: "utf8" });
  const inside = createHash("sha256").update("inside\n").digest("hex");
  t.match(listed, `artifacts/sha256/${inside}\n`, "files of directories are in it");
  const root = ["--trust", place.here(".packrun/trust/trust-root.json")];
  for (const name of ["so-far.tar", "first.tar"]) {
    const { script, python: other, stderr } = await askBoth(place.here(name), root);
    t.match(script, { exitCode: 11, verdict: "stale" }, stderr);
    t.strictSame(
      script.checks.filter((check) => / (?:fail|stale)/.test(check)),
      ["outcome stale EVIDENCE_NOT_FINAL"],
    );
    t.strictSame(other, script);
  }
  t.equal((await place.packrun("verify", "so-far.tar")).code, 11);

  const shown = await place.packrun("evidence", "show", "so-far.tar", "--json");
  t.equal(shown.code, 11);
  t.match(faultOf(shown), { code: "EVIDENCE_NOT_FINAL", hint: /evidence extract.*--logs.*packrun verify/ });
  t.match(await place.packrun("evidence", "show", "so-far.tar", "--pae"), { code: 0, out: /evidence-snapshot\/v1/ });
  const extracted = await place.packrun("evidence", "extract", "so-far.tar", "-o", "so-far");
  t.equal(extracted.code, 0, extracted.err);
  t.equal(readFileSync(place.here("so-far/build/x"), "utf8"), "built\n");
  t.equal(readFileSync(place.here("so-far/build/d/one"), "utf8"), "inside\n");

  const key = ".packrun/trust/dev.key";
  const approved = await place.packrun("approve", "last", "ok", "--key", key, "--reason", "read it");
  t.equal(approved.code, 0, approved.err);
  t.equal((await place.packrun("resume", "last")).code, 0);
  t.equal((await place.packrun("evidence", "export", "last", "-o", "whole.tar")).code, 0);
  const { script, python: other, stderr } = await askBoth(place.here("whole.tar"), root);
  t.match(script, { exitCode: 0, verdict: "verified" }, stderr);
  t.strictSame(other, script, "a sealed ledger with such events is like any other");
  const late = await place.packrun("evidence", "snapshot", "last", "--json");
  t.equal(faultOf(late).code, "RUN_FINISHED");
});
