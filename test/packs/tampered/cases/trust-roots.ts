import type { Root } from "../site-trust.ts";
import { people } from "../people.ts";
import { time } from "../release.ts";
import type { Members } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const SHAPE = "trust-root TRUST_ROOT_SHAPE";
const ROLE = "trust-root TRUST_ROOT_ROLE";
const rooted = (more: Members): More => ({
  root: (root) => Object.fromEntries(Object.entries({ ...root, ...more }).filter(([, value]) => value !== undefined)),
});
const role = (name: string, more: Members | undefined): More => ({
  root: (root: Root) => ({
    ...root,
    roles: Object.fromEntries(
      Object.entries({
        ...root.roles,
        [name]: more === undefined ? undefined : { ...root.roles[name], ...more },
      }).filter(([, value]) => value !== undefined),
    ),
  }),
});

const keyidsOf = (root: Root, name: string): readonly string[] => root.roles[name]?.["keyids"] as string[];

export const rootCases: readonly TamperedCase[] = [
  tampered("root/none", "trust-root VERIFY_TRUST_MISSING", {}, { args: ["--no-trust"] }),
  tampered(
    "root/the-bundles-own-text",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    { rootBytes: () => Buffer.from(people.root.pem) },
  ),
  tampered("root/schema", SHAPE, {}, rooted({ schema: "packrun.trust-root/v2" })),
  tampered("root/unknown-member", SHAPE, {}, rooted({ comment: "" })),
  tampered("root/version-zero", SHAPE, {}, rooted({ version: 0 })),
  tampered("root/no-keys", SHAPE, {}, rooted({ keys: undefined })),
  tampered(
    "root/least-age-zero",
    SHAPE,
    {},
    rooted({ policy: { revocation: { required: true, maxAgeHours: 0, minSequence: 0 } } }),
  ),
  tampered(
    "root/principal",
    SHAPE,
    {},
    {
      root: (root) => ({
        ...root,
        keys: Object.fromEntries(
          Object.entries(root.keys).map(([keyid, key]) => [keyid, { ...key, principal: "two words" }]),
        ),
      }),
    },
  ),
  tampered(
    "root/expires-before-it-is-issued",
    "trust-root TRUST_ROOT_TIME",
    {},
    rooted({ expires: time(-11 * 86_400_000) }),
  ),
  tampered("root/no-root-role", ROLE, {}, role("root", undefined)),
  tampered("root/threshold-that-nobody-reaches", ROLE, {}, role("root", { threshold: 3 })),
  tampered("root/threshold-of-another-role", ROLE, {}, role("approver", { threshold: 2 })),
  tampered(
    "root/key-twice-in-a-role",
    ROLE,
    {},
    {
      root: (root) => ({
        ...root,
        roles: {
          ...root.roles,
          approver: {
            ...root.roles["approver"],
            keyids: [...keyidsOf(root, "approver"), ...keyidsOf(root, "approver")],
          },
        },
      }),
    },
  ),
  tampered(
    "root/role-with-unknown-key",
    ROLE,
    {},
    {
      root: (root) => ({
        ...root,
        roles: { ...root.roles, approver: { ...root.roles["approver"], keyids: [people.stranger.keyid] } },
      }),
    },
  ),
  tampered(
    "root/token-twice",
    "trust-root TRUST_ROOT_TOKEN",
    {},
    rooted({
      tokens: ["approver-1", "approver-2"].map((principal) => ({
        iss: "https://id.acme.example",
        sub: "a",
        principal,
      })),
    }),
  ),
  tampered("root/of-another-domain", "bindings BINDING_MISMATCH", {}, rooted({ trustDomain: "acme-staging" })),
  tampered(
    "root/expired",
    "freshness TRUST_ROOT_EXPIRED",
    {},
    { ...rooted({ expires: time(43_200_000) }), verdict: "stale" },
  ),
  tampered(
    "root/expired-to-the-millisecond",
    "freshness TRUST_ROOT_EXPIRED",
    {},
    { ...rooted({ expires: time(86_400_000) }), verdict: "stale" },
  ),
  tampered(
    "root/attestor-without-a-role",
    ["role ROLE_NOT_HELD", "approval-requests ROLE_NOT_HELD"],
    {},
    role("run-attestor", undefined),
  ),
  tampered(
    "root/attestors-key-dropped",
    ["signature SIGNATURE_KEY_UNKNOWN", "approval-requests SIGNATURE_KEY_UNKNOWN"],
    {},
    {
      root: (root) => ({
        ...root,
        keys: Object.fromEntries(Object.entries(root.keys).filter(([keyid]) => keyid !== people.attestor.keyid)),
        roles: {
          ...root.roles,
          "run-attestor": { ...root.roles["run-attestor"], keyids: [people["attestor-2"].keyid] },
        },
      }),
    },
  ),
  allowed("allowed/last-millisecond-of-the-root", {}, rooted({ expires: time(86_400_001) })),
];
