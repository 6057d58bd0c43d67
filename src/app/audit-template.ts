import type { NewFile } from "./new-file.ts";

/** Looks at a folder, reports what it finds whether it is good or not, and lets a policy say which. */
export function auditTemplate(name: string): readonly NewFile[] {
  return [
    {
      path: "pack.yaml",
      executable: false,
      text: `apiVersion: packrun.dev/v1
kind: TaskPack
metadata:
  name: ${name}
  version: 0.1.0
  title: Audit a folder
spec:
  inputs:
    subject: {type: directory, description: "what is looked at; without it, the folder example"}
    largestKiB: {type: integer, default: 64, schema: {minimum: 1}}
  sandbox:
    mode: sealed
    egressAllowlist: []
    limits: {cpus: 1, memory: 64Mi, minEnforcement: watchdog} # watchdog: for hosts without control groups; better without
    wallClock: 5m
  policies:
    clean: {engine: cel, expression: "steps.report.outputs.findings == 0"}
  defaults: {timeout: 1m}
  steps:
    - id: checks
      parallel:
        steps:
          - id: inventory
            run:
              uses: sbom.files
              with: {directory: "\${{ has(inputs.subject) ? dyn(inputs.subject) : 'example' }}", name: ${name}, version: "0"}
          - id: sizes
            env:
              SUBJECT: "\${{ has(inputs.subject) ? inputs.subject.path : '/run/packrun/pack/example' }}"
              LARGEST: "\${{ inputs.largestKiB }}"
            run: {command: [./bin/check-sizes.sh]}
            outputs: {findings: {file: findings.txt}}
          - id: owners
            env: {SUBJECT: "\${{ has(inputs.subject) ? inputs.subject.path : '/run/packrun/pack/example' }}"}
            run: {command: [./bin/check-owners.sh]}
            outputs: {findings: {file: findings.txt}}
    - id: report
      inputs: {sizes: "\${{ steps.sizes.outputs.findings }}", owners: "\${{ steps.owners.outputs.findings }}"}
      run:
        script: |
          cat "$PACKRUN_IN/sizes" "$PACKRUN_IN/owners" | tee report.txt
          printf '{"findings": %d}' "$(wc -l < report.txt)" > "$PACKRUN_OUTPUT"
      outputs:
        report: {file: report.txt, mediaType: text/plain}
        findings: {type: integer}
    - id: verdict
      gate: {policy: clean}
  outputs:
    report: {from: "\${{ steps.report.outputs.report }}"}
    inventory: {from: "\${{ steps.inventory.outputs.sbom }}"}
`,
    },
    ...checks,
  ];
}

const checks: readonly NewFile[] = [
  {
    path: "bin/check-sizes.sh",
    executable: true,
    text: `#!/bin/sh
# One line for each file of $SUBJECT that is larger than $LARGEST KiB.
set -eu
find "$SUBJECT" -type f -size +"$LARGEST"k -printf 'too large: %P\\n' > findings.txt
`,
  },
  {
    path: "bin/check-owners.sh",
    executable: true,
    text: `#!/bin/sh
# One line when nobody is named who answers for $SUBJECT.
set -eu
if [ -s "$SUBJECT/OWNERS" ]; then
  : > findings.txt
else
  echo "nobody answers for it: there is no OWNERS" > findings.txt
fi
`,
  },
  { path: "example/OWNERS", executable: false, text: "platform-team\n" },
  { path: "example/notes.txt", executable: false, text: "What is looked at while no subject is given.\n" },
];
