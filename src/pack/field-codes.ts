import { codeTable } from "#fault/code-table.ts";

/** What is wrong with single fields of a pack, whatever they are about. */
export const fieldCodes = codeTable({
  PACK_UNKNOWN_FIELD: {
    severity: "error",
    exitCode: 3,
    message: 'unknown field "{name}"',
    hint: "remove it, or move what carries no meaning for execution into metadata.annotations",
    explanation: {
      cause:
        "The schema of a pack is closed: a field that is not known could be a typing error that changes what runs.",
      example: "run: {comand: [echo, hi]}",
      fix: "Correct the name (`packrun lint PACK --fix` does where only one is near), move the field to where it belongs, or remove it.",
    },
  },
  PACK_MISSING_FIELD: {
    severity: "error",
    exitCode: 3,
    message: 'field "{name}" is missing',
    hint: 'add "{name}" here',
    explanation: {
      cause: "A field that has no safe default was left out.",
      example: "metadata: {name: acme/mirror}   # no version",
      fix: "Add the field: `metadata: {name: acme/mirror, version: 1.0.0}`.",
    },
  },
  PACK_TYPE: {
    severity: "error",
    exitCode: 3,
    message: "expected {expected}, found {found}",
    hint: "give a value of this type",
    explanation: {
      cause:
        "A value has another type than its field takes. YAML reads 2.1, true and null as number, boolean and null.",
      example: "metadata: {name: acme/release, version: 2.1}",
      fix: 'Give a value of the right type, and put strings that look like something else in quotes: `version: "2.1.0"`. `packrun lint PACK --fix` puts the quotes.',
    },
  },
  PACK_VALUE: {
    severity: "error",
    exitCode: 3,
    message: "{problem}",
    hint: "SPEC.md, section 2.1, says what each field takes",
    explanation: {
      cause: "A value has the right type but is not allowed at its place.",
      example: "timeout: 5 minutes",
      fix: "Give a value of the form that the message names: `timeout: 5m`.",
    },
  },
  PACK_STEP_KIND: {
    severity: "error",
    exitCode: 3,
    message: "{problem}",
    hint: "a step has exactly one of run, gate, map and parallel; a run exactly one of command, script and uses",
    explanation: {
      cause: "It is not certain what the step does: nothing says it, or more than one thing does.",
      example: "- {id: build, run: {command: [make], script: make}}",
      fix: "Keep one of them; make a second step for the other.",
    },
  },
  PACK_DUPLICATE_ID: {
    severity: "error",
    exitCode: 3,
    message: 'step id "{id}" stands twice',
    hint: "give each step of the pack its own id",
    explanation: {
      cause: "Two steps of the pack have one id; ids are unique in the whole pack, containers and finally included.",
      example: "- {id: lint, run: {command: [make, lint]}}\n- {id: lint, run: {command: [make, check]}}",
      fix: "Rename one of them and the references to it.",
    },
  },
  PACK_NEEDS_UNKNOWN: {
    severity: "error",
    exitCode: 3,
    message: 'step "{id}" needs "{need}", which is no sibling of it',
    hint: "needs names steps of the same parallel block",
    explanation: {
      cause: "`needs` orders the direct children of one `parallel`; it cannot name any other step.",
      example: "parallel: {steps: [{id: a, needs: [outside], run: {command: [make, a]}}]}",
      fix: "Name a sibling, or put the step behind the whole parallel block.",
    },
  },
  PACK_NEEDS_CYCLE: {
    severity: "error",
    exitCode: 3,
    message: "these steps wait for each other: {cycle}",
    hint: "remove one of the needs",
    explanation: {
      cause: "The `needs` of some steps form a circle, so none of them could ever start.",
      example:
        "parallel:\n  steps:\n    - {id: a, needs: [b], run: {command: [make, a]}}\n    - {id: b, needs: [a], run: {command: [make, b]}}",
      fix: "Remove the need that goes backwards: `needs: [b]` of `a`.",
    },
  },
  PACK_ID_UNKNOWN: {
    severity: "error",
    exitCode: 3,
    message: '{kind} "{id}" is not declared',
    hint: "declare it under {section}",
    explanation: {
      cause: "A gate names an approval rule or a policy that the pack does not declare.",
      example: "gate: {approval: relaese}",
      fix: "Correct the name, or declare it: `approvals: {relaese: {required: 1, from: [approver], ttl: 24h}}`.",
    },
  },
  PACK_FILE_MISSING: {
    severity: "error",
    exitCode: 3,
    message: '"{path}" {problem}',
    hint: "add the file to the pack folder, or correct the path",
    explanation: {
      cause:
        "What was given as a pack has no pack.yaml; or the pack names a file of its own that is not in its folder, or that must be executable and is not.",
      example: "run: {command: [./tools/scan.sh]}   # there is no tools/scan.sh",
      fix: "Name the folder of a pack, or write one with `packrun init DIR`. In a pack add the file, correct the path, or make it executable: `chmod +x tools/scan.sh`.",
    },
  },
  PACK_FILE_UNSAFE: {
    severity: "error",
    exitCode: 3,
    message: '"{path}" cannot be part of a pack: {problem}',
    hint: "keep only regular files with portable names in the folder",
    explanation: {
      cause: "Only regular files with names that mean the same everywhere can be digested, copied and approved.",
      example: "a symbolic link, a FIFO, or README.md beside readme.md",
      fix: "Replace links by the files that they point to (`cp -L`), rename files, and remove everything that is no regular file.",
    },
  },
  PACK_EXPR_IN_SCRIPT: {
    severity: "error",
    exitCode: 3,
    message: "an expression is not allowed in {where}",
    hint: "pass the value through env and use it as a quoted variable",
    explanation: {
      cause:
        "Text pasted into shell code can become code; the name of a program must be known when the plan is approved.",
      example: 'run: {script: "deploy ${{ inputs.channel }}"}',
      fix: 'Write `env: {CHANNEL: "${{ inputs.channel }}"}` beside `run`, and `deploy "$CHANNEL"` in the script.',
    },
  },
});
