import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { fetchEvidence, fetchSnapshot } from "#cli/server-evidence.ts";
import { readServerAccess } from "#client/server-access.ts";
import { code, value } from "../attest/signing.ts";

const RUN = "0198c2f0-0000-7000-8000-000000000001";

t.test("what a server sends in place of an archive does not cost the file that is there", async (t) => {
  const folder = t.testdir({});
  const file = join(folder, "kept.tar");
  writeFileSync(file, "earlier");
  const server = createServer((_request, response) => void response.end("no archive")).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const access = value(await readServerAccess({ flags: { server: url }, env: { PACKRUN_TOKEN: "t" }, cwd: folder }));
  if (access === undefined) {
    throw new Error("there is no address");
  }
  t.equal(code(await fetchEvidence(RUN, file, access)), "BUNDLE_TAR_INVALID");
  t.equal(code(await fetchSnapshot(RUN, "last", file, access)), "BUNDLE_TAR_INVALID");
  t.equal(readFileSync(file, "utf8"), "earlier");
  t.strictSame(readdirSync(folder), ["kept.tar"]);
});
