import { availableParallelism } from "node:os";
import { described, integer, object, type Infer } from "#canon/shape.ts";
import { LONGEST_INCIDENT_MS } from "../incident-time.ts";

/** `server.limits` of the configuration. */
export const limitsShape = object(
  {},
  {
    runs: described("Runs that one worker drives at a time; twice the CPUs unless given.", integer({ min: 1 })),
    runsPerTenant: described(
      "Runs of one tenant that are driven at a time, by all workers; no limit unless given.",
      integer({ min: 1 }),
    ),
    queueDepth: described("Runs of one tenant that may wait to begin; 1000 unless given.", integer({ min: 1 })),
    planSeconds: described(
      "That reading a pack and making its plan may take, in seconds; 30 unless given.",
      integer({ min: 1, max: 3600 }),
    ),
    planQueue: described(
      "Requests of one tenant that may wait for their plans; 100 unless given.",
      integer({ min: 1 }),
    ),
    incidentSeconds: described(
      "A run that takes longer than its pack's `slo.runP95Seconds`, or whose gate stands open longer than `slo.approvalP95Seconds`, opens an incident of so many seconds; none unless given.",
      integer({ min: 60, max: LONGEST_INCIDENT_MS / 1000 }),
    ),
    parallel: described(
      "Attempts of one run that run at a time; the number of CPUs unless given.",
      integer({ min: 1 }),
    ),
  },
);

export type ServiceLimits = {
  readonly runs: number;
  readonly runsPerTenant: number;
  readonly queueDepth: number;
  readonly parallel: number;
  readonly planSeconds: number;
  readonly planQueue: number;
  readonly incidentSeconds?: number;
};

export function serviceLimits(given: Infer<typeof limitsShape>): ServiceLimits {
  const cpus = availableParallelism();
  return {
    runs: 2 * cpus,
    runsPerTenant: Number.POSITIVE_INFINITY,
    queueDepth: 1000,
    parallel: cpus,
    planSeconds: 30,
    planQueue: 100,
    ...given,
  };
}
