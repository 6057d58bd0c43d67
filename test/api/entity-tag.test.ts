import t from "tap";
import { isHeld } from "#api/entity-tag.ts";

const ETAG = '"sha256:0a"';

t.test("what a client has is told by one tag, a list, weak ones too, or a star", async (t) => {
  for (const header of [
    ETAG,
    `W/${ETAG}`,
    `"a", ${ETAG}`,
    `"a",W/${ETAG} , "b"`,
    `"with,a,comma",${ETAG}`,
    "*",
    " * ",
  ]) {
    t.equal(isHeld(header, ETAG), true, header);
  }
});

t.test("nothing else is", async (t) => {
  for (const header of [
    undefined,
    "",
    '"a"',
    "sha256:0a",
    '"sha256:0a',
    '"x*"',
    'W/"a", "b"',
    '"SHA256:0A"',
    `"a, ${ETAG}`,
  ]) {
    t.equal(isHeld(header, ETAG), false, String(header));
  }
});
