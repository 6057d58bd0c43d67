import { codeTable } from "./code-table.ts";

/** What every store of runs and artifacts may answer; one table, because the stores stand in rooms of their own. */
export const storeCodes = codeTable({
  RUN_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "there is no run {runId} for tenant {tenantId}",
    hint: "list the runs that there are with `packrun runs list`; --store and --tenant choose where to look",
    explanation: {
      cause: "The store holds no run of this id for this tenant. Runs of other tenants are never seen.",
      example: "packrun runs show RUN   # in another folder than the one in which the run was started",
      fix: "Check the id, and name the store and the tenant with --store and --tenant.",
    },
  },
  RUN_EXISTS: {
    severity: "error",
    exitCode: 2,
    message: "there is already another run {runId}",
    hint: "start the run again: it gets an id of its own",
    explanation: {
      cause: "A run was to be created under an id that the store already knows for another run.",
      example: "a run folder was copied by hand into .packrun/runs",
      fix: "Start the run again. The run that is there was not touched.",
    },
  },
  LEASE_LOST: {
    severity: "error",
    exitCode: 10,
    message: "run {runId} is no longer driven by this process",
    hint: "another process has taken the run over; follow it with `packrun runs show {runId}`",
    explanation: {
      cause:
        "Only the holder of a run's lease writes its ledger; this process was away so long that another took over.",
      example: "the machine slept for a minute, and `packrun resume` was started meanwhile",
      fix: "Nothing: the other process goes on. If it has ended, `packrun resume RUN` goes on from the ledger.",
    },
  },
  STORE_FULL: {
    severity: "error",
    exitCode: 10,
    message: "the store is full: {problem}",
    hint: "free some space, then `packrun resume` goes on; the ledger is whole",
    explanation: {
      cause: "The disk, a quota or a size limit left no room for the next event or artifact.",
      example: "No space left on device under .packrun/runs",
      fix: "Make room on the disk, or mend the quota, then `packrun resume RUN`. Nothing that was recorded is lost; `docs/runbook.md` says what may be moved away.",
    },
  },
  STORE_UNAVAILABLE: {
    severity: "error",
    exitCode: 10,
    message: "the store cannot be used: {problem}",
    hint: "check that the folder exists, belongs to this user and is writable, and that the disk is sound; --store names another",
    explanation: {
      cause:
        "The store's files cannot be read or written: rights, a read-only or failing disk, or a lock that stays held.",
      example: "Read-only file system under .packrun",
      fix: "Repair the cause, then resume the run. Nothing that was recorded is lost.",
    },
  },
  STORE_CORRUPT: {
    severity: "error",
    exitCode: 10,
    message: "{file} of the store is damaged: {problem}",
    hint: "take the file from a backup; `packrun store reindex` makes the index again",
    explanation: {
      cause: "A file of the store does not hold what packrun writes there.",
      example: "run.json of a run was edited or cut off",
      fix: "Restore the run's folder. The ledger itself can be read with `packrun runs ledger RUN`.",
    },
  },
  FILE_PATH: {
    severity: "error",
    exitCode: 2,
    message: "{path} cannot be the path of a run's file",
    hint: "use a relative path of letters, digits and . _ - [ ] : @ +, and not one of the store's own names",
    explanation: {
      cause: "Files beside a ledger have plain relative paths, so that none can leave the run's folder.",
      example: "../other-run/ledger.jsonl",
      fix: "Use another path.",
    },
  },
  FILE_MISSING: {
    severity: "error",
    exitCode: 10,
    message: "run {runId} has no file {path}",
    hint: "take the run's folder from a backup if the file was there before",
    explanation: {
      cause: "A file that was asked for does not stand beside the run's ledger.",
      example: "approvals/release/request.json of a gate that was never opened",
      fix: "Check whether the run has come so far; otherwise restore its folder.",
    },
  },
  FILE_CONFLICT: {
    severity: "error",
    exitCode: 10,
    message: "{path} is already there with other bytes",
    hint: "files of a run are written once; nothing was changed",
    explanation: {
      cause: "A file of a run, or a path outside the store, was to be written a second time with different content.",
      example: "two different inputs.lock for one run",
      fix: "Find out who wrote the first one; a run's plan, lock and requests never change.",
    },
  },
  ARTIFACT_MISSING: {
    severity: "error",
    exitCode: 10,
    message: "artifact {digest} is not in the store",
    hint: "restore the artifacts folder, or start a new run that makes the artifact again",
    explanation: {
      cause: "The ledger or a request names an artifact that the store does not hold for this tenant.",
      example: "the artifacts folder was cleaned by hand",
      fix: "Restore it from a backup, or run again.",
    },
  },
  ARTIFACT_CORRUPT: {
    severity: "error",
    exitCode: 7,
    message: "the stored bytes of artifact {digest} are not the ones that it names",
    hint: "restore the file from a backup; check the disk, and who can write to the artifacts folder",
    explanation: {
      cause: "Artifacts are checked against their digest whenever they are read, and this one differs.",
      example: "a stored file was edited, or the disk lost a block",
      fix: "Restore the file from a backup, or start a new run. The damaged bytes were not used.",
    },
  },
});
