import type { Json, JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import type { Doubts } from "./doubts.ts";
import type { PackText } from "./pack-shape.ts";
import { KIND_MEMBERS } from "./step-shape.ts";
import { listOf, membersOf, objectOf, textOf } from "./step-view.ts";

type Path = readonly PathPart[];

const SANDBOX: Path = ["spec", "sandbox"];
/** Stands for a sandbox that is not known, to which no step is held. */
const CLOSED: JsonObject = { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: 1 } };
/** Stands for what a step does where that is not known: it says nothing that could be wrong. */
const UNKNOWN_RUN: JsonObject = { command: [""] };
/** No id: nothing refers to it. */
const UNKNOWN_ID = "?";

/**
 * What of a pack's text is right, as a text that fits its shape: everything that `doubts` touch is left out, or stands for
 * nothing where something has to stand. Steps keep their places, and only what expressions and inputs need is there.
 */
export function soundText(value: Json, doubts: Doubts): PackText {
  const spec = objectOf(objectOf(value)["spec"]);
  const { name = "", version = "" } = soundMembers(objectOf(value)["metadata"], ["metadata"], doubts);
  const section = (member: string): JsonObject => soundMembers(spec[member], ["spec", member], doubts);
  const text = {
    metadata: { name, version },
    spec: {
      inputs: section("inputs"),
      sandbox: doubts.touch(SANDBOX) ? CLOSED : spec["sandbox"],
      policies: section("policies"),
      steps: soundSteps(spec["steps"], ["spec", "steps"], doubts),
      finally: soundSteps(spec["finally"], ["spec", "finally"], doubts),
      outputs: section("outputs"),
    },
  };
  // Each part fits its shape for want of findings, or was written above.
  return text as unknown as PackText;
}

function soundMembers(owner: Json | undefined, path: Path, doubts: Doubts): JsonObject {
  return Object.fromEntries(membersOf(owner).filter(([name]) => !doubts.touch([...path, name])));
}

function soundSteps(list: Json | undefined, path: Path, doubts: Doubts): readonly JsonObject[] {
  return listOf(list).map((step, at) => soundStep(objectOf(step), [...path, at], doubts));
}

function soundStep(raw: JsonObject, path: Path, doubts: Doubts): JsonObject {
  const { needs, when, stdin, sandbox } = soundMembers(raw, path, doubts);
  const members = (name: string): JsonObject => soundMembers(raw[name], [...path, name], doubts);
  return {
    id: textOf(raw["id"]) ?? UNKNOWN_ID,
    ...(needs === undefined ? {} : { needs }),
    ...(when === undefined ? {} : { when }),
    ...(stdin === undefined ? {} : { stdin }),
    ...(sandbox === undefined || doubts.touch(SANDBOX) ? {} : { sandbox }),
    env: members("env"),
    inputs: members("inputs"),
    outputs: members("outputs"),
    ...soundKind(raw, path, doubts),
  };
}

function soundKind(raw: JsonObject, path: Path, doubts: Doubts): JsonObject {
  const kind = KIND_MEMBERS.find((member) => Object.hasOwn(raw, member));
  const body = objectOf(kind === undefined ? undefined : raw[kind]);
  switch (kind) {
    case "run":
      return { run: soundRun(body, [...path, kind], doubts) };
    case "gate":
      return { gate: soundGate(body, [...path, kind], doubts) };
    case "map":
      return { map: soundMap(raw, body, path, doubts) };
    case "parallel":
      return { parallel: { steps: soundSteps(body["steps"], [...path, kind, "steps"], doubts) } };
    case undefined:
      return { run: UNKNOWN_RUN };
  }
}

function soundRun(body: JsonObject, path: Path, doubts: Doubts): JsonObject {
  if (!doubts.touch(path)) {
    return body;
  }
  const command = listOf(body["command"]).map((part, at) =>
    doubts.touch([...path, "command", at]) ? "" : (textOf(part) ?? ""),
  );
  return command.length === 0 ? UNKNOWN_RUN : { command };
}

function soundGate(body: JsonObject, path: Path, doubts: Doubts): JsonObject {
  const kind = Object.hasOwn(body, "approval") && !Object.hasOwn(body, "policy") ? "approval" : "policy";
  return { [kind]: UNKNOWN_ID, ...soundMembers(body, path, doubts) };
}

/** Where a bound may have been meant by what is wrong beside it, nothing is said about one. */
function soundMap(raw: JsonObject, body: JsonObject, path: Path, doubts: Doubts): JsonObject {
  const at = [...path, "map"];
  const { items = [], maxItems } = soundMembers(body, at, doubts);
  const isWrong = (owner: JsonObject, where: Path, but: string): boolean =>
    Object.keys(owner).some((name) => name !== but && doubts.touch([...where, name]));
  const unsure = isWrong(raw, path, "map") || isWrong(body, at, "steps");
  const bound = maxItems ?? (unsure ? Number.MAX_SAFE_INTEGER : undefined);
  return {
    items,
    as: textOf(body["as"]) ?? "item",
    ...(bound === undefined ? {} : { maxItems: bound }),
    steps: soundSteps(body["steps"], [...at, "steps"], doubts),
  };
}
