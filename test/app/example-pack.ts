/** The pack that the examples of explanations are fragments of. What an example says takes the place of what stands here. */
const SPEC: Readonly<Record<string, string>> = {
  inputs: `
    channel: {type: string, default: beta, schema: {enum: [beta, stable]}}
    count: {type: integer, default: 3}
    retries: {type: integer, default: 1}
    ask: {type: boolean, default: true}
    note: {type: string}
    notes: {type: string}
    artifact: {type: file, required: true}`,
  secrets: " {deployToken: {description: what it is for}}",
  approvals: " {release: {required: 1, from: [approver], ttl: 24h}}",
  policies: ' {severity: {engine: cel, expression: "true"}}',
  sandbox: " {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 512Mi}}",
  steps: `
    - {id: scan, run: {command: [make]}, outputs: {critical: {type: integer}}}
    - {id: find, run: {command: [make]}, outputs: {hosts: {type: array}, best: {type: object}, name: {type: string}}}`,
};
const HEAD = "apiVersion: packrun.dev/v1\nkind: TaskPack\n";
const METADATA = "metadata: {name: acme/release, version: 1.0.0}\n";
const SPEC_KEYS =
  /^(inputs|secrets|security|sandbox|slo|approvals|policies|failurePolicy|defaults|steps|finally|outputs):/;

/** The whole `pack.yaml` around the fragment that an example shows, by what the fragment begins with. */
export function packAround(example: string): string {
  if (/^---$/m.test(example)) {
    return `${example}\n`;
  }
  if (example.startsWith("%")) {
    return `${example}\n---\n${HEAD}${METADATA}${specOf({})}`;
  }
  if (example.startsWith("spec:")) {
    return `${HEAD}${METADATA}${example}\n`;
  }
  if (example.startsWith("metadata:")) {
    return `${HEAD}${example}\n${specOf({})}`;
  }
  if (SPEC_KEYS.test(example)) {
    const parts = example
      .split(/\n(?=\S)/)
      .map((part) => [part.slice(0, part.indexOf(":")), afterColon(part)] as const);
    return `${HEAD}${METADATA}${specOf(Object.fromEntries(parts))}`;
  }
  return `${HEAD}${METADATA}${specOf({ steps: `${SPEC["steps"]}${below(stepsOf(example))}` })}`;
}

/** A list of steps, or members of one step, which runs something if the example does not say what it does. */
function stepsOf(example: string): string {
  if (example.startsWith("- ")) {
    return example;
  }
  const acts = /^(run|gate|map|parallel):/m.test(example);
  return `- id: example\n${indented(acts ? example : `${example}\nrun: {command: [make]}`, 2)}`;
}

function specOf(own: Readonly<Record<string, string>>): string {
  const members = Object.entries({ ...SPEC, ...own }).map(([name, text]) => `  ${name}:${text}\n`);
  return `spec:\n${members.join("")}`;
}

function afterColon(part: string): string {
  const [first = "", ...rest] = part.slice(part.indexOf(":") + 1).split("\n");
  return [first, ...rest.map((line) => `  ${line}`)].join("\n");
}

function below(text: string): string {
  return `\n${indented(text, 4)}`;
}

function indented(text: string, by: number): string {
  return text
    .split("\n")
    .map((line) => `${" ".repeat(by)}${line}`)
    .join("\n");
}
