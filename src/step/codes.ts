import { codeTable } from "#fault/code-table.ts";
import { documentCodes } from "./document-codes.ts";

export const stepCodes = codeTable({
  ...documentCodes,
  STEP_WITH_INVALID: {
    severity: "error",
    exitCode: 3,
    message: "with of {builtIn} is not as it asks: {problem}",
    hint: "compare with the built-in's fields in SPEC.md",
    explanation: {
      cause:
        "When the step was about to run, what the expressions in its `with` gave did not have the shape that the built-in asks for.",
      example:
        '- {id: sbom, run: {uses: sbom.files, with: {directory: "${{ steps.find.outputs.best }}"}}}   # best has no path',
      fix: "See what the expression gives (`packrun runs logs RUN --step STEP` of the step that it reads), and give each field a value of the right type.",
    },
  },
  BUNDLE_FILE_MISSING: {
    severity: "error",
    exitCode: 1,
    message: "the bundle {source} is not there",
    hint: "let source name a file input, a file output or a file of the pack",
    explanation: {
      cause:
        "A path that an expression gives while the run is on its way names no file of the pack, or the stored bytes of the bundle are gone. A path that the pack spells out is looked for when the plan is made: PACK_FILE_MISSING.",
      example:
        '- {id: ingest, run: {uses: bundle.ingest, with: {source: "feeds/${{ steps.find.outputs.name }}.tar", checksum: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}}',
      fix: "Let the step before it give the path of a file of the pack, or declare the bundle as an output (`{file: path}`) and name that.",
    },
  },
  BUNDLE_CHECKSUM_REQUIRED: {
    severity: "error",
    exitCode: 3,
    message: "bundle.ingest has no checksum to hold the file to",
    hint: "give checksum or checksumSha256: the SHA-256 that the bundle's publisher names",
    explanation: {
      cause: "A bundle is staged only when its SHA-256 is known beforehand, and neither field gives one.",
      example: '- {id: ingest, run: {uses: bundle.ingest, with: {source: "${{ inputs.artifact }}"}}}',
      fix: "Add `checksum: sha256:` and its 64 hex digits, or `checksumSha256:` with the bare digits, from a source that you trust.",
    },
  },
  BUNDLE_CHECKSUM_MISMATCH: {
    severity: "error",
    exitCode: 1,
    message: "the bundle {source} has the SHA-256 {actual}, not {expected}",
    hint: "nothing was staged; take the bundle from its publisher again",
    explanation: {
      cause: "The bytes of the bundle are not those that the checksum was made of.",
      example: "a download that broke off, or a bundle that was replaced after the checksum was published",
      fix: "Get the bundle again and compare with the publisher's checksum; change the checksum only if that changed.",
    },
  },
  BUNDLE_FILENAME_UNSAFE: {
    severity: "error",
    exitCode: 3,
    message: "{filename} cannot name a staged bundle",
    hint: "use one plain file name: no slash, no control character, at most 255 bytes, not metadata.json",
    explanation: {
      cause: "The bundle is staged as one file in its own folder; this name would leave it or hide what is there.",
      example:
        '- {id: ingest, run: {uses: bundle.ingest, with: {source: "${{ inputs.artifact }}", checksum: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", filename: ../../etc/passwd}}}',
      fix: "Set `filename` to a plain name such as `feeds-2026-01.tar`.",
    },
  },
  BUNDLE_STAGING_FAILED: {
    severity: "error",
    exitCode: 1,
    message: "the bundle could not be staged: {problem}",
    hint: "look at free space and permissions of the artifacts folder",
    explanation: {
      cause: "The runner could not write below `<ArtifactsPath>/bundles`.",
      example: "a full disk, or a folder that belongs to another user",
      fix: "Make room (`df -h` shows where), or correct the permissions, then run again; staging can be repeated.",
    },
  },
  FETCH_URL: {
    severity: "error",
    exitCode: 3,
    message: "the url of http.fetch is refused: {problem}",
    hint: "write the whole URL, beginning with https:// or http://, without a user and without secrets",
    explanation: {
      cause:
        "The URL stands in the plan and in the evidence, so it must hold no password, and it must be readable in one way only.",
      example:
        '- {id: fetch, run: {uses: http.fetch, with: {url: "https://user:password@registry.acme.example/feed.tar", checksumSha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}}}',
      fix: "Remove the user, white space and the fragment. What needs a login has to be fetched by a `command` with a secret.",
    },
  },
  FETCH_NOT_ALLOWED: {
    severity: "error",
    exitCode: 3,
    message: "no egress rule of the step allows {target} over {protocol}",
    hint: "add {target} to sandbox.egressAllowlist (of the pack, and of the step where it has its own)",
    explanation: {
      cause:
        "A built-in reaches the network under the same rules as a command. An https URL needs a rule with protocol tls, an http URL one with protocol http.",
      example:
        '- {id: fetch, run: {uses: http.fetch, with: {url: "https://cdn.acme.example/feed.tar", checksumSha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}}}   # egressAllowlist: []',
      fix: 'Add `"cdn.acme.example:443"` to `egressAllowlist`, with an `egressQuota`, and have the new plan approved.',
    },
  },
  FETCH_REDIRECT: {
    severity: "error",
    exitCode: 1,
    message: "{host} answered {status} and points to {to}",
    hint: "fetch from {to} itself, with a rule that allows it; redirects are not followed",
    explanation: {
      cause: "A redirect leads to a place that nobody approved, so it is never followed.",
      example: "a release page that redirects to a content delivery network",
      fix: "Write the final URL in the pack, allow its host, and have the new plan approved.",
    },
  },
  FETCH_STATUS: {
    severity: "error",
    exitCode: 1,
    message: "{host} answered {status}, not 200",
    hint: "check that the URL is right and that the file is still there",
    explanation: {
      cause: "Only an answer with status 200 carries the file that was asked for.",
      example: "404 for a release that was withdrawn, or 503 from a host that is overloaded",
      fix: "Correct the URL; where the host is only busy at times, give the step `retry: {maxAttempts: 3}`.",
    },
  },
  FETCH_TOO_LARGE: {
    severity: "error",
    exitCode: 1,
    message: "what {host} sends is larger than {limit} bytes",
    hint: "raise maxBytes of the step, or limits.artifacts, if the file is really so large",
    explanation: {
      cause: "The transfer was ended at `maxBytes`, or at `limits.artifacts` of the step's sandbox; nothing was kept.",
      example: "a download of 2 GiB with limits.artifacts: 1Gi",
      fix: "Raise the limit in the pack and have the new plan approved.",
    },
  },
  FETCH_CHECKSUM: {
    severity: "error",
    exitCode: 1,
    message: "what {host} sent has the SHA-256 {actual}, not {expected}",
    hint: "nothing was kept; ask the publisher why the file has changed",
    explanation: {
      cause: "The bytes are not those that `checksumSha256` was made of.",
      example: "a file that was replaced under the same URL",
      fix: "Compare with the publisher's checksum; change `checksumSha256` only if that changed.",
    },
  },
  SBOM_DIRECTORY_MISSING: {
    severity: "error",
    exitCode: 1,
    message: "the directory {directory} is not there",
    hint: "let directory name a directory input, a directory output or a folder of the pack",
    explanation: {
      cause:
        "A path that an expression gives while the run is on its way names no folder of the pack, or the stored bytes of the directory are gone. A path that the pack spells out is looked for when the plan is made: PACK_FILE_MISSING.",
      example: '- {id: sbom, run: {uses: sbom.files, with: {directory: "parts/${{ steps.find.outputs.name }}"}}}',
      fix: "Let the step before it give the path of a folder of the pack, or declare the folder as an output (`{dir: path}`) and name that.",
    },
  },
  SBOM_LISTING_INVALID: {
    severity: "error",
    exitCode: 1,
    message: "what is stored as directory {directory} is no tree listing: {problem}",
    hint: "let directory name a directory, not a file",
    explanation: {
      cause: "A stored directory is a canonical list of its files; the stored bytes are something else.",
      example: "a reference of type directory with the digest of a tarball",
      fix: "Use a reference that the run itself made: `${{ inputs.<name> }}` or `${{ steps.<id>.outputs.<name> }}`.",
    },
  },
});
