import { closeSync, writeSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { feedPipe, openToken } from "./slot/pipe-feed.ts";
import { PipeReader } from "./slot/pipe-reader.ts";
import type { Slot } from "./slot/slot.ts";
import { StatusChannel } from "./status-channel.ts";
import { StepListener } from "./step-listener.ts";

export type BuildOrder = {
  readonly slot: Slot;
  /** NUL-separated options for bubblewrap. */
  readonly args: Uint8Array;
  readonly secrets: readonly Uint8Array[];
  /** Takes the socket on which the step's programs are listened to; there exactly when the slot has a channel. */
  readonly serve?: (server: Server) => void;
};

/**
 * A sandbox that its slot's launcher was told to build, up to its init, which waits for the token. Whatever takes long
 * about a sandbox happens before it is given.
 */
export class BuiltSandbox {
  readonly status: StatusChannel;
  readonly out: PipeReader;
  readonly err: PipeReader;
  readonly listener: StepListener | undefined;
  /** False when the launcher was gone: then there is nothing to wait for. */
  readonly isComing: boolean;
  readonly #readers: PipeReader[] = [];
  #token: number | undefined;

  /** `onInit` is called when the init of the sandbox is known. */
  constructor(order: BuildOrder, onInit: () => void) {
    const { slot, serve } = order;
    const at = (name: string): string => join(slot.folder, name);
    const reader = (name: string): PipeReader => {
      const opened = new PipeReader(at(name));
      this.#readers.push(opened);
      return opened;
    };
    try {
      this.out = reader("out");
      this.err = reader("err");
      // It has a writer from before its reader comes until the step is over, so neither ever waits for the other.
      this.#token = openToken(at("token"));
      this.status = new StatusChannel(reader("status"), onInit);
      this.listener = serve && new StepListener(slot.launcher, serve);
      this.isComing = isAsked(order);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Now, and not before, the step's program may run. */
  giveToken(): void {
    if (this.#token !== undefined) {
      writeSync(this.#token, "\n");
    }
  }

  /**
   * There will be no token: the init that waits for it ends. Until bubblewrap has spoken the launcher may still have to
   * open the pipe, and would wait there for somebody who writes.
   */
  refuseToken(): void {
    if (this.status.began) {
      this.#closeToken();
    } else {
      this.status.spoken.then(
        () => this.#closeToken(),
        () => this.#closeToken(),
      );
    }
  }

  #closeToken(): void {
    const token = this.#token;
    this.#token = undefined;
    if (token !== undefined) {
      closeSync(token);
    }
  }

  close(): void {
    this.#closeToken();
    this.#readers.forEach((reader) => reader.close());
  }
}

function isAsked({ slot, args, secrets }: BuildOrder): boolean {
  if (slot.launcher.isGone()) {
    return false;
  }
  try {
    feedPipe(join(slot.folder, "args"), args);
    secrets.forEach((bytes, at) => feedPipe(join(slot.folder, `secret${at}`), bytes));
  } catch {
    // The launcher is gone, and with it the reader: what was not given a word did not run.
    return false;
  }
  slot.launcher.go();
  return true;
}
