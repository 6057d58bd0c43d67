import { hash } from "node:crypto";
import { Binary, type Collection } from "mongodb";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { inserted, type Stored } from "./mongo-place.ts";

/** A document may have 16 MiB: more bytes are split. */
const PART = 8 * 1024 * 1024;

/**
 * Keeps bytes of any size under an id, once and for all: false when something is there already. Parts of what is larger
 * than a document come first, under the digest of the whole; the document of the id makes them count.
 */
export async function holdBytes(
  collection: Collection<Stored>,
  id: string,
  about: Readonly<Record<string, unknown>>,
  bytes: Uint8Array,
): Promise<boolean> {
  const sha256 = hash("sha256", bytes, "hex");
  const parts = bytes.length > PART ? Math.ceil(bytes.length / PART) : 0;
  for (let part = 0; part < parts; part += 1) {
    const stretch = new Binary(bytes.subarray(part * PART, (part + 1) * PART));
    await inserted(collection, { _id: partId(id, sha256, part), bytes: stretch });
  }
  const content = parts === 0 ? { bytes: new Binary(bytes) } : { parts };
  return inserted(collection, { _id: id, ...about, size: bytes.length, sha256, ...content });
}

/** The bytes that a document stands for, checked. Throws a `StoreError` with STORE_CORRUPT. */
export async function heldBytes(collection: Collection<Stored>, found: Stored): Promise<Uint8Array> {
  const { _id: id, parts, sha256 } = found;
  const pieces: Uint8Array[] = [];
  if (typeof parts === "number") {
    for (let part = 0; part < parts; part += 1) {
      pieces.push(bytesOf(await collection.findOne({ _id: partId(id, String(sha256), part) })));
    }
  } else {
    pieces.push(bytesOf(found));
  }
  const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  if (hash("sha256", whole, "hex") !== sha256) {
    const problem = "its bytes are not those that were stored";
    throw new StoreError(faultOf(storeCodes, "STORE_CORRUPT", { file: id, problem }));
  }
  return whole;
}

/** The bytes in a field of a document; none where there are none. */
export function bytesOf(document: Stored | null, field = "bytes"): Uint8Array {
  const bytes: unknown = document?.[field];
  return bytes instanceof Binary ? bytes.value() : new Uint8Array(0);
}

function partId(id: string, sha256: string, part: number): string {
  return `${id}#${sha256}/${part}`;
}
