import { timestampOf } from "#canon/timestamp.ts";
import type { Fault } from "#fault/fault.ts";
import type { HostFinding } from "#port/host-finding.ts";
import type { TrustChecked } from "./trust-check.ts";

/** Oldest moment that a sane clock shows: the release of this version, in milliseconds since 1970. */
const RELEASED = Date.UTC(2026, 0, 1);
/** How far file times and the clock may differ: file systems and time services round. */
const TOLERANCE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A trust root that ends this soon wants a next version. */
const SOON_MS: number = 30 * DAY_MS;
const MIB = 1024 * 1024;
/** Less room than this, and ledgers may not be written to their end. */
const LEAST_ROOM: number = 64 * MIB;
const LITTLE_ROOM: number = 1024 * MIB;

const STORE_EXIT = 10;
const KEY_EXIT = 2;
const FAILED_TRUST_EXIT = 7;

/** File systems on which locks of several hosts cannot be relied on, by their magic numbers (linux/magic.h). */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x65735546: "FUSE",
  0x01021997: "9p",
};

/** `newest`: when something was stored here last, by the time of its file. */
export function clockFinding(now: number, newest: number | undefined): HostFinding {
  const text = timestampOf(now);
  if (now < RELEASED) {
    const remedy = "set the clock";
    return {
      name: "clock",
      status: "fail",
      text: `${text} lies before this version was made`,
      remedy,
      exitCode: STORE_EXIT,
    };
  }
  return newest !== undefined && newest > now + TOLERANCE_MS
    ? {
        name: "clock",
        status: "warn",
        text: `${text} lies ${Math.round((newest - now) / 1000)} s before what was stored here last`,
        remedy: "set the clock, best by a time service: timestamps, gates and keys are judged by it",
      }
    : { name: "clock", status: "ok", text };
}

function room(bytes: number): string {
  const mib = bytes / MIB;
  return mib < 1024 ? `${Math.floor(mib)} MiB` : `${Math.floor(mib / 102.4) / 10} GiB`;
}

export type StoreFacts = {
  readonly path: string;
  /** Why it cannot be written, in words, and the folder that would have to be. */
  readonly unwritable?: { readonly problem: string; readonly folder: string };
  readonly freeBytes?: number;
  /** `f_type` of statfs(2). */
  readonly fileSystem?: number;
};

export function storeFinding({ path, unwritable, freeBytes, fileSystem = 0 }: StoreFacts): HostFinding {
  const name = "store";
  if (unwritable !== undefined) {
    const { problem, folder } = unwritable;
    const remedy = `make ${folder} writable for this user, or choose another folder with --store`;
    return { name, status: "fail", text: `${path} cannot be written: ${problem}`, remedy, exitCode: STORE_EXIT };
  }
  const text = freeBytes === undefined ? path : `${path}: ${room(freeBytes)} free`;
  const remedy = "free space on its disk, or choose another folder with --store";
  if (freeBytes !== undefined && freeBytes < LEAST_ROOM) {
    return { name, status: "fail", text, remedy, exitCode: STORE_EXIT };
  }
  if (freeBytes !== undefined && freeBytes < LITTLE_ROOM) {
    return { name, status: "warn", text, remedy };
  }
  const network = NETWORK[fileSystem];
  return network === undefined
    ? { name, status: "ok", text }
    : {
        name,
        status: "warn",
        text: `${text}, on ${network}`,
        remedy: "use a local disk: network file systems are not supported",
      };
}

/** A store that could not be opened, or does not answer. */
export function storeFaultFinding({ message, hint }: Fault): HostFinding {
  const remedy = hint === undefined ? {} : { remedy: hint };
  return { name: "store", status: "fail", text: message, ...remedy, exitCode: STORE_EXIT };
}

/** `fault`: what opening it without a password says; undefined when it opened. */
export function keyFinding(role: string, path: string, fault: Fault | undefined): HostFinding {
  const name = `key of the ${role}`;
  if (fault === undefined) {
    return { name, status: "ok", text: path };
  }
  return fault.code === "KEY_PASSWORD_MISSING"
    ? { name, status: "ok", text: `${path}, encrypted: its password is asked for when it signs` }
    : {
        name,
        status: "fail",
        text: fault.message,
        ...(fault.hint === undefined ? {} : { remedy: fault.hint }),
        exitCode: KEY_EXIT,
      };
}

/**
 * A key that opens, and may not sign what it is configured for. The requester's may be there for decisions alone, and `--as` may
 * name another; without the attestor's nothing is signed.
 */
export function rolelessFinding(
  role: "requester" | "attestor",
  path: string,
  { message, hint = "" }: Pick<Fault, "message" | "hint">,
): HostFinding {
  const found = { name: `key of the ${role}`, text: `${path}: ${message}`, remedy: hint };
  return role === "requester" ? { ...found, status: "warn" } : { ...found, status: "fail", exitCode: KEY_EXIT };
}

/** Under a pinned trust root runs sign with configured keys only: `roles` have none. */
export function keylessFinding(roles: readonly string[]): HostFinding {
  const members = roles.map((role) => `${role}: {key: FILE}`).join(" and ");
  return {
    name: "keys",
    status: "warn",
    text: `no key of the ${roles.join(" and no key of the ")} is configured: nothing can be run under the pinned trust root`,
    remedy: `name the private key in packrun.config.yaml, as ${members}`,
  };
}

const OWN_KEYS =
  "before anyone relies on the evidence, make keys of your own with `packrun keys generate NAME` and name them in packrun.config.yaml";

/** What runs sign with under development trust. `found`: what opening the key says. */
export function developmentKeyFinding(path: string, found: "absent" | "opened" | Fault): HostFinding {
  const name = "keys";
  if (found === "absent") {
    return { name, status: "ok", text: `the first run makes a development key, ${path}`, remedy: OWN_KEYS };
  }
  if (found === "opened") {
    return { name, status: "ok", text: `development key ${path}`, remedy: OWN_KEYS };
  }
  const remedy = found.hint ?? `move ${path} away: the next run makes another development key`;
  return { name, status: "fail", text: `development key: ${found.message}`, remedy, exitCode: KEY_EXIT };
}

/** `found`: what the development root that is there already is found to be. A good one is still nobody's but this folder's. */
export function developmentTrustFinding(found: HostFinding | undefined): HostFinding {
  if (found !== undefined && found.status !== "ok") {
    return found;
  }
  const about = found === undefined ? "" : ` (${found.text})`;
  return {
    name: "trust",
    status: "warn",
    text: `development trust: every role is held by one local key${about}`,
    remedy: "pin a trust root of your own with --trust before anyone relies on the evidence",
  };
}

/** `expires` in milliseconds since 1970. */
export function trustFinding(checked: TrustChecked, expires: number, now: number): HostFinding {
  const name = "trust";
  const days = Math.floor((expires - now) / DAY_MS);
  const text = `${checked.trustDomain}, version ${checked.version}`;
  const worst =
    checked.checks.find(({ status }) => status === "fail") ?? checked.checks.find(({ status }) => status === "stale");
  if (worst !== undefined) {
    const remedy = "see `packrun trust check`, and pin a good version";
    const failed = worst.status === "fail";
    return {
      name,
      status: failed ? "fail" : "warn",
      text: `${text}: ${worst.name}: ${worst.why}`,
      remedy: failed ? remedy : "pin its next version",
      ...(failed ? { exitCode: FAILED_TRUST_EXIT } : {}),
    };
  }
  return expires - now < SOON_MS
    ? {
        name,
        status: "warn",
        text: `${text}, expires in ${days} days`,
        remedy: "have its next version signed and pin it",
      }
    : { name, status: "ok", text: `${text}, expires in ${days} days` };
}
