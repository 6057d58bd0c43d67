import { codeTable } from "#fault/code-table.ts";

/** What can be wrong with an expression: found when the plan is made, or when its step is about to run. */
export const expressionCodes = codeTable({
  EXPR_SYNTAX: {
    severity: "error",
    exitCode: 3,
    message: "{problem}",
    hint: "expressions are CEL without time, randomness and patterns; SPEC.md lists what there is",
    explanation: {
      cause:
        "The text between `${{` and `}}` is no CEL expression, or uses a part of CEL that packrun leaves out because its " +
        "result could differ between machines or its cost could grow without bound.",
      example: "when: \"${{ inputs.name.matches('^(a+)+$') }}\"",
      fix: "Correct the expression at the place that is shown. `startsWith`, `endsWith`, `contains`, `split` and the macros `all`, `exists`, `filter`, `map` do most of what patterns do.",
    },
  },
  EXPR_UNKNOWN: {
    severity: "error",
    exitCode: 3,
    message: 'nothing is called "{name}" here',
    hint: "expressions know inputs, pack, run.id, steps, and inside a map its item and index",
    explanation: {
      cause: "The expression names an input, step, output, member or function that does not exist where it stands.",
      example: 'env: {CHANNEL: "${{ inputs.chanel }}"}',
      fix: 'Correct the name. A step whose id has a hyphen is written `steps["build-sbom"]`.',
    },
  },
  EXPR_TYPE: {
    severity: "error",
    exitCode: 3,
    message: "expected {expected}, found {found}",
    hint: "string(), int(), double() and bool() convert; size() counts",
    explanation: {
      cause:
        "Types do not fit: two operands that have no operation in common, or a result that its place in the pack cannot take. " +
        "An `integer` is an int, a `number` a double, and CEL never mixes the two by itself.",
      example: 'when: "${{ steps.scan.outputs.critical }}"   # an integer, not true or false',
      fix: "Convert the value, compare it (`steps.scan.outputs.critical == 0`), or declare another type.",
    },
  },
  EXPR_ORDER: {
    severity: "error",
    exitCode: 3,
    message: 'step "{step}" is not surely finished before {viewer}',
    hint: "move it before this one, or name it in needs",
    explanation: {
      cause:
        "An expression may look only at steps that have ended whenever it is evaluated. A reference by itself makes no step wait.",
      example:
        'parallel:\n  steps:\n    - {id: build, run: {command: [make]}, outputs: {size: {type: integer}}}\n    - {id: check, env: {SIZE: "${{ steps.build.outputs.size }}"}, run: {command: [make, check]}}',
      fix: "In a sequence put the step earlier; in a `parallel` name it: `needs: [build]`.",
    },
  },
  EXPR_NUMBER: {
    severity: "error",
    exitCode: 3,
    message: "{problem}",
    hint: "numbers stay between -(2^53-1) and 2^53-1, so that every reader of the plan sees the same value",
    explanation: {
      cause:
        "A literal, a result, or a number that comes up inside the expression is not one that JSON carries exactly, or a number was divided by zero. No `||`, `&&` or macro goes on behind it.",
      example: 'env: {SHARE: "${{ 1 / (inputs.count - inputs.count) }}"}',
      fix: "Keep numbers in range, ask before dividing (`total > 0.0 && passed / total >= 0.95`), or use a string.",
    },
  },
  EXPR_ABSENT: {
    severity: "error",
    exitCode: 3,
    message: '"{name}" has no value',
    hint: "guard it with has(): has(steps.x.outputs.y) ? steps.x.outputs.y : 0",
    explanation: {
      cause:
        "The expression reads something that is not there: an optional input without a value, an output that a step did not " +
        "produce, a member or index that the data does not have.",
      example: 'env: {NOTE: "${{ inputs.note }}"}   # an optional input that was not given',
      fix: 'Give the value, give the input a `default`, or ask first: `has(inputs.note) ? inputs.note : ""`.',
    },
  },
  EXPR_REFERENCE: {
    severity: "error",
    exitCode: 3,
    message: "the {type} {digest} is neither an input of this run nor an output of one of its steps",
    hint: "use inputs.<name> or steps.<id>.outputs.<name> as they are, and declare files and folders as outputs",
    explanation: {
      cause:
        "A step got a reference to a file or directory that does not belong to its run: one that an expression made, or that a step wrote into an object which looks like one. A digest alone opens nothing, because other runs keep their files there too.",
      example:
        '- {id: sbom, run: {uses: sbom.files, with: {directory: "${{ steps.find.outputs.best }}"}}}   # best: {type: object}',
      fix: "Let the step declare the file as an output (`{file: path}`) and refer to that output.",
    },
  },
});
export type ExpressionCode = keyof typeof expressionCodes;
