import {
  array,
  boolean,
  described,
  either,
  guarded,
  integer,
  literal,
  number,
  object,
  type Infer,
  type Shape,
} from "#canon/shape.ts";
import { canonicalHost, parseHostPort } from "./egress-rule.ts";
import { duration, size } from "./scalar-shapes.ts";

const ruleText: Shape<string> = guarded(
  "host:port, *.suffix:port or an IP address with a port, such as registry.acme.example:443",
  "^(?:\\[[0-9A-Fa-f:.]+\\]|[^\\[\\]:\\s]+):[1-9][0-9]{0,4}$",
  (value): value is string => typeof value === "string" && parseHostPort(value) !== undefined,
);

const host: Shape<string> = guarded(
  "a host name, *.suffix or an IP address",
  "^[^\\s/]+$",
  (value): value is string => typeof value === "string" && canonicalHost(value) !== undefined,
);

const ruleObject = object(
  { host, port: integer({ min: 1, max: 65_535 }) },
  {
    protocol: described("tls unless said otherwise; http for port 80.", literal("tls", "http", "tcp")),
    allowPrivate: described("Private and loopback addresses may be reached by this rule.", boolean()),
    maxBytes: size,
    maxRequests: integer({ min: 1 }),
  },
);

const egressRule = either([ruleText, ruleObject], (value) => (typeof value === "object" ? ruleObject : ruleText));
export type EgressRuleText = Infer<typeof egressRule>;

const egressAllowlist = described(
  "Everything that steps may reach over the network; an empty list means no network.",
  array(egressRule),
);
const mode = described(
  "sealed: steps see an allow-listed root; restricted: the host's root, read-only and masked.",
  literal("sealed", "restricted"),
);
const cpus = described("How many CPUs the processes of a step may use together; 1.5 is allowed.", number({ above: 0 }));
const memory = described("Memory of all processes of a step.", size);
const moreLimits = {
  pids: integer({ min: 1 }),
  log: described("stdout and stderr of one attempt.", size),
  artifacts: described("All declared outputs of one step.", size),
  minEnforcement: literal("kernel-tree", "kernel-process", "watchdog"),
};
const quota = { requests: integer({ min: 1 }), bytes: size };

export const sandboxShape = object(
  { mode, egressAllowlist, limits: object({ cpus, memory }, moreLimits) },
  {
    egressQuota: described("Required when the list is not empty.", object(quota)),
    wallClock: described("How long the whole run may take.", duration),
  },
  "What every step runs in. Nothing here has a default that opens anything.",
);
export type SandboxText = Infer<typeof sandboxShape>;

/** A step's own sandbox: whatever it gives may only narrow the pack's. */
export const stepSandboxShape = object(
  {},
  {
    mode,
    egressAllowlist,
    egressQuota: object({}, quota),
    limits: object({}, { cpus, memory, ...moreLimits }),
  },
  "Narrows the pack's sandbox for this step.",
);
export type StepSandboxText = Infer<typeof stepSandboxShape>;
