import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import { makeCgroup, type CgroupHost } from "../cgroup/cgroup-host.ts";
import { startLauncher } from "./launcher.ts";
import type { LeanMounts } from "./lean-mounts.ts";
import { ownerName } from "../watch/process-identity.ts";
import { dissolveSlot, makeSlotFolders, openForWriting, type Slot, type SlotFolder, type SlotKind } from "./slot.ts";

/** The users that steps run as on the host; none of them owns anything else. */
const FIRST_UID = 64_000;
const UID_COUNT = 1000;

export type PoolPlace = {
  readonly scratch: string;
  /** The folder of this runner in it. */
  readonly folder: string;
  readonly host: CgroupHost;
  readonly inherited: readonly number[];
  /** How many slots are made ready at a time. */
  readonly batch: number;
  /** Where launchers of `sealed` steps live, if not among the host's mounts; closed with the pool. */
  readonly lean: LeanMounts | undefined;
};

/**
 * Slots for steps.
 * 1. A slot runs one step at a time, and no two live slots of this host (of one scratch folder) have the same user.
 * 2. A slot is used again only when nothing of its last step can be felt in it; else it is dissolved.
 */
export class SlotPool {
  readonly #place: PoolPlace;
  readonly #idle: Slot[] = [];
  readonly #live = new Set<Slot>();
  readonly #later = new Set<Promise<void>>();
  #spare: SlotFolder[] = [];
  #making: Promise<void> | undefined;
  #count = 0;

  constructor(place: PoolPlace) {
    this.#place = place;
  }

  /** Only what a step needs is there: a slot with a channel is never given to a step without a way out. */
  async take(kind: SlotKind): Promise<Slot> {
    const at = this.#idle.findLastIndex((slot) => isOfKind(slot, kind));
    if (at < 0) {
      return this.#make(await this.#folder(kind.secretPipes), kind);
    }
    const [slot] = this.#idle.splice(at, 1);
    if (slot === undefined || slot.launcher.isGone()) {
      await (slot === undefined ? undefined : this.#dissolve(slot));
      return this.take(kind);
    }
    return slot;
  }

  /** `clean`: nothing went wrong in the slot itself. What is to be removed is removed while others go on. */
  giveBack(slot: Slot, clean: boolean): void {
    if (clean && !slot.launcher.isGone() && slot.cgroup?.stained() !== true) {
      if (slot.uid === undefined) {
        openForWriting(slot.folder);
      }
      this.#idle.push(slot);
    } else {
      this.later(this.#dissolve(slot));
    }
  }

  /** Work of the kind that nobody waits for until the pool is closed. */
  later(work: Promise<void>): void {
    const kept = work.catch(() => undefined).finally(() => this.#later.delete(kept));
    this.#later.add(kept);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live].map((slot) => this.#dissolve(slot)));
    await Promise.all(this.#later);
    this.#spare.forEach(({ path, uid }) => {
      rmSync(path, { recursive: true, force: true });
      this.#releaseUid(uid);
    });
    this.#spare = [];
    this.#place.lean?.close();
  }

  async #dissolve(slot: Slot): Promise<void> {
    this.#live.delete(slot);
    if (await dissolveSlot(slot)) {
      this.#releaseUid(slot.uid);
    }
  }

  async #make({ path, uid }: SlotFolder, kind: SlotKind): Promise<Slot> {
    const { folder, host, inherited } = this.#place;
    const lean = kind.mode === "sealed" ? this.#place.lean : undefined;
    const name = `${basename(folder)}.${basename(path)}`;
    const cgroup = makeCgroup(host, `${ownerName()}.${name}`);
    try {
      const launcher = await startLauncher({ ...kind, folder: path, uid, cgroup, inherited, lean });
      const slot = { ...kind, name, folder: path, uid, cgroup, launcher, left: {} };
      this.#live.add(slot);
      return slot;
    } catch (error) {
      cgroup?.remove();
      rmSync(path, { recursive: true, force: true });
      this.#releaseUid(uid);
      throw error;
    }
  }

  async #folder(secretPipes: number): Promise<SlotFolder> {
    if (secretPipes > 0) {
      const [own] = await this.#makeFolders(1, secretPipes);
      return own as SlotFolder;
    }
    for (let found = this.#spare.pop(); ; found = this.#spare.pop()) {
      if (found !== undefined) {
        return found;
      }
      this.#making ??= this.#makeFolders(this.#place.batch, 0)
        .then((made) => void this.#spare.push(...made))
        .finally(() => (this.#making = undefined));
      await this.#making;
    }
  }

  async #makeFolders(count: number, secretPipes: number): Promise<readonly SlotFolder[]> {
    const folders = Array.from({ length: count }, () => {
      this.#count += 1;
      return { path: join(this.#place.folder, `slot${this.#count}`), uid: this.#claimUid(), secretPipes };
    });
    await makeSlotFolders(folders);
    return folders;
  }

  /** A uid that no other runner uses now: a file named after it, made exclusively, says whose it is. */
  #claimUid(): number | undefined {
    if (process.getuid?.() !== 0) {
      return undefined;
    }
    mkdirSync(join(this.#place.scratch, "uids"), { recursive: true, mode: 0o700 });
    for (let uid = FIRST_UID; uid < FIRST_UID + UID_COUNT; uid += 1) {
      try {
        const fd = openSync(this.#uidFile(uid), "wx", 0o600);
        writeSync(fd, ownerName());
        closeSync(fd);
        return uid;
      } catch (error) {
        if (systemCode(error) !== "EEXIST") {
          throw error;
        }
      }
    }
    throw new Error(`all ${UID_COUNT} users for steps are in use`);
  }

  #releaseUid(uid: number | undefined): void {
    if (uid !== undefined) {
      rmSync(this.#uidFile(uid), { force: true });
    }
  }

  #uidFile(uid: number): string {
    return join(this.#place.scratch, "uids", String(uid));
  }
}

function isOfKind(slot: Slot, kind: SlotKind): boolean {
  return slot.mode === kind.mode && slot.secretPipes === kind.secretPipes && slot.channel === kind.channel;
}
