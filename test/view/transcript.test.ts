import t from "tap";
import { Transcript, type Printed } from "#view/transcript.ts";

type More = Partial<Pick<Printed, "stepId" | "attempt"> & Printed["metadata"]>;

const printed = (lines: readonly string[], { stepId = "a", attempt = 1, ...more }: More = {}): Printed => ({
  stepId,
  attempt,
  metadata: { stream: "stdout", lines, ...more },
});

t.test("a line that came in parts is one line", (t) => {
  const transcript = new Transcript(true);
  const text = [
    transcript.add(printed(["one", "val"], { partial: true })),
    transcript.add(printed(["ue="], { partial: true })),
    transcript.add(printed(["7", "two"])),
    transcript.end(),
  ];
  t.equal(text.join(""), "a | one\na | value=7\na | two\n");
  t.end();
});

t.test("a line is ended where another stream, step or attempt goes on, and at the end", (t) => {
  const others: readonly More[] = [{ stream: "stderr" }, { stepId: "b" }, { attempt: 2 }];
  for (const other of others) {
    const transcript = new Transcript(true);
    const text = [
      transcript.add(printed(["half"], { partial: true })),
      transcript.add(printed(["other"], other)),
      transcript.add(printed(["rest"], { partial: true })),
      transcript.end(),
      transcript.end(),
    ];
    t.equal(text.join(""), `a | half\n${other.stepId ?? "a"} | other\na | rest\n`);
  }
  t.end();
});

t.test("without names the lines stand alone, and what a terminal would act on is shown", (t) => {
  const transcript = new Transcript(false);
  t.equal(transcript.add(printed(["\u001b[2J", "", "x"])), "\\x1b[2J\n\nx\n");
  t.equal(transcript.add(printed([])), "");
  t.equal(transcript.end(), "");
  t.end();
});
