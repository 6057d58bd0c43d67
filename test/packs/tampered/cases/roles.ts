import type { Change, Decision } from "../change.ts";
import type { Root } from "../site-trust.ts";
import type { Name } from "../people.ts";
import type { Members } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const role = (name: string, more: Members): More => ({
  root: (root: Root) => ({ ...root, roles: { ...root.roles, [name]: { ...root.roles[name], ...more } } }),
});
const by = (signer: Name): Change => ({ signing: { signer } });
const first = (decision: Partial<Decision>): Change => ({
  decisions: [{ by: "approver-1", ...decision }, { by: "approver-2" }],
});

export const roleCases: readonly TamperedCase[] = [
  tampered("roles/attestation-by-approver", "role ROLE_NOT_HELD", by("approver-1")),
  tampered("roles/attestation-by-root", "role ROLE_NOT_HELD", by("root")),
  tampered("roles/attestation-by-nobody", "role ROLE_NOT_HELD", by("reader")),
  tampered("roles/run-request-in-place-of-attestation", "role ROLE_NOT_HELD", {
    after: (files) =>
      void files.set("evidence.manifest.json.sigstore.json", files.get("request.sigstore.json") ?? Buffer.alloc(0)),
  }),
  tampered(
    "roles/attestor-of-another-tenant",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { tenants: ["acme", "t*"] }),
  ),
  tampered(
    "roles/attestor-of-another-pack",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { packs: ["acme/release-*", "release"] }),
  ),
  tampered(
    "roles/attestor-of-no-pack",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { packs: [] }),
  ),
  tampered("roles/attestor-of-some-gates", "role ROLE_SCOPE", {}, role("run-attestor", { gates: ["*"] })),
  tampered(
    "roles/requester-of-another-tenant",
    "run-request ROLE_SCOPE",
    {},
    role("requester", { tenants: ["defaul"] }),
  ),
  tampered("roles/approver-of-another-tenant", "approvals ROLE_SCOPE", {}, role("approver", { tenants: ["other"] })),
  tampered("roles/approver-of-another-gate", "approvals ROLE_SCOPE", first({ by: "guard" })),
  tampered(
    "roles/approver-of-longer-names",
    "approvals ROLE_SCOPE",
    {},
    role("approver", { packs: ["acme/release/*"] }),
  ),
  tampered("roles/approver-without-role", "approvals ROLE_NOT_HELD", first({ by: "reader" })),
  tampered("roles/approval-by-attestor", "approvals ROLE_NOT_HELD", first({ by: "attestor" })),
  tampered("roles/run-request-by-approver", "run-request ROLE_NOT_HELD", {
    runRequestSigning: { signer: "approver-2" },
  }),
  tampered("roles/run-request-by-attestor", "run-request RUN_REQUEST_MISMATCH", {
    runRequestSigning: { signer: "attestor" },
  }),
  tampered("roles/run-request-by-another-requester", "run-request RUN_REQUEST_MISMATCH", {
    runRequestSigning: { signer: "approver-1" },
  }),
  tampered("roles/token-that-the-root-does-not-map", "run-request RUN_REQUEST_MISMATCH", {
    runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
    runRequestSigning: { signer: "attestor" },
  }),
  tampered(
    "roles/token-of-another",
    "run-request RUN_REQUEST_MISMATCH",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
      runRequestSigning: { signer: "attestor" },
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "approver-2" }] }) },
  ),
  tampered(
    "roles/token-signed-by-requester",
    "run-request RUN_REQUEST_MISMATCH",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "requester" }] }) },
  ),
  tampered("roles/request-by-requester", "approval-requests ROLE_NOT_HELD", {
    requestSigning: { signer: "requester" },
  }),
  allowed("allowed/scopes-with-final-star", {}, role("run-attestor", { tenants: ["x", "def*"], packs: ["acme/*"] })),
  allowed(
    "allowed/token",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
      runRequestSigning: { signer: "attestor" },
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "requester" }] }) },
  ),
];
