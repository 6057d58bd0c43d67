import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t, { type Test } from "tap";
import type { RedactingStream } from "#port/secrets.ts";
import type { OutputBatch } from "#port/step-runner.ts";
import { LogMeter, OutputPump, type PumpPorts } from "../../src/sandbox/output-pump.ts";
import { PipeReader } from "../../src/sandbox/slot/pipe-reader.ts";

const plain: RedactingStream = { push: (chunk) => chunk, end: () => new Uint8Array() };

type Pumped = { readonly pump: OutputPump; readonly writer: number; readonly lines: string[]; refusals: number };

function pumpIn(t: Test, ports: Partial<PumpPorts> = {}): Pumped {
  const path = join(t.testdir({}), "out");
  execFileSync("mkfifo", [path]);
  const source = new PipeReader(path);
  t.teardown(() => source.close());
  const lines: string[] = [];
  const pumped = { lines, refusals: 0, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  const pump = new OutputPump({
    source,
    stream: "stdout",
    redactor: { stream: () => plain },
    meter: new LogMeter(1000, () => undefined),
    sink: (batch: OutputBatch) => Promise.resolve(void lines.push(...batch.lines)),
    onRefusal: () => (pumped.refusals += 1),
    ...ports,
  });
  return Object.assign(pumped, { pump });
}

t.test("a redactor that fails fails the output, whether or not anybody listened", async (t) => {
  const push = (): never => {
    throw new Error("no memory is left");
  };
  for (const listens of [false, true]) {
    const pumped = pumpIn(t, { redactor: { stream: () => ({ ...plain, push }) } });
    if (listens) {
      pumped.pump.listen();
    }
    writeSync(pumped.writer, "a secret\n");
    closeSync(pumped.writer);
    await wait(20);
    await t.rejects(pumped.pump.finish(), /no memory is left/);
    t.ok(pumped.refusals > 0, "the step is ended");
    t.strictSame(pumped.lines, []);
  }
});

t.test("a pipe that cannot be listened to ends the step and fails its output", async (t) => {
  const source = new PipeReader(join(t.testdir({ file: "" }), "file"));
  t.teardown(() => source.close());
  const pumped = pumpIn(t, { source });
  pumped.pump.listen();
  await wait(1);
  t.equal(pumped.refusals, 1, "the step is ended");
  await t.rejects(pumped.pump.finish(), { code: "ERR_INVALID_FD_TYPE" });
});

t.test("lines are sent while a step runs, and nothing any more once they are dropped", async (t) => {
  const pumped = pumpIn(t);
  pumped.pump.listen();
  writeSync(pumped.writer, "one\n");
  await wait(250);
  t.strictSame(pumped.lines, ["one"]);
  writeSync(pumped.writer, "two\n");
  await wait(20);
  pumped.pump.drop();
  await wait(250);
  t.strictSame(pumped.lines, ["one"]);
  closeSync(pumped.writer);
  await pumped.pump.finish();
  t.strictSame(pumped.lines, ["one", "two"]);
  t.equal(pumped.pump.tail, "one\ntwo\n");
});
