import { readFileSync, readlinkSync } from "node:fs";
import { readMountTable } from "../root/mount-table.ts";

const STATUS = /^(?:Cap(?:Eff|Bnd)|NoNewPrivs|Seccomp(?:_filters)?):/;

/**
 * Within what this very process is held, beside kernel and user: a sandbox that can be built in one container cannot in
 * another on the same host.
 */
export function ownBounds(): readonly string[] {
  const status = readFileSync("/proc/self/status", "latin1").split("\n");
  const mounts = readMountTable().split("\n");
  return [
    readlinkSync("/proc/self/ns/user"),
    ...status.filter((line) => STATUS.test(line)),
    // Where it is mounted and how: the fourth and fifth field behind what differs from mount to mount.
    ...mounts.map((line) => line.split(" ").slice(4, 6).join(" ")).filter((place) => /^\/proc[/ ]/.test(place)),
  ];
}
