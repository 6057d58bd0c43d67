type PackFile = { readonly path: string; readonly text: string; readonly executable: boolean };

/** What `init` writes: for each template the files of a whole pack of this name. */
export const packTemplates = { hello: helloPack, release: releasePack } as const;
export type TemplateName = keyof typeof packTemplates;

function helloPack(name: string): readonly PackFile[] {
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

function releasePack(name: string): readonly PackFile[] {
  return [
    {
      path: "pack.yaml",
      executable: false,
      text: `apiVersion: packrun.dev/v1
kind: TaskPack
metadata:
  name: ${name}
  version: 0.1.0
  title: Build an archive and release it once it is approved
spec:
  inputs:
    version: {type: string, default: 0.1.0, schema: {pattern: "^[0-9]+[.][0-9]+[.][0-9]+$"}}
  sandbox:
    mode: sealed
    egressAllowlist: []
    limits: {cpus: 1, memory: 64Mi, minEnforcement: watchdog} # watchdog: for hosts without control groups; better without
    wallClock: 5m
  approvals:
    release: {required: 1, from: [approver], ttl: 8h, separationOfDuties: true, reasonRequired: true}
  defaults: {timeout: 1m}
  steps:
    - id: build
      env: {VERSION: "\${{ inputs.version }}"}
      run: {command: [./bin/build.sh]}
      outputs:
        archive: {file: release.tar, mediaType: application/x-tar}
        sha256: {type: string}
    - id: signoff
      gate:
        approval: release
        message: "Release \${{ inputs.version }} with SHA-256 \${{ steps.build.outputs.sha256 }}"
    - id: release
      inputs: {archive: "\${{ steps.build.outputs.archive }}"}
      env: {VERSION: "\${{ inputs.version }}"}
      run:
        script: |
          cp "$PACKRUN_IN/archive" "release-$VERSION.tar"
          sha256sum "release-$VERSION.tar" | tee SHA256SUMS
      outputs:
        checksums: {file: SHA256SUMS, mediaType: text/plain}
  outputs:
    archive: {from: "\${{ steps.build.outputs.archive }}"}
    checksums: {from: "\${{ steps.release.outputs.checksums }}"}
`,
    },
    {
      path: "bin/build.sh",
      executable: true,
      text: `#!/bin/sh
set -eu
mkdir content
printf 'version %s\\n' "$VERSION" > content/VERSION
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf release.tar content
printf '{"sha256": "%s"}' "$(sha256sum release.tar | cut -d ' ' -f 1)" > "$PACKRUN_OUTPUT"
`,
    },
  ];
}
