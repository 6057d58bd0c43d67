import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import t from "tap";
import { exportEvidence } from "#app/export-evidence.ts";
import { exportSnapshot } from "#app/export-snapshot.ts";
import { folderSource } from "#app/bundle-folder.ts";
import { openApiText } from "#api/openapi.ts";
import { routeTable } from "#api/route-table.ts";
import { digestOf } from "#canon/digest.ts";
import { value } from "../attest/signing.ts";
import { apiWorld } from "./api-world.ts";

const world = await apiWorld(t);
const { get } = world;
const command = ["sh", "-c", "echo hello; echo result > out.txt; mkdir d; echo x > d/x"];
const outputs = { text: { file: "out.txt", mediaType: "text/plain" }, tree: { dir: "d" } };
const finished = await world.run({ steps: [{ id: "make", run: { command }, outputs }] });
const approvals = { go: { required: 2, from: ["approver"], ttl: "1h", reasonRequired: true } };
const waiting = await world.run({ approvals, steps: [{ id: "ok", gate: { approval: "go", message: "Go on?" } }] });

async function json(path: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return (await (await get(path, headers)).json()) as Record<string, unknown>;
}

t.test("lists come page by page, each with a cursor and a link to the next one", async (t) => {
  const first = await get("/api/runs?limit=1&pack=acme/small");
  const page = (await first.json()) as { items: { runId: string; status: string }[]; next: string };
  t.strictSame(
    page.items.map(({ runId }) => runId),
    [waiting.runId],
  );
  const [, link = ""] = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
  const second = await get(link);
  t.equal(second.headers.get("link"), null);
  t.match(await second.json(), {
    schemaVersion: 1,
    items: [{ runId: finished.runId, status: "succeeded" }],
    next: undefined,
  });
  t.match(await json("/api/runs?status=waiting"), { items: [{ runId: waiting.runId }] });
  t.strictSame((await json("/api/runs?pack=acme/other"))["items"], []);
});

t.test("parameters that are unknown, doubled or no values are refused with a pointer", async (t) => {
  t.match(await json("/api/runs?limit=many&foo=1"), {
    status: 400,
    code: "REQUEST_INVALID",
    errors: [{ pointer: "/limit", message: "expected an integer" }, { message: 'unknown member "foo"' }],
  });
  t.match(await json("/api/runs?limit=1&limit=2"), { code: "REQUEST_INVALID" });
  t.match(await json("/api/runs?cursor=abc"), { code: "REQUEST_INVALID" });
  t.match(await json(`/api/runs?cursor=${Buffer.from('{"createdAt":1}').toString("base64url")}`), {
    code: "REQUEST_INVALID",
  });
  t.match(await json("/api/runs/%zz"), { code: "REQUEST_INVALID" });
  t.match(await json("/livez?x=1"), { code: "REQUEST_INVALID" });
});

t.test("a run shows its graph, what it waits for, and an ETag for those who ask again", async (t) => {
  const answer = await get(`/api/runs/${waiting.runId}`);
  t.match(await answer.json(), {
    schemaVersion: 1,
    runId: waiting.runId,
    status: "waiting",
    steps: [{ id: "ok", kind: "gate.approval", parent: null, needs: [], section: "steps", status: "waiting" }],
    pendingGates: [
      { id: "ok", approval: "go", required: 2, have: 0, missing: 2, from: ["approver"], decided: [], expired: false },
    ],
  });
  const etag = answer.headers.get("etag") ?? "";
  const again = await get(`/api/runs/${waiting.runId}`, { "If-None-Match": `"other", ${etag}` });
  t.equal(again.status, 304);
  t.equal(await again.text(), "");
  t.equal((await get(`/api/runs/${waiting.runId}`, { "If-None-Match": `W/${etag}` })).status, 304);
  t.match(await json("/api/runs/last"), { status: 404, code: "RUN_UNKNOWN" });
  t.match(await json("/api/runs/01a1ff6c-157a-706a-b6ff-c59795f5aa6c"), { status: 404, code: "RUN_UNKNOWN" });
});

t.test("a gate whose time is over is shown as expired, though nobody has recorded it", async (t) => {
  const path = `/api/runs/${waiting.runId}`;
  const before = await get(path);
  const clock = { ...world.workplace.clock, now: () => world.workplace.clock.now() + 3_600_000 };
  const server = await world.another({ service: world.serviceOver({ ...world.workplace, clock }) });
  const after = await fetch(`${server.url}${path}`, {
    headers: { Authorization: `Bearer ${await world.token()}`, "If-None-Match": before.headers.get("etag") ?? "" },
  });
  t.equal(after.status, 200, "it is another answer than before");
  t.match(await after.json(), { status: "waiting", pendingGates: [{ id: "ok", expired: true }] });
});

t.test("artifacts are listed, and downloaded whole, in part, and as archives", async (t) => {
  const { items } = (await json(`/api/runs/${finished.runId}/artifacts`)) as {
    items: { id: string; name: string; type: string; status: string; sha256?: string; path: string }[];
  };
  const byName = new Map(items.map((item) => [item.name, item]));
  t.match(byName.get("text"), { type: "file", status: "captured", path: "out.txt", size: 7, mediaType: "text/plain" });
  t.match(byName.get("tree"), { type: "directory", status: "captured", path: "d" });
  const path = `/api/runs/${finished.runId}/artifacts/${byName.get("text")?.id}`;
  const whole = await get(path);
  const sha256 = createHash("sha256").update("result\n");
  t.equal(await whole.text(), "result\n");
  t.equal(whole.headers.get("content-type"), "text/plain");
  t.equal(whole.headers.get("content-disposition"), 'attachment; filename="text"');
  t.equal(whole.headers.get("digest"), `sha-256=${sha256.digest("base64")}`);
  const etag = whole.headers.get("etag") ?? "";
  t.equal(etag, `"sha256:${byName.get("text")?.sha256}"`);
  for (const [range, expected] of [
    ["bytes=1-3", "esu"],
    ["bytes=4-", "lt\n"],
    ["bytes=-2", "t\n"],
    ["bytes=5-99", "t\n"],
  ] as const) {
    const part = await get(path, { Range: range, "If-Range": etag });
    t.equal(part.status, 206);
    t.equal(await part.text(), expected, range);
  }
  t.equal((await get(path, { Range: "bytes=0-1" })).headers.get("content-range"), "bytes 0-1/7");
  t.equal((await get(path, { Range: "bytes=0-1", "If-Range": '"old"' })).status, 200, "another version is sent whole");
  t.equal((await get(path, { Range: "bytes=0-1,3-4" })).status, 200, "several ranges are passed over");
  for (const held of [etag, `W/${etag}`, `"other", W/${etag}`, "*"]) {
    const again = await get(path, { "If-None-Match": held });
    t.equal(again.status, 304, held);
    t.equal(again.headers.get("etag"), etag);
  }
  t.equal((await get(path, { "If-None-Match": '"other"' })).status, 200);
  const behind = await get(path, { Range: "bytes=7-" });
  t.equal(behind.headers.get("content-range"), "bytes */7");
  t.match(await behind.json(), { status: 416, code: "RANGE_INVALID" });
  t.match(await json(path, { Range: "bytes=-0" }), { code: "RANGE_INVALID" });
  for (const range of ["bytes=1-3", "bytes=7-"]) {
    const authorization = { Authorization: `Bearer ${await world.token()}` };
    const head = await fetch(world.server.url + path, { method: "HEAD", headers: { ...authorization, Range: range } });
    t.equal(head.status, 200, "a range is one of GET alone");
    t.equal(head.headers.get("content-length"), "7");
    t.equal(head.headers.get("content-range"), null);
  }
  const tree = await get(`/api/runs/${finished.runId}/artifacts/${byName.get("tree")?.id}`);
  const archive = Buffer.from(await tree.arrayBuffer());
  t.equal(tree.headers.get("content-type"), "application/x-tar");
  t.equal(archive.length, Number(tree.headers.get("content-length")));
  t.equal(archive.subarray(0, 1).toString(), "x");
  t.equal(archive.subarray(512, 514).toString(), "x\n");
  for (const id of ["1", "nothing"]) {
    t.match(await json(`/api/runs/${finished.runId}/artifacts/${id}`), { status: 404, code: "ARTIFACT_UNKNOWN" });
  }
});

t.test("HEAD answers the head alone", async (t) => {
  const headers = { Authorization: `Bearer ${await world.token()}` };
  for (const path of [
    `/api/runs/${finished.runId}`,
    `/api/runs/${finished.runId}/evidence`,
    `/api/runs/${waiting.runId}/evidence?snapshot=last`,
    `/api/runs/${finished.runId}/plan`,
    `/api/runs/${finished.runId}/logs`,
  ]) {
    const answer = await fetch(`${world.server.url}${path}`, { method: "HEAD", headers });
    t.equal(answer.status, 200, path);
    t.equal(await answer.text(), "");
  }
});

t.test("the request of an open gate comes with its signature", async (t) => {
  t.match(await json(`/api/runs/${waiting.runId}/gates/ok/request`), {
    request: { gateId: "ok", message: "Go on?", runId: waiting.runId },
    bundle: { mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json" },
  });
  for (const gate of ["other", "..%2F..%2Fplan", "map[0]::x"]) {
    t.match(await json(`/api/runs/${waiting.runId}/gates/${gate}/request`), {
      status: 404,
      code: "GATE_REQUEST_UNKNOWN",
    });
  }
});

t.test("evidence is the archive that export writes, and only of runs that are over", async (t) => {
  const { place } = world;
  const source = folderSource(place.here("state/evidence", finished.runId));
  value(await exportEvidence(source, place.here("run.tar")));
  const sent = await get(`/api/runs/${finished.runId}/evidence`);
  t.ok(Buffer.from(await sent.arrayBuffer()).equals(readFileSync(place.here("run.tar"))));
  t.match(await json(`/api/runs/${waiting.runId}/evidence`), { status: 409, code: "RUN_NOT_FINISHED" });
});

t.test("who vouches for evidence is sent beside it", async (t) => {
  const path = `/api/runs/${finished.runId}/evidence/anchor`;
  t.match(await json(path), { status: 404, code: "ANCHOR_ABSENT" });
  const anchor = world.place.write(`state/evidence/${finished.runId}.anchor.sigstore.json`, "an anchor");
  const sent = await get(path);
  t.match(sent.headers.get("content-type"), /^application\/vnd\.dev\.sigstore\.bundle/);
  t.match(sent.headers.get("content-disposition"), `${finished.runId}.tar.anchor.sigstore.json`);
  t.equal(await sent.text(), "an anchor");
  t.match(await json(`/api/runs/${waiting.runId}/evidence/anchor`), { status: 409, code: "RUN_NOT_FINISHED" });
  rmSync(anchor);
});

t.test("what is asked of a run that somebody looks into is told when it is asked", async (t) => {
  const traced: string[] = [];
  const service = {
    ...world.service,
    traces: async ({ runId }: { readonly runId: string }): Promise<boolean> => {
      traced.push(runId);
      return runId === finished.runId;
    },
  };
  const { url } = await world.another({ service });
  const before = world.logged.length;
  const Authorization = `Bearer ${await world.token({ subject: "looker" })}`;
  for (const path of [finished.runId, waiting.runId, "last"]) {
    await (await fetch(`${url}/api/runs/${path}`, { headers: { Authorization } })).text();
  }
  await (await fetch(`${url}/api/runs`, { headers: { Authorization } })).text();
  t.same(traced, [finished.runId, waiting.runId]);
  const lines = world.logged.slice(before).map((line) => JSON.parse(line) as readonly unknown[]);
  const begun = lines.filter(([level]) => level === "debug");
  t.match(begun, [
    [
      "debug",
      "request.begun",
      {
        runId: finished.runId,
        data: { method: "GET", route: "/api/runs/{runId}", tenant: "default", subject: "looker" },
      },
    ],
  ]);
  t.equal(begun.length, 1);
});

t.test("what a snapshot lists is sent like evidence, with the event that names it", async (t) => {
  const { place, workplace } = world;
  const path = `/api/runs/${waiting.runId}/evidence`;
  const { sequence } = value(await exportSnapshot(waiting, undefined, place.here("so-far.tar"), workplace));
  for (const which of ["last", sequence]) {
    const sent = await get(`${path}?snapshot=${which}`);
    t.equal(sent.headers.get("snapshot-sequence"), String(sequence));
    t.ok(Buffer.from(await sent.arrayBuffer()).equals(readFileSync(place.here("so-far.tar"))));
  }
  t.match(await json(`${path}?snapshot=1`), { status: 404, code: "SNAPSHOT_UNKNOWN" });
  t.match(await json(`${path}?snapshot=first`), { status: 400, code: "REQUEST_INVALID" });
});

t.test("the plan of a run is the bytes of its planHash", async (t) => {
  const answer = await get(`/api/runs/${finished.runId}/plan`);
  t.equal(answer.headers.get("content-type"), "application/json");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  t.equal(digestOf(bytes, world.workplace.sha256), finished.planHash);
  t.match(await json(`/api/runs/01a1ff6c-157a-706a-b6ff-c59795f5aa6c/plan`), { status: 404, code: "RUN_UNKNOWN" });
});

t.test("packs are those of the registry, by name with or without an encoded slash", async (t) => {
  t.match(await json("/api/packs"), { schemaVersion: 1, items: [] });
  t.match(await json("/api/packs/acme/tool/1.0.0"), {
    status: 404,
    code: "REGISTRY_UNKNOWN",
    detail: /acme\/tool@1.0.0/,
    hint: /POST \/api\/packs .*bundle import FILE/,
  });
  t.match(await json("/api/packs/acme%2Ftool/1.0.0"), { code: "REGISTRY_UNKNOWN", detail: /acme\/tool@1.0.0/ });
  t.match(await json("/api/packs/..%2F..%2Fx/1.0.0"), { code: "REGISTRY_UNKNOWN" });
});

t.test("the document of the server is the one in schemas, and health needs no token", async (t) => {
  const bare = (path: string): Promise<Response> => fetch(`${world.server.url}${path}`);
  const document = await (await bare("/.well-known/openapi")).text();
  t.equal(document, openApiText(routeTable));
  t.equal(document, readFileSync("schemas/openapi.json", "utf8"));
  t.match(await (await bare("/livez")).json(), { status: "live" });
  t.match(await (await bare("/readyz")).json(), { status: "ready" });
  const metrics = await (await bare("/metrics")).text();
  t.match(metrics, /packrun_runs_total/);
  t.notMatch(metrics, finished.runId);
});
