import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { download } from "#client/download.ts";
import { fail, ok } from "#fault/result.ts";
import { code, value } from "../attest/signing.ts";

const SERVER = "https://packrun.example";

t.test("a body takes the place of a file when it was looked at, and was found good", async (t) => {
  const dir = t.testdir({ "kept.tar": "earlier" });
  const file = join(dir, "kept.tar");
  const fault = { code: "TEST_REFUSED", message: "no archive" };
  const refused = await download(new Response("bad"), file, SERVER, async () => fail(fault));
  t.match(refused, { ok: false, fault });
  t.equal(readFileSync(file, "utf8"), "earlier");
  const seen = await download(new Response("good"), file, SERVER, async (draft, size) => {
    t.equal(readFileSync(file, "utf8"), "earlier", "nothing is there while it is looked at");
    return ok([readFileSync(draft, "utf8"), size]);
  });
  t.strictSame(value(seen), ["good", 4]);
  t.equal(readFileSync(file, "utf8"), "good");
  t.strictSame(readdirSync(dir), ["kept.tar"]);
});

t.test("what breaks off, is shorter than it says, or cannot be written leaves what was there", async (t) => {
  const dir = t.testdir({});
  const file = join(dir, "kept.tar");
  writeFileSync(file, "earlier");
  const look = async () => ok(undefined);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  t.equal(code(await download(new Response(broken), file, SERVER, look)), "SERVER_UNREACHABLE");
  const short = new Response("abc", { headers: { "Content-Length": "4" } });
  t.equal(code(await download(short, file, SERVER, look)), "SERVER_UNREACHABLE");
  t.equal(code(await download(new Response("x"), join(dir, "no", "kept.tar"), SERVER, look)), "USER_FILE_WRITE");
  const bug = new Error("a bug");
  const throws = async (): Promise<never> => {
    throw bug;
  };
  await t.rejects(download(new Response("x"), file, SERVER, throws), bug, "it is no fault of the file");
  t.equal(readFileSync(file, "utf8"), "earlier");
  t.strictSame(readdirSync(dir), ["kept.tar"]);
  t.notOk(existsSync(join(dir, "no")));
});
