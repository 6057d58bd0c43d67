import { codeTable } from "#fault/code-table.ts";

/** Making pack bundles, and the registry of this place. */
export const packBundleUseCodes = codeTable({
  PACK_BUNDLE_WRITE: {
    severity: "error",
    exitCode: 10,
    message: "{path} was not written: {problem}",
    hint: "check the folder, its permissions and the free space",
    explanation: {
      cause: "A pack bundle or an entry of the registry could not be written whole; nothing was left behind.",
      example: "packrun bundle create PACK --key publisher.key -o x.packbundle.tar   # the disk is full",
      fix: "Make room on the disk, or name a file on another one.",
    },
  },
  PACK_ATTACHMENT_TYPE: {
    severity: "error",
    exitCode: 2,
    message: "{path} cannot go along with a pack: {problem}",
    hint: "attach SPDX 2.2, 2.3 or 3 as JSON, one document of each kind at most",
    explanation: {
      cause: "What comes with a pack is of a closed list of kinds, so that whoever verifies it knows all of it.",
      example: "packrun bundle create PACK --key publisher.key --attach README.md -o x.packbundle.tar",
      fix: "Convert the document to SPDX in JSON, or put the file into the pack itself.",
    },
  },
  PACK_SBOM_ATTESTATION: {
    severity: "error",
    exitCode: 7,
    message: "{path} does not attest the SBOM of this pack: {problem}",
    hint: "sign manifest and SBOM of a bundle of this very pack, with a key that may publish it",
    explanation: {
      cause:
        "An attestation that another tool made is taken when its signature is good, its key may publish the pack, its subject is the pack's image manifest and its predicate the SBOM.",
      example: "an attestation that was made before a file of the pack was edited",
      fix: "Make the bundle without it, take manifest and SBOM out of that, and have them attested again.",
    },
  },
  PACK_LAYOUT: {
    severity: "error",
    exitCode: 7,
    message: "{path} holds no whole pack bundle: {problem}",
    hint: "copy the pack and everything that refers to it into an empty layout, each under its name",
    explanation: {
      cause:
        "An OCI image layout becomes a pack bundle again when one pack is in it with a publisher's attestation and all that this lists.",
      example: "a layout into which only the pack was copied from a registry, and not what refers to it",
      fix: "Copy the other manifests, too: 1.0.0.sbom, 1.0.0.publisher and so on, as `packrun bundle show` names them.",
    },
  },
  PACK_BUNDLE_TIME: {
    severity: "error",
    exitCode: 2,
    message: "{option} must be {expected}",
    hint: "leave it out: the bundle is then dated by its revocation list",
    explanation: {
      cause: "The time at which a bundle is said to be made is part of its bytes, and has one form.",
      example: "SOURCE_DATE_EPOCH=yesterday",
      fix: "Give a UTC time with milliseconds, or in SOURCE_DATE_EPOCH whole seconds since 1970.",
    },
  },
  REGISTRY_CONFLICT: {
    severity: "error",
    exitCode: 7,
    message: "{pack} is in the registry with other files",
    hint: "ask the publisher which of the two is right; one version never means two packs",
    explanation: {
      cause: "A version that was imported stands. A bundle of the same name and version holds another pack.",
      example: "a publisher who changed a script and kept the version",
      fix: "Publish the change as another version. If the first one was wrong, revoke it and remove its folder.",
    },
  },
  REGISTRY_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "{pack} is not in the registry",
    hint: "import it with `packrun bundle import FILE`; `packrun bundle list` shows what is there",
    explanation: {
      cause: "NAME@VERSION always means the registry; a folder of such a name is given as ./NAME@VERSION.",
      example: "packrun run acme/tool@1.2.0   # its bundle was not imported yet",
      fix: "Import the bundle, or name the right version or --registry.",
    },
  },
  REGISTRY_REFUSED: {
    severity: "error",
    exitCode: 7,
    message: "{pack} is not to be trusted: {problem}",
    hint: "see all checks with `packrun bundle verify FILE`; the bundles of the registry lie in .packrun/registry",
    explanation: {
      cause:
        "A pack bundle is verified when it is uploaded, and what is taken from the registry again each time; trust root, revocations or files do not allow it, or not any more.",
      example: "a pack that was revoked after it was imported",
      fix: "Import a version that is trusted, or a bundle of this one that a key which is still trusted signed.",
    },
  },
  REGISTRY_STALE: {
    severity: "error",
    exitCode: 11,
    message: "{pack} cannot be relied on now: {problem}",
    hint: "get the newest revocation list and trust root",
    explanation: {
      cause: "Every check passed but those of time: a revocation list or the trust root is out of date.",
      example: "a revocation list past its nextUpdate",
      fix: "Put the newest list and trust root where the configuration names them, or import a bundle of the pack with the newest list; `packrun trust check` says what is out of date.",
    },
  },
  REGISTRY_CHANGED: {
    severity: "error",
    exitCode: 7,
    message: "{pack} of the registry is not what its publisher signed",
    hint: "remove its folder from the registry and import the bundle again",
    explanation: {
      cause: "The files of the pack in the registry differ from those in its bundle.",
      example: "a script that was edited in .packrun/registry",
      fix: "Find out who changed it. Make changes in a folder of your own, under another version.",
    },
  },
});
