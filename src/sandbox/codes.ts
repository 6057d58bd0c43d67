import { codeTable } from "#fault/code-table.ts";

/** What the host cannot do (exit 8), and how a step can fail in its sandbox or with its outputs (exit 1). */
export const sandboxCodes = codeTable({
  SANDBOX_UNAVAILABLE: {
    severity: "error",
    exitCode: 8,
    message: "steps cannot be sandboxed on this host: {problem}",
    hint: "{remedy}",
    explanation: {
      cause:
        "Before anything runs, the exact sandbox is tried with a harmless program, together with things that must fail inside it. One of them went wrong, so no step is run at all.",
      example: "bubblewrap is not installed, or the kernel forbids unprivileged user namespaces",
      fix: "Do what the hint says (it depends on what failed on this host), then check with `packrun doctor`.",
    },
  },
  LIMIT_UNENFORCEABLE: {
    severity: "error",
    exitCode: 8,
    message: "the limit {limit} cannot be enforced as asked: this host has {have}, the plan needs {need}",
    hint: "{remedy}",
    explanation: {
      cause:
        "A limit is asked at a level (kernel-tree, kernel-process, watchdog) that this host cannot give, mostly because no cgroup can be written.",
      example: "limits.memory in a sealed sandbox, run by a user without a delegated cgroup",
      fix: "Do what the hint says, or accept less with `limits.minEnforcement` where the limit allows it.",
    },
  },
  STEP_SETUP: {
    severity: "error",
    exitCode: 1,
    message: "the step could not be set up: {problem}",
    hint: "nothing of the step ran; mend what is named, then run again",
    explanation: {
      cause: "The sandbox of the step could not be built, or its program is not there.",
      example: "command: [syft] where syft is not installed under /usr",
      fix: "Install the program on the host under /usr (in mode restricted also elsewhere, and call it by its path), or ship it in the pack and call it as ./name.",
    },
  },
  STEP_OOM: {
    severity: "error",
    exitCode: 1,
    message: "the step used more memory than its limit of {limit}",
    hint: "raise limits.memory, or make the step use less; files in /tmp count as memory",
    explanation: {
      cause: "Processes of the step together needed more memory than the limit; the step fails even if it went on.",
      example: "a compiler that needs 1 GiB, with limits: {cpus: 1, memory: 512Mi}",
      fix: "Raise limits.memory to a little above the peak that a good run shows, or split the work.",
    },
  },
  STEP_TIMEOUT: {
    severity: "error",
    exitCode: 1,
    message: "the step was ended after its timeout of {timeout}",
    hint: "raise the step's timeout, or find out what it waits for; it reaches no network but what egressAllowlist names",
    explanation: {
      cause: "One attempt of the step took longer than `timeout` allows; its whole process tree was ended.",
      example: "timeout: 5m on a test that hangs",
      fix: "See how far it came with `packrun runs logs RUN --step STEP`; raise `timeout`, or make the step end by itself.",
    },
  },
  STEP_LOG_TOO_LARGE: {
    severity: "error",
    exitCode: 1,
    message: "the step printed more than its limit of {limit}",
    hint: "write large output to a file and declare it as an output, or raise limits.log",
    explanation: {
      cause: "stdout and stderr of one attempt together passed limits.log; the step was ended.",
      example: "a debug log of a gigabyte with limits.log of 16Mi",
      fix: "Print less, write to a declared output file, or raise limits.log.",
    },
  },
  STEP_PIDS: {
    severity: "error",
    exitCode: 1,
    message: "the step had more processes and threads than its limit of {limit}",
    hint: "raise limits.pids, or let the step start fewer at a time",
    explanation: {
      cause:
        "Where the kernel cannot hold the number of processes, the runner counts them, and ends a step that has too many. (Where the kernel holds it, the step itself is refused another process and goes on.)",
      example: "make -j64 with limits.pids of 32, run by a user on an old kernel without a delegated cgroup",
      fix: "Raise limits.pids, or give the runner a cgroup: see `packrun doctor`.",
    },
  },
  STEP_DISK: {
    severity: "error",
    exitCode: 1,
    message: "the step was ended for the disk's sake: {problem}",
    hint: "write less, raise limits.artifacts (the working folder may hold four times as much), or free space",
    explanation: {
      cause:
        "The working folder of an attempt may hold four times limits.artifacts and at least 256 MiB, and steps may not use up the disk on which it lies: the last gibibyte (a twentieth on small disks) stays free.",
      example: "unpacking sources of 2 GiB with limits.artifacts of 100Mi",
      fix: "Raise limits.artifacts, clean up while the step works, free space, or set `sandbox.scratch` in packrun.config.yaml to a larger disk.",
    },
  },
  STEP_OUTPUT_MISSING: {
    severity: "error",
    exitCode: 1,
    message: "output {name} was not produced: {problem}",
    hint: "write it into the working folder (or $PACKRUN_OUTPUT) under exactly the declared name",
    explanation: {
      cause: "A declared output was not there when the step had ended. No evidence, no completion.",
      example: "outputs: {sbom: {file: sbom.json}}, and the step writes bom.json",
      fix: "Let the step write it, correct the path, or take the output out of the pack.",
    },
  },
  STEP_OUTPUT_TYPE: {
    severity: "error",
    exitCode: 1,
    message: "output {name} is not what was declared: {problem}",
    hint: "make the step give the declared type, or correct the declaration",
    explanation: {
      cause: "A declared output is of another type than declared, or its schema does not take it.",
      example: "{type: integer}, and $PACKRUN_OUTPUT holds a string",
      fix: "Correct what the step writes, or the output's type or schema.",
    },
  },
  STEP_OUTPUT_UNSAFE: {
    severity: "error",
    exitCode: 1,
    message: "output {name} cannot be taken safely: {problem}",
    hint: "outputs are regular files with plain names in the working folder; copy what a link points to",
    explanation: {
      cause:
        "An output is a symbolic or hard link, a device, a socket or a FIFO, or a name in it is unsafe (control characters, invalid UTF-8, twins in case or normal form).",
      example: "ln -s /etc/passwd report.txt",
      fix: "Write a regular file; `cp -L` copies what a link points to.",
    },
  },
  STEP_OUTPUT_TOO_LARGE: {
    severity: "error",
    exitCode: 1,
    message: "output {name} is too large: {problem}",
    hint: "make it smaller, or raise limits.artifacts",
    explanation: {
      cause: "The outputs of the step together pass limits.artifacts, or an output passes a fixed bound.",
      example: "a 2 GiB image with limits.artifacts of 1Gi",
      fix: "Raise limits.artifacts, or declare only what is needed.",
    },
  },
  SECRET_IN_ARTIFACT: {
    severity: "error",
    exitCode: 1,
    message: "output {name} holds the secret {secret}; neither it nor its digest was kept",
    hint: "do not write secrets into outputs; `mayContainSecrets: true` on a file or folder allows it, on the record",
    explanation: {
      cause: "The value of a secret, plain or encoded, was found in an output while it was read.",
      example: "a configuration file with the deploy token as an output",
      fix: "Keep the secret out of the output. If it has to be there, make the output a file or folder and say `mayContainSecrets: true`.",
    },
  },
});
