import { codeTable } from "#fault/code-table.ts";

const AGAIN = "Take the file from its publisher again, and find out who changed it.";

/** What a pack bundle must hold, and what must agree in it. */
export const packBundleCodes = codeTable({
  PACK_BUNDLE_DOCUMENT: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle is refused: {problem}",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "oci-layout, index.json and manifests are canonical JSON of one closed form.",
      example: "an index.json with a member that nobody knows",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_BLOB_UNLISTED: {
    severity: "error",
    exitCode: 7,
    message: "{path} is in the pack bundle, but no manifest lists it",
    hint: "do not use this file",
    explanation: {
      cause: "Every blob belongs to a manifest; one that does not was added later.",
      example: "a blob that another tool pushed into the layout",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_BLOB_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is listed, but not in the pack bundle",
    hint: "copy the file again",
    explanation: {
      cause: "A manifest lists a blob that is not there.",
      example: "a layout from which a file of the pack was taken out",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_BLOB_SIZE: {
    severity: "error",
    exitCode: 7,
    message: "{path} has {found} bytes in the pack bundle, not the {expected} that its manifest says",
    hint: "do not use this file",
    explanation: {
      cause: "Archive and manifest say different sizes of one blob.",
      example: "a manifest that understates a large blob",
      fix: AGAIN,
    },
  },
  PACK_BUNDLE_BLOB_DIGEST: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle does not have this digest",
    hint: "do not use this file",
    explanation: {
      cause: "Blobs stand under the SHA-256 of their bytes; these bytes are others.",
      example: "an edited script",
      fix: AGAIN,
    },
  },
  PACK_ATTESTATION_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no attestation of a publisher",
    hint: "ask the publisher for the whole bundle; a folder can still be run as a folder",
    explanation: {
      cause: "Without the word of a pack publisher nobody stands for what the pack does.",
      example: "a layout that was made with another tool",
      fix: "Make it with `packrun bundle create PACK --key KEY`.",
    },
  },
  PACK_SBOM_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no SBOM",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "Packs come with a CycloneDX inventory of their files.",
      example: "a bundle whose SBOM was stripped",
      fix: "Make it with `packrun bundle create PACK --key KEY`.",
    },
  },
  PACK_ATTACHMENT_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle is of a kind that nobody knows: {type}",
    hint: "do not use this file; of other documents only SPDX goes along, put in by `packrun bundle create --attach`",
    explanation: {
      cause: "What comes with a pack is of a closed list of kinds, each with its artifactType and one form.",
      example: "a container image that another tool attached to the pack",
      fix: AGAIN,
    },
  },
  PACK_REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no revocation list",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "A pack bundle carries the publisher's revocation list, as a floor for sites that have none as new.",
      example: "a bundle whose list was stripped, to hide that the pack was revoked",
      fix: "Make it with `packrun bundle create PACK --key KEY`.",
    },
  },
  PACK_CONTENT_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the pack in the bundle is not what its manifest says: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "pack.yaml must be a pack without findings, with the name and version of the manifest.",
      example: "a manifest that calls version 1.0.0 what pack.yaml calls 0.9.0",
      fix: AGAIN,
    },
  },
  PACK_PLAN_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the plan in the pack bundle does not fit: {problem}",
    hint: "do not use this plan",
    explanation: {
      cause: "The canonical plan has the attested hash and is of this very pack; its inputs lock names that hash.",
      example: "a plan of another version of the pack",
      fix: AGAIN,
    },
  },
});
