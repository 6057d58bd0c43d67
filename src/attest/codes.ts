import { codeTable } from "#fault/code-table.ts";

/** Sidecars, signatures, statements and public keys. All are results of checking: exit code 7. */
export const attestCodes = codeTable({
  ENVELOPE_SIZE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar has {bytes} bytes; at most {most} are read",
    hint: "check that this is the .sigstore.json file and not the file that it speaks of",
    explanation: {
      cause: "A file was given as a sidecar that is larger than any sidecar may be.",
      example: "an archive of 200 MiB named evidence.manifest.json.sigstore.json",
      fix: "Take the sidecar from its source again.",
    },
  },
  ENVELOPE_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar cannot be read: {problem}",
    hint: "take the sidecar from its source again, unchanged",
    explanation: {
      cause: "A sidecar must be one UTF-8 JSON text without a byte order mark and without a member that stands twice.",
      example: "a download that stopped half way, or an editor that added a byte order mark",
      fix: "Transfer the file again in binary mode and compare its SHA-256.",
    },
  },
  ENVELOPE_NOT_CANONICAL: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar is not canonical JSON, so packrun did not write it",
    hint: "use the file exactly as packrun wrote it; reformatting is refused",
    explanation: {
      cause: "Sidecars that packrun writes are exactly their RFC 8785 bytes; these bytes differ.",
      example: "a sidecar that went through a JSON formatter",
      fix: "Take the original file. Responses to approval requests may come from other signers; all else may not.",
    },
  },
  ENVELOPE_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar has a wrong form: {problem}",
    hint: "expected a Sigstore bundle v0.3 with verificationMaterial.publicKey and a dsseEnvelope",
    explanation: {
      cause: "A member is missing, unknown, or of a wrong type. Unknown members are refused: nothing is overlooked.",
      example: 'snake case ("media_type"), a certificate in place of the public key, or a messageSignature',
      fix: "Sign with packrun or `cosign attest-blob --statement` and a key, not with a certificate.",
    },
  },
  ENVELOPE_MEDIA_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar's mediaType is {found}",
    hint: "only application/vnd.dev.sigstore.bundle.v0.3+json is taken",
    explanation: {
      cause: "The file is a Sigstore bundle of another version, or no Sigstore bundle.",
      example: "application/vnd.dev.sigstore.bundle+json;version=0.2",
      fix: "Sign with a current cosign (`--new-bundle-format`) or with packrun.",
    },
  },
  ENVELOPE_PAYLOAD_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the envelope's payloadType is {found}",
    hint: "only application/vnd.in-toto+json is taken",
    explanation: {
      cause: "The signed payload is not declared to be an in-toto Statement.",
      example: "an envelope around application/json",
      fix: "Sign an in-toto Statement v1, declared as such.",
    },
  },
  ENVELOPE_SIGNATURES: {
    severity: "error",
    exitCode: 7,
    message: "the envelope must hold exactly one signature, it holds {found}",
    hint: "one sidecar per signer; several signers write several sidecars",
    explanation: {
      cause: "With more than one signature it would be open which of them counts.",
      example: "two approvers who signed the same envelope",
      fix: "Let every signer write a sidecar of their own.",
    },
  },
  ENVELOPE_KEYID: {
    severity: "error",
    exitCode: 7,
    message: "the envelope names its key wrongly: {problem}",
    hint: "keyid is the OpenSSH fingerprint of the signing key (`ssh-keygen -lf`), or absent in envelopes of others",
    explanation: {
      cause:
        "The keyid must be the fingerprint of the key that signed; stock tools skip a signature under another name.",
      example: "a sidecar whose keyid was edited after signing",
      fix: "Sign again; the keyid selects nothing and cannot repair a signature.",
    },
  },
  ENVELOPE_BASE64: {
    severity: "error",
    exitCode: 7,
    message: "member {member} of the envelope is not base64",
    hint: "take the sidecar from its source again, unchanged",
    explanation: {
      cause: "The text has foreign characters, wrong padding, or bits that stand for nothing.",
      example: "a payload that a mail program wrapped into lines",
      fix: "Transfer the file again in binary mode.",
    },
  },
  SIGNATURE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "the signature ({length} bytes) is neither strict DER (ECDSA P-256) nor 64 bytes (Ed25519)",
    hint: "ECDSA signatures are taken in DER only, with shortest integers",
    explanation: {
      cause: "The bytes of the signature do not have the form of a signature of an algorithm that is taken.",
      example: "a padded or truncated DER signature, or one made with RSA",
      fix: "Sign with an ECDSA P-256 or an Ed25519 key and leave the signature as the tool wrote it.",
    },
  },
  SIGNATURE_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the signature was not made over this payload with key {keyid}",
    hint: "the payload or the signature was changed, or Ed25519ph was used in place of Ed25519",
    explanation: {
      cause: "The signature does not verify with the key that the envelope names.",
      example: "one letter of the payload was changed; cosign with an Ed25519 key, which makes Ed25519ph",
      fix: "Take the original file. With cosign use an ECDSA P-256 key.",
    },
  },
  STATEMENT_NOT_CANONICAL: {
    severity: "error",
    exitCode: 7,
    message: "the signed payload is not canonical JSON",
    hint: "sign the statement file exactly as packrun wrote it",
    explanation: {
      cause: "Payloads must be exactly the RFC 8785 bytes of one statement, also when another tool signs.",
      example: "a statement that was pretty-printed before `cosign attest-blob --statement`",
      fix: "Sign exactly the canonical bytes of an in-toto Statement v1.",
    },
  },
  STATEMENT_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the payload is no in-toto Statement v1: its _type is {found}",
    hint: "with cosign use `attest-blob --statement FILE`; `--predicate` makes a v0.1 statement",
    explanation: {
      cause: "Only statements of version 1 are taken.",
      example: "https://in-toto.io/Statement/v0.1",
      fix: "Sign exactly the canonical bytes of an in-toto Statement v1.",
    },
  },
  STATEMENT_PREDICATE_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the statement's predicateType is {found}, expected {expected}",
    hint: "the sidecar belongs to another file or was made for another purpose",
    explanation: {
      cause: "A signature made for one purpose never serves another.",
      example: "the sidecar of a run request put in the place of an approval",
      fix: "Use the sidecar that was made for this file.",
    },
  },
  STATEMENT_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the statement has a wrong form: {problem}",
    hint: "compare with the schema of this predicate in schemas/",
    explanation: {
      cause: "A member of the statement or its predicate is missing, unknown, or has a value that is not allowed.",
      example: "a time without milliseconds, upper-case hex, or a member of a newer version",
      fix: "Make the statement with packrun; members cannot be added.",
    },
  },
  STATEMENT_SUBJECT: {
    severity: "error",
    exitCode: 7,
    message: "the statement is about another file: subject[0] is not {expected}",
    hint: "the file was changed after signing, or the sidecar belongs to another file",
    explanation: {
      cause: "The SHA-256 of the file is not the one that was signed. Other subject positions do not count.",
      example: "plan.canonical.json was replaced beside an old sidecar",
      fix: "Take file and sidecar from the same source again.",
    },
  },
  REQUEST_FILE: {
    severity: "error",
    exitCode: 7,
    message: "request.json is no approval request: {problem}",
    hint: "use the file as packrun wrote it when the gate opened",
    explanation: {
      cause: "The file is not canonical JSON or does not have the members of packrun.approval-request/v1.",
      example: "a request.json that an editor reformatted",
      fix: "Take the file again from the run or the bundle that it belongs to.",
    },
  },
  KEY_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "this is no public key: {problem}",
    hint: "expected one PEM block -----BEGIN PUBLIC KEY-----",
    explanation: {
      cause: "Public keys are read as SubjectPublicKeyInfo in PEM, one per file.",
      example: "a private key, a certificate, or an OpenSSH line in place of a .pub file of packrun",
      fix: "Convert it: `openssl pkey -in KEY -pubout`, or for lines of OpenSSH `packrun keys import KEY.pub`.",
    },
  },
  KEY_ALGORITHM: {
    severity: "error",
    exitCode: 7,
    message: "keys of algorithm {name} are not taken",
    hint: "use ECDSA P-256 (`packrun keys generate NAME`) or pure Ed25519",
    explanation: {
      cause: "Only ECDSA P-256 with SHA-256 and pure Ed25519 are taken; all else is refused by its name.",
      example: "RSA, ECDSA P-384, Ed25519ph",
      fix: "Make a key with `packrun keys generate NAME` and let the trust root name it.",
    },
  },
  KEY_COMPRESSED: {
    severity: "error",
    exitCode: 7,
    message: "the public key's point is compressed",
    hint: "write it uncompressed: `openssl ec -pubin -in KEY -conv_form uncompressed -pubout`",
    explanation: {
      cause: "Stock verifiers refuse compressed points, and one key must have one encoding.",
      example: "a P-256 SubjectPublicKeyInfo of 59 bytes",
      fix: "Export the key with its uncompressed point (91 bytes).",
    },
  },
  KEY_POINT: {
    severity: "error",
    exitCode: 7,
    message: "the {alg} key is damaged: it is no point of its curve",
    hint: "take the public key from its source again",
    explanation: {
      cause: "The bytes of the key do not encode a point of the curve, or not in the one way that is allowed.",
      example: "a PEM file in which one letter was changed",
      fix: "Export the public key from its private key again.",
    },
  },
});
