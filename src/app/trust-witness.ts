import { X509Certificate } from "node:crypto";
import { anchorCodes } from "#attest/anchor-codes.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { TimestampAuthority } from "#trust/anchor-authority.ts";
import { addAuthority, addLog } from "#trust/edit-witnesses.ts";
import { editRoot, type Edited, type TrustTools, type WrittenRoot } from "./trust-edit.ts";
import { readUserFile } from "./user-file.ts";

/** Where a witness can be asked, for people, and when it is believed. */
type Witness = { readonly url?: string; readonly validFrom?: Timestamp; readonly validUntil?: Timestamp };

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/**
 * `trust authority`: the next, unsigned version believes a timestamp authority, by a file of its certificates in PEM: the
 * one that signs timestamps first, its root last. Without times it is believed as long as the first certificate says.
 * Faults: USER_FILE_READ, ANCHOR_AUTHORITY, those of `trustAdd`.
 */
export async function trustAuthority(
  given: Edited & Witness & { readonly chainFile: string; readonly name: string },
  tools: TrustTools,
): Promise<Result<WrittenRoot>> {
  const bytes = await readUserFile(given.chainFile);
  const authority = bytes.ok ? authorityOf(given, Buffer.from(bytes.value).toString("latin1")) : bytes;
  return authority.ok
    ? editRoot(given, tools, async (root, now, { keyring }) => addAuthority(root, authority.value, now, keyring.sha256))
    : authority;
}

/**
 * `trust log`: the next, unsigned version believes a transparency log, by its public key. Without times it is believed as
 * long as that version lives. Faults: USER_FILE_READ, KEY_*, those of `trustAdd`.
 */
export async function trustLog(
  given: Edited & Witness & { readonly keyFile: string; readonly origin: string },
  tools: TrustTools,
): Promise<Result<WrittenRoot>> {
  const bytes = await readUserFile(given.keyFile);
  const key = bytes.ok ? readPublicKey(Buffer.from(bytes.value).toString("latin1"), tools.keyring.sha256) : bytes;
  if (!key.ok) {
    return key;
  }
  const grant = { origin: given.origin, key: key.value, ...stated(given) };
  return editRoot(given, tools, async (root, now, { keyring }) => addLog(root, grant, now, keyring.sha256));
}

function authorityOf(given: Witness & { readonly name: string }, text: string): Result<TimestampAuthority> {
  const { name } = given;
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const chain = chainOf(blocks);
  const [signer] = chain ?? [];
  const problem =
    signer === undefined
      ? "the file holds no certificates that can be read"
      : !isForTimestamps(signer)
        ? "the first certificate is not for timestamps"
        : chain?.at(-1)?.checkIssued(chain.at(-1) ?? signer) !== true || chain.length < 2
          ? "the chain does not end in a root"
          : undefined;
  if (chain === undefined || signer === undefined || problem !== undefined) {
    return fail(faultOf(anchorCodes, "ANCHOR_AUTHORITY", { authority: name, problem: problem ?? "" }));
  }
  const { url, validFrom, validUntil } = stated(given);
  return ok({
    name,
    certificates: chain.map((certificate) => pemOf(certificate.raw)),
    validFrom: validFrom ?? timestampOf(Math.max(signer.validFromDate.getTime(), 0)),
    validUntil: validUntil ?? timestampOf(signer.validToDate.getTime()),
    ...(url === undefined ? {} : { url }),
  });
}

/** Certificates without extended key usages have none of them here, whatever the types say. */
function isForTimestamps({ keyUsage }: Partial<Pick<X509Certificate, "keyUsage">>): boolean {
  return keyUsage?.includes(TIME_STAMPING) ?? false;
}

function chainOf(blocks: readonly string[]): readonly X509Certificate[] | undefined {
  try {
    return blocks.map((pem) => new X509Certificate(pem));
  } catch {
    return undefined;
  }
}

function pemOf(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function stated({ url, validFrom, validUntil }: Witness): Witness {
  return {
    ...(url === undefined ? {} : { url }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}
