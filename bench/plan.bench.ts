import { LineCounter, parseDocument } from "yaml";
import { planPackText } from "./plan-pack-text.ts";
import { median, ratio, type Figure } from "./measure.ts";
import { writtenPack } from "./samples.ts";

/** Read, check, compile, canonicalise and hash a pack, beside the `yaml` package parsing the same text with positions. */
export async function* figures(): AsyncGenerator<Figure> {
  const perStep: number[] = [];
  for (const steps of [100, 1000, 10_000]) {
    const rounds = steps === 10_000 ? 5 : 10;
    const texts = Array.from({ length: rounds + 1 }, (_, round) => writtenPack(steps, `n${steps}r${round}s`));
    let [planned, parsed] = [0, 0];
    const measured = await ratio(
      rounds,
      () => planPackText(texts[planned++] ?? ""),
      () => parseDocument(texts[parsed++] ?? "", { lineCounter: new LineCounter(), uniqueKeys: false }),
    );
    perStep.push(measured.a / steps);
    yield {
      name: `plan of ${steps} steps / yaml parse`,
      value: measured.ratio,
      unit: "×",
      goal: 1.6,
      detail: `${measured.a.toFixed(0)} ms, ${measured.b.toFixed(0)} ms`,
    };
  }
  yield {
    name: "plan time per step, 10,000 steps / 1,000 steps",
    value: (perStep[2] ?? Number.NaN) / (perStep[1] ?? Number.NaN),
    unit: "×",
    goal: 1.3,
    detail: `median per step ${median(perStep).toFixed(3)} ms`,
  };
}
