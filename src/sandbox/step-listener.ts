import type { Server } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isJsonObject } from "#canon/json.ts";
import type { Launcher } from "./slot/launcher.ts";

/** What the listener of one step told over its slot's channel; see `initProgram`. */
export class StepListener {
  readonly #launcher: Launcher;
  #problem: string | undefined = "the listener in the sandbox was not started";

  /** `serve` gets the listening socket once, before the step's command can run. */
  constructor(launcher: Launcher, serve: (server: Server) => void) {
    this.#launcher = launcher;
    let served = false;
    launcher.receive((message, server) => {
      if (server === undefined) {
        const said = isJsonObject(message) ? message["packrun"] : undefined;
        this.#problem = `the listener in the sandbox says: ${typeof said === "string" ? said : "nothing"}`;
      } else if (served) {
        server.close();
      } else {
        served = true;
        this.#problem = undefined;
        serve(server);
      }
    });
  }

  /** Why the step's command never ran; undefined when it did. Call it when nothing of the step runs any more. */
  async end(): Promise<string | undefined> {
    // What was sent before the end is there already, and one poll of the event loop reads it: two turns hold a whole one.
    await nextTurn();
    await nextTurn();
    this.#launcher.receive((_, server) => server?.close());
    return this.#problem;
  }
}
