import type { Json } from "#canon/json.ts";

/** A request to whoever drives the run. `body` is the sender's word: the driver checks it before anything is decided. */
export type InboxCommand = {
  readonly commandId: string;
  readonly kind: "decision" | "cancel" | "incident" | "snapshot";
  readonly body: Json;
};
