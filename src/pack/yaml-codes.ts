import { codeTable } from "#fault/code-table.ts";

/** Everything that the strict YAML reader refuses. */
export const yamlCodes = codeTable({
  YAML_SYNTAX: {
    severity: "error",
    exitCode: 3,
    message: "not YAML: {problem}",
    hint: "correct the YAML here; what follows may be read wrongly until then",
    explanation: {
      cause: "The text breaks a rule of YAML 1.2, so its structure is not certain.",
      example: "run: {command: [echo, hi}",
      fix: "Close every bracket and quote, indent with spaces, put a space after `:` and `-`, then run `packrun lint PACK` again.",
    },
  },
  YAML_ENCODING: {
    severity: "error",
    exitCode: 3,
    message: "the text holds {problem}",
    hint: "save the file as UTF-8 text",
    explanation: {
      cause: "The file is not UTF-8, or holds control characters that YAML does not allow.",
      example: "a file saved as UTF-16, or a NUL byte in it",
      fix: "Save the file as UTF-8. Write control characters as escapes in a double-quoted string.",
    },
  },
  YAML_TOO_LARGE: {
    severity: "error",
    exitCode: 3,
    message: "the text has {size} bytes, at most {limit} are allowed",
    hint: "move long scripts and data into files of the pack",
    explanation: {
      cause: "A pack.yaml may have at most 8 MiB.",
      example: "a data set of 20 MB written as the default of an input",
      fix: "Keep data in files beside pack.yaml and name them there.",
    },
  },
  YAML_TOO_DEEP: {
    severity: "error",
    exitCode: 3,
    message: "lists and mappings are nested deeper than {limit} levels",
    hint: "flatten the value",
    explanation: {
      cause: "Lists and mappings may be nested 64 levels deep.",
      example: "an input with a default of 65 brackets: [[[[…]]]]",
      fix: "Write fewer levels, or keep the value as a JSON file of the pack that the step reads.",
    },
  },
  YAML_TOO_MANY_NODES: {
    severity: "error",
    exitCode: 3,
    message: "the text has more than {limit} {what}",
    hint: "move data into files of the pack",
    explanation: {
      cause:
        "A pack.yaml may hold at most 500,000 keys and values, and 300,000 line ends, comments and other tokens beside six for each of these.",
      example: "a list of a million hosts as a default",
      fix: "Keep data in files, remove blank lines and comments, or split the pack.",
    },
  },
  YAML_ANCHOR: {
    severity: "error",
    exitCode: 3,
    message: "anchor {name} is not allowed",
    hint: "write the value out where it is needed",
    explanation: {
      cause: "Anchors make a value appear in places where a reader does not see it.",
      example: "defaults: {retry: &thrice {maxAttempts: 3}}",
      fix: "Write the value out; `spec.defaults` covers timeouts and retries.",
    },
  },
  YAML_ALIAS: {
    severity: "error",
    exitCode: 3,
    message: "alias {name} is not allowed",
    hint: "write the value out; a text that starts with * needs quotes",
    explanation: {
      cause: "Aliases repeat a value from another place and can grow a small text without bound.",
      example: "retry: *thrice",
      fix: "Write the value out. Put a text that starts with `*` in quotes.",
    },
  },
  YAML_TAG: {
    severity: "error",
    exitCode: 3,
    message: "tag {name} is not allowed",
    hint: "remove the tag; a text that starts with ! needs quotes",
    explanation: {
      cause: "Tags change the type of a value; a pack holds plain JSON data only.",
      example: "metadata: {name: acme/release, version: !!str 2.0.0}",
      fix: 'Remove the tag; quote what must be a string: `version: "2.0.0"`.',
    },
  },
  YAML_DIRECTIVE: {
    severity: "error",
    exitCode: 3,
    message: "directive {name} is not allowed",
    hint: "remove the line",
    explanation: {
      cause: "Directives change how the rest of the text is read; a pack is always YAML 1.2.",
      example: "%YAML 1.1",
      fix: "Remove every line that begins with `%`.",
    },
  },
  YAML_MERGE_KEY: {
    severity: "error",
    exitCode: 3,
    message: "merge key << is not allowed",
    hint: "write the members out",
    explanation: {
      cause: "Merge keys are not part of YAML 1.2 and hide members from the reader.",
      example: "- {id: build, <<: {timeout: 5m}, run: {command: [make]}}",
      fix: "Write the members out where they are needed: `timeout: 5m`.",
    },
  },
  YAML_MULTIPLE_DOCUMENTS: {
    severity: "error",
    exitCode: 3,
    message: "a second document starts here",
    hint: "keep one document; remove this `---` and what follows",
    explanation: {
      cause: "A pack.yaml holds exactly one YAML document.",
      example:
        "apiVersion: packrun.dev/v1\nkind: TaskPack\nmetadata: {name: acme/a, version: 1.0.0}\nspec:\n  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 256Mi}}\n  steps: [{id: build, run: {command: [make]}}]\n---\nkind: TaskPack   # a second one",
      fix: "Put each pack into a folder of its own.",
    },
  },
  YAML_DUPLICATE_KEY: {
    severity: "error",
    exitCode: 3,
    message: 'key "{name}" stands twice in the same mapping',
    hint: "keep one of the two",
    explanation: {
      cause: 'Readers differ in which of two equal keys they take, so neither is safe. `1` and `"1"` are equal keys.',
      example: "defaults: {timeout: 1m, timeout: 5m}",
      fix: "Keep the one that is meant: `defaults: {timeout: 5m}`.",
    },
  },
  YAML_KEY_TYPE: {
    severity: "error",
    exitCode: 3,
    message: "a key must be a string, found {found}",
    hint: "put the key in quotes",
    explanation: {
      cause: "Keys of a pack are strings; numbers, booleans, null, lists and mappings are not.",
      example: "metadata: {name: acme/web, version: 1.0.0, labels: {8080: web}}",
      fix: 'Put the key in quotes: `labels: {"8080": web}`.',
    },
  },
  YAML_NUMBER_UNSAFE: {
    severity: "error",
    exitCode: 3,
    message: "number {found} cannot be kept exactly",
    hint: "put it in quotes if it is a name or an id; integers reach from -(2^53-1) to 2^53-1",
    explanation: {
      cause: "Integers beyond 2^53-1 lose digits when they are read as JSON; .nan and .inf are no JSON numbers.",
      example: "inputs: {build: {type: integer, default: 12345678901234567890}}",
      fix: "Declare ids as strings and quote them; use numbers for amounts within the range.",
    },
  },
  YAML_SURROGATE: {
    severity: "error",
    exitCode: 3,
    message: "the string holds half of a surrogate pair",
    hint: "write the character itself, or both halves",
    explanation: {
      cause: "A lone UTF-16 surrogate is no character and has no UTF-8 form.",
      example: 'title: "done \\ud83d"',
      fix: 'Write the character itself, or its full escape: `"\\U0001F600"`.',
    },
  },
});
