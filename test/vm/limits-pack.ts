/** Steps that go to the limits of their sandbox, each in its own way, none after the other. */
export function limitsPack(name: string, minEnforcement?: string): string {
  const least = minEnforcement === undefined ? "" : `, minEnforcement: ${minEnforcement}`;
  return `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: vm/${name}, version: 1.0.0}
spec:
  sandbox:
    mode: sealed
    egressAllowlist: []
    limits: {cpus: 0.5, memory: 64Mi, pids: 24, log: 1Mi, artifacts: 8Mi${least}}
  defaults: {timeout: 5m}
  steps:
    - id: all
      parallel:
        maxParallel: 1
        steps:
          - id: memory
            run: {script: "perl -e '$x = q(x) x (300 << 20); sleep 60' || true; echo survived"}
          - id: peak
            run: {script: "perl -e '$x = q(x) x (16 << 20); sleep 1'"}
          - id: pids
            run: {command: [perl, -e, "my $n = 1; while (1) { my $p = fork; last if !defined $p; if (!$p) { sleep 60; exit } $n++ } print $n"]}
          - id: cpu
            run: {command: [perl, -e, "my $t = time + 4; 1 while time < $t"]}
          - id: processors
            run: {script: nproc}
          - id: io
            run: {script: "head -c 8M /dev/zero > f; sync f"}
          - id: tree
            run: {script: "setsid sleep 4031 & (trap '' TERM HUP; exec setsid sleep 4031) & sleep 0.2"}
          - id: disk
            run: {script: "n=0; while :; do n=$((n + 1)); head -c 20M /dev/zero > f$n; done"}
`;
}

/** One step that says that it runs and then sleeps. */
export const sleepingPack = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: vm/sleeping, version: 1.0.0}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  defaults: {timeout: 5m}
  steps:
    - id: sleep
      run: {script: "echo up; setsid sleep 4032 & sleep 4032"}
`;
