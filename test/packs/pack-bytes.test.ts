import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { answerOf, missing } from "./compare-verifiers.ts";
import { FOLDER } from "./offline/expected.ts";
import { askPackrun } from "./tampered/ask-packrun.ts";
import { askPython } from "./tampered/ask-python.ts";

const python = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };
/** One byte in so many is changed: with no divisor of a block, so that every field of a header has its turn. */
const STEP = 173;

const scratch = mkdtempSync(join(tmpdir(), "packrun-pack-bytes-"));
t.teardown(() => rmSync(scratch, { recursive: true, force: true }));

const good = readFileSync(join(FOLDER, "good/tool.packbundle.tar"));
const changed = Array.from({ length: Math.ceil(good.length / STEP) }, (_, index) => {
  const bytes = Buffer.from(good);
  const at = index * STEP;
  // Of every fourth, a bit that makes text of text; of the others one that does not.
  bytes[at] = (bytes[at] ?? 0) ^ (index % 4 === 0 ? 0x80 : 1 << (index % 4));
  const path = join(scratch, `${at}.tar`);
  writeFileSync(path, bytes);
  return { at, args: [path, "--trust", join(FOLDER, "trust-root.json"), "--format", "json"] };
});

t.test(
  "whichever byte of a pack bundle is changed, both verifiers refuse it for the same reasons",
  python,
  async (t) => {
    const asked = askPython(changed.map(({ args }) => ({ folder: scratch, args })));
    const answers = [];
    for (const { at, args } of changed) {
      const said = await askPackrun("/", args, { store: join(scratch, `${at}.state`) });
      answers.push(answerOf(said));
    }
    for (const [index, { code, stdout, stderr }] of (await asked).entries()) {
      const at = `byte ${changed[index]?.at}`;
      const answer = answers[index];
      t.equal(answer?.verdict, "failed", at);
      t.strictSame(answerOf({ code, stdout }), answer, at, { stderr });
    }
  },
);
