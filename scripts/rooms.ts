/** The rooms of `src/`, as data. A room may import only the rooms of its row; every room in a row stands earlier. */
export type Room = {
  readonly name: string;
  readonly floor: "ground" | "pure" | "seam" | "doing" | "adapter" | "use" | "face";
  readonly rooms: readonly string[];
  /** npm packages and `node:` modules; `*` at the end stands for anything. */
  readonly packages: readonly string[];
  /** True when the room holds types only: importing it never runs code. */
  readonly typesOnly?: boolean;
};

const base = ["fault", "canon"];
const pure = ["pack", "plan", "run", "attest", "layout", "trust", "evidence", "verify", "bundle", "view"];

export const rooms: readonly Room[] = [
  { name: "fault", floor: "ground", rooms: [], packages: [] },
  { name: "canon", floor: "ground", rooms: ["fault"], packages: [] },
  { name: "pack", floor: "pure", rooms: base, packages: ["yaml"] },
  {
    name: "plan",
    floor: "pure",
    rooms: ["pack", ...base],
    packages: ["@marcbachmann/cel-js", "ajv/*", "ajv-formats", "re2js"],
  },
  { name: "run", floor: "pure", rooms: ["plan", "pack", ...base], packages: [] },
  { name: "attest", floor: "pure", rooms: base, packages: [] },
  { name: "layout", floor: "pure", rooms: ["attest", "plan", "pack", ...base], packages: [] },
  { name: "trust", floor: "pure", rooms: ["attest", ...base], packages: [] },
  { name: "evidence", floor: "pure", rooms: ["run", "plan", "attest", ...base], packages: [] },
  {
    name: "verify",
    floor: "pure",
    rooms: ["evidence", "trust", "layout", "attest", "run", "plan", "pack", ...base],
    packages: [],
  },
  {
    name: "bundle",
    floor: "pure",
    rooms: ["verify", "evidence", "trust", "layout", "attest", "plan", "pack", ...base],
    packages: [],
  },
  { name: "view", floor: "pure", rooms: ["verify", "evidence", "run", "plan", "pack", ...base], packages: [] },
  { name: "port", floor: "seam", rooms: [...pure, ...base], packages: [], typesOnly: true },
  {
    name: "step",
    floor: "doing",
    rooms: ["port", "run", "plan", "pack", ...base],
    packages: ["node:*", "@cyclonedx/*"],
  },
  { name: "engine", floor: "doing", rooms: ["port", "run", "plan", ...base], packages: ["node:*"] },
  { name: "folder", floor: "adapter", rooms: ["port", "pack", "plan", "run", ...base], packages: ["node:*"] },
  { name: "sandbox", floor: "adapter", rooms: ["port", "run", "plan", "pack", ...base], packages: ["node:*"] },
  { name: "secret", floor: "adapter", rooms: ["port", "run", ...base], packages: ["node:*", "age-encryption"] },
  {
    name: "policy",
    floor: "adapter",
    rooms: ["port", "plan", ...base],
    packages: ["node:*", "@open-policy-agent/opa-wasm"],
  },
  { name: "signer", floor: "adapter", rooms: ["port", "attest", ...base], packages: ["node:*", "@noble/ciphers/*"] },
  {
    name: "anchor",
    floor: "adapter",
    rooms: ["port", "trust", "attest", ...base],
    packages: ["node:*", "@peculiar/*", "@sigstore/*"],
  },
  { name: "store/memory", floor: "adapter", rooms: ["port", "evidence", "run", "plan", ...base], packages: ["node:*"] },
  { name: "store/process", floor: "adapter", rooms: ["port", ...base], packages: ["node:*"] },
  {
    name: "store/file",
    floor: "adapter",
    rooms: ["store/process", "port", "evidence", "run", "plan", ...base],
    packages: ["node:*"],
  },
  {
    name: "store/mongo",
    floor: "adapter",
    rooms: ["store/process", "port", "evidence", "run", "plan", ...base],
    packages: ["node:*", "mongodb"],
  },
  {
    name: "app",
    floor: "use",
    rooms: ["engine", "step", "port", ...pure, ...base],
    packages: ["node:*", "uuid", "@sigstore/bundle", "@cyclonedx/*", "prom-client", "@opentelemetry/api"],
  },
  {
    name: "api",
    floor: "face",
    rooms: ["app", "view", "port", "run", "plan", ...base],
    packages: ["node:*", "express", "express-rate-limit", "helmet", "jose"],
  },
  {
    name: "client",
    floor: "face",
    rooms: ["api", "app", "view", "run", "plan", ...base],
    packages: ["node:*"],
  },
  {
    name: "cli",
    floor: "face",
    rooms: ["compose", "client", "api", "app", "view", "port", ...base],
    packages: ["node:*", "commander"],
  },
];
