import type { NewFile } from "./new-file.ts";

/** Builds, waits until a person agrees to just these bytes, hands out. */
export function releaseTemplate(name: string): readonly NewFile[] {
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
