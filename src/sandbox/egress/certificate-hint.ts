/** Why a chain of certificates leads to no authority that is trusted, as OpenSSL names it (X509_V_ERR_…). */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
/** What is wrong with a certificate whoever made it. */
const WRONG = /^(?:CERT_|ERR_TLS_CERT_|INVALID_PURPOSE$|HOSTNAME_MISMATCH$)/;

/** What to do about an error code of TLS that is about the host's certificate; undefined for any other. */
export function certificateHint(code: string): string | undefined {
  if (UNTRUSTED.has(code)) {
    return "the authority of its certificate is not trusted: name its PEM file in NODE_EXTRA_CA_CERTS where packrun is started, if it is yours";
  }
  return WRONG.test(code) ? "the host answers, but its certificate does not hold: it needs another one" : undefined;
}
