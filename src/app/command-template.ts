import type { NewFile } from "./new-file.ts";

/** A program of the pack, a script, and a policy over what they give. */
export function commandTemplate(name: string): readonly NewFile[] {
  return [
    {
      path: "pack.yaml",
      executable: false,
      text: `apiVersion: packrun.dev/v1
kind: TaskPack
metadata:
  name: ${name}
  version: 0.1.0
  title: Greet everybody on a list
spec:
  inputs:
    people:
      type: array
      default: [Ada, Grace]
      schema: {items: {type: string}, maxItems: 20}
  sandbox:
    mode: sealed
    egressAllowlist: []
    limits: {cpus: 1, memory: 64Mi, minEnforcement: watchdog} # watchdog: for hosts without control groups; better without
    wallClock: 2m
  policies:
    everybody: {engine: cel, expression: "steps.count.outputs.lines == size(inputs.people)"}
  defaults: {timeout: 30s}
  steps:
    - id: greet
      env: {PEOPLE: '\${{ inputs.people.join("\\n") }}'}
      run: {command: [./bin/greet.sh]}
      outputs:
        greetings: {file: greetings.txt, mediaType: text/plain}
    - id: count
      inputs: {greetings: "\${{ steps.greet.outputs.greetings }}"}
      run:
        script: |
          printf '{"lines": %d}' "$(wc -l < "$PACKRUN_IN/greetings")" > "$PACKRUN_OUTPUT"
      outputs:
        lines: {type: integer}
    - id: complete
      gate: {policy: everybody}
  outputs:
    greetings: {from: "\${{ steps.greet.outputs.greetings }}"}
`,
    },
    {
      path: "bin/greet.sh",
      executable: true,
      text: `#!/bin/sh
set -eu
printf '%s\\n' "$PEOPLE" | sed 's/^/Hello, /' | tee greetings.txt
`,
    },
  ];
}
