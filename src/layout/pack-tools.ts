import { compareUtf8 } from "#canon/utf8.ts";
import type { Pack } from "#pack/pack.ts";
import { packTree } from "#plan/pack-tree.ts";

/** What a plan names a program for: a step's command, the shell of its script, the module of a policy. */
export const TOOL_USES = ["command", "policy", "shell"] as const;
type ToolUse = (typeof TOOL_USES)[number];

/** A program that the plan of a pack names, whatever its inputs are: an expression can name none. */
export type PackTool = {
  /** Its path in the pack, or the name or path by which it is looked for in the sandbox. */
  readonly name: string;
  /** Whether it is a file of the pack: only then its digest is known. */
  readonly inPack: boolean;
  /** Sorted. */
  readonly uses: readonly ToolUse[];
};

/** Every tool of a pack once: those in the pack first, both sorted by the bytes of their names. */
export function packTools(pack: Pack): readonly PackTool[] {
  const found = { inside: new Map<string, Set<ToolUse>>(), outside: new Map<string, Set<ToolUse>>() };
  const add = (place: keyof typeof found, name: string, use: ToolUse): void => {
    found[place].set(name, (found[place].get(name) ?? new Set()).add(use));
  };
  for (const { step } of packTree(pack).nodes) {
    if (step.kind === "run" && step.action.type === "script") {
      add("outside", step.action.shell, "shell");
    } else if (step.kind === "run" && step.action.type === "command") {
      const [program = ""] = step.action.command;
      if (program.startsWith("./")) {
        add("inside", program.slice(2), "command");
      } else {
        add("outside", program, "command");
      }
    }
  }
  for (const policy of Object.values(pack.spec.policies)) {
    if (policy.engine === "rego") {
      add("inside", policy.module, "policy");
    }
  }
  return [...toolsOf(found.inside, true), ...toolsOf(found.outside, false)];
}

function toolsOf(uses: ReadonlyMap<string, ReadonlySet<ToolUse>>, inPack: boolean): readonly PackTool[] {
  return [...uses]
    .map(([name, found]) => ({ name, inPack, uses: [...found].toSorted() }))
    .toSorted((a, b) => compareUtf8(a.name, b.name));
}
