import type { Fault } from "#fault/fault.ts";
import type { CommandBody } from "#run/command.ts";

/** What the core is told of a node that may not run because the plan, or what it pins, has changed; else undefined. */
export function driftCommand({ code, data, hint, message }: Fault, node: string): CommandBody | undefined {
  const pointer = typeof data?.["pointer"] === "string" ? data["pointer"] : "";
  return code === "PLAN_DRIFT" ? { kind: "drifted", node, pointer, hint: hint ?? message } : undefined;
}
