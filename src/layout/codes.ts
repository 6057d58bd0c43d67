import { codeTable } from "#fault/code-table.ts";

const AGAIN = "Take the file from its publisher again, and find out who changed it.";

/** What a publisher signed of a pack, and how it can be of another one. */
export const layoutCodes = codeTable({
  PACK_CLAIM_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the publisher attests another {member} than the pack here has",
    hint: "do not use this file",
    explanation: {
      cause: "Name, version, pack digest and trust domain are attested and must be those of the bundle.",
      example: "an attestation for version 1.0.0 in a bundle of 1.1.0",
      fix: AGAIN,
    },
  },
  PACK_REFERRERS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "what came with the pack is not what its publisher put in: {problem}",
    hint: "do not use this file",
    explanation: {
      cause:
        "The publisher's attestation lists everything that came with the pack; something was taken out, put in or exchanged.",
      example: "a bundle whose SBOM was stripped",
      fix: AGAIN,
    },
  },
  PACK_SBOM_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM of the pack cannot be read: {problem}",
    hint: "make the bundle again with `packrun bundle create`",
    explanation: {
      cause: "The SBOM is canonical JSON of CycloneDX 1.6 with the members that packrun writes.",
      example: "an SBOM of another tool or version",
      fix: AGAIN,
    },
  },
  PACK_SBOM_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM does not match the pack: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "Every file of the pack is in the SBOM with its digest, and nothing else is.",
      example: "a file that was added to the pack after its SBOM was made",
      fix: AGAIN,
    },
  },
  PACK_SBOM_TOOLS: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM does not name the tools of the pack: {problem}",
    hint: "do not use this file",
    explanation: {
      cause:
        "Every program that a plan of the pack names is in the SBOM, marked with what it is used for, and no other: commands, shells and policy modules, by digest where they are files of the pack.",
      example: "a step that runs curl, of which the SBOM does not speak",
      fix: AGAIN,
    },
  },
  PACK_SBOM_UNATTESTED: {
    severity: "error",
    exitCode: 7,
    message: "nobody attests the SBOM of the pack: {problem}",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "The SBOM counts with an attestation of the publisher that holds these very bytes.",
      example: "a bundle whose second attestation was stripped",
      fix: "Make it with `packrun bundle create PACK --key KEY`.",
    },
  },
});
