import { visibleEntry } from "./visible-entry.ts";

/** A decision that was recorded, as the store or a server tells it. */
type Decided = {
  readonly decision: string;
  readonly principal: string;
  readonly gateId: string;
  /** Where the run was not named by the command itself. */
  readonly runId?: string;
  readonly again?: boolean;
};

/** Who decided what, in one line. */
export function decidedText({ decision, gateId, principal, runId, again = false }: Decided): string {
  const done = decision === "approve" ? "approved" : "rejected";
  const gate = runId === undefined ? gateId : `${gateId} of ${runId}`;
  return `${visibleEntry(`${done} ${gate} as ${principal}${again ? " (recorded before)" : ""}`)}\n`;
}
