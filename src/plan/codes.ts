import { codeTable } from "#fault/code-table.ts";
import { expressionCodes } from "./expression-codes.ts";
import { inputCodes } from "./input-codes.ts";
import { planFileCodes } from "./plan-file-codes.ts";
import { policyCodes } from "./policy-codes.ts";

/** Every code that making, reading and comparing plans can give. */
export const planCodes = codeTable({
  ...expressionCodes,
  ...inputCodes,
  ...planFileCodes,
  ...policyCodes,
  PLAN_MAP_UNBOUNDED: {
    severity: "error",
    exitCode: 3,
    message: 'map "{id}" does not say how many items it may have',
    hint: "add maxItems: the items are known only when the run reaches the map",
    explanation: {
      cause:
        "The items of a map come from an earlier step. Approvers must be able to see how far such a map can grow, so its " +
        "limit has to stand in the pack.",
      example: 'map: {items: "${{ steps.find.outputs.hosts }}", steps: [{id: push, run: {command: [make, push]}}]}',
      fix: "Add `maxItems: 50` (or what is right) beside `items`.",
    },
  },
  PLAN_MAP_TOO_MANY: {
    severity: "error",
    exitCode: 3,
    message: 'map "{id}" has {count} items, {limit} are allowed',
    hint: "give fewer items, or raise maxItems",
    explanation: {
      cause: "The items are known when the plan is made, and there are more of them than `maxItems` says.",
      example: "map: {items: [a, b, c], maxItems: 2, steps: [{id: push, run: {command: [make, push]}}]}",
      fix: "Give fewer items, or raise `maxItems`.",
    },
  },
  PLAN_DRIFT: {
    severity: "error",
    exitCode: 6,
    message: "the plan is not the approved one any more: {node} differs at {pointer}",
    hint: "start a new run; what was approved is what runs, or nothing does",
    explanation: {
      cause:
        "Compiled again from the stored pack and the locked inputs, the plan has other bytes than the pinned one, or a " +
        "file that a step is about to use has another digest.",
      example: "a file in the artifact store was changed between approval and resume",
      fix: "Find out who changed the stored copies; the run cannot go on. Plan, approve and run again.",
    },
  },
  PLAN_HASH_MISMATCH: {
    severity: "error",
    exitCode: 6,
    message: "the plan has the hash {found}, not {expected}",
    hint: "compare the two with `packrun plan --diff`, then approve and name the one that is meant",
    explanation: {
      cause: "A planHash that was given from outside (--plan-hash, an approval, an API body) is not that of this plan.",
      example: "packrun run ./release --plan-hash sha256:…   # the pack was changed since",
      fix: "See what differs with `packrun plan PACK --diff plan.canonical.json`, and use the hash of the plan that was really approved.",
    },
  },
});
export type PlanCode = keyof typeof planCodes;
