#!/usr/bin/env node
// packrun's offline verifier: one file, no dependencies, Node.js 20 or later, no network, nothing written.
// Made from src/verify by scripts/verifier-file.ts; the same code as packrun verify. Apache-2.0.
var __knownSymbol = (name2, symbol) => (symbol = Symbol[name2]) ? symbol : /* @__PURE__ */ Symbol.for("Symbol." + name2);
var __typeError = (msg) => {
  throw TypeError(msg);
};
var __using = (stack, value, async) => {
  if (value != null) {
    if (typeof value !== "object" && typeof value !== "function") __typeError("Object expected");
    var dispose, inner;
    if (async) dispose = value[__knownSymbol("asyncDispose")];
    if (dispose === void 0) {
      dispose = value[__knownSymbol("dispose")];
      if (async) inner = dispose;
    }
    if (typeof dispose !== "function") __typeError("Object not disposable");
    if (inner) dispose = function() {
      try {
        inner.call(this);
      } catch (e) {
        return Promise.reject(e);
      }
    };
    stack.push([async, dispose, value]);
  } else if (async) {
    stack.push([async]);
  }
  return value;
};
var __callDispose = (stack, error, hasError) => {
  var E = typeof SuppressedError === "function" ? SuppressedError : function(e, s, m, _) {
    return _ = Error(m), _.name = "SuppressedError", _.error = e, _.suppressed = s, _;
  };
  var fail2 = (e) => error = hasError ? new E(e, error, "An error was suppressed during disposal") : (hasError = true, e);
  var next = (it) => {
    while (it = stack.pop()) {
      try {
        var result = it[1] && it[1].call(it[2]);
        if (it[0]) return Promise.resolve(result).then(next, (e) => (fail2(e), next()));
      } catch (e) {
        fail2(e);
      }
    }
    if (hasError) throw error;
  };
  return next();
};

// scripts/verifier-main.ts
import { createHash as createHash2 } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

// src/app/bundle-kind.ts
import { open, opendir, stat } from "node:fs/promises";

// src/canon/utf8.ts
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
function encodeUtf8(text9) {
  return encoder.encode(text9);
}
function decodeUtf8(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return void 0;
  }
}
function compareUtf8(a, b) {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) {
      return rank(left) - rank(right);
    }
  }
  return a.length - b.length;
}
function rank(unit) {
  return unit < 55296 ? unit : unit < 57344 ? unit + 8192 : unit - 2048;
}

// src/canon/bytes.ts
var HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
function toHex(bytes) {
  let text9 = "";
  for (const byte of bytes) {
    text9 += HEX[byte] ?? "";
  }
  return text9;
}
function equalBytes(a, b) {
  let at = a.length === b.length ? 0 : -1;
  while (at !== -1 && at < a.length) {
    at = a[at] === b[at] ? at + 1 : -1;
  }
  return at !== -1;
}
function concatBytes(...parts) {
  const whole2 = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole2.set(part, at);
    at += part.length;
  }
  return whole2;
}

// src/evidence/ustar.ts
var BLOCK = 512;
var MAX_FILE_SIZE = 8 * 1024 ** 3 - 1;
function ustarHeader(entry2) {
  const name2 = splitPath(entry2.path);
  if (name2 === void 0 || !Number.isSafeInteger(entry2.size) || entry2.size < 0 || entry2.size > MAX_FILE_SIZE) {
    return void 0;
  }
  const header = new Uint8Array(BLOCK);
  header.set(name2.name, 0);
  put(header, 100, "0000644\0");
  put(header, 108, "0000000\0");
  put(header, 116, "0000000\0");
  put(header, 124, `${octal(entry2.size, 11)}\0`);
  put(header, 136, "00000000000\0");
  put(header, 148, "        ");
  put(header, 156, "0");
  put(header, 257, "ustar\x0000");
  put(header, 329, "0000000\0");
  put(header, 337, "0000000\0");
  header.set(name2.prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(header, 148, `${octal(sum, 6)}\0 `);
  return header;
}
function paddingOf(size2) {
  return (BLOCK - size2 % BLOCK) % BLOCK;
}
var TYPES = /* @__PURE__ */ new Map([
  ["1", "a hard link"],
  ["2", "a symbolic link"],
  ["3", "a character device"],
  ["4", "a block device"],
  ["5", "a folder"],
  ["6", "a FIFO"],
  ["g", "a pax header"],
  ["x", "a pax header"],
  ["K", "a GNU long link"],
  ["L", "a GNU long name"],
  ["S", "a GNU sparse file"]
]);
function readUstarHeader(block) {
  if (block.every((byte) => byte === 0)) {
    return { kind: "zero" };
  }
  const type = ascii(block.subarray(156, 157));
  const strange = TYPES.get(type);
  if (strange !== void 0) {
    return { kind: "bad", problem: `it holds ${strange}` };
  }
  const name2 = decodeUtf8(untilZero(block.subarray(0, 100)));
  const prefix = decodeUtf8(untilZero(block.subarray(345, 500)));
  const digits2 = ascii(block.subarray(124, 135));
  if (name2 === void 0 || prefix === void 0 || !/^[0-7]{11}$/.test(digits2)) {
    return { kind: "bad", problem: "a header cannot be read" };
  }
  const entry2 = { path: prefix === "" ? name2 : `${prefix}/${name2}`, size: Number.parseInt(digits2, 8) };
  const canonical = ustarHeader(entry2);
  return canonical !== void 0 && equalBytes(canonical, block) ? { kind: "file", entry: entry2 } : { kind: "bad", problem: "a header is not in the fixed form" };
}
function splitPath(path) {
  const whole2 = encodeUtf8(path);
  if (path === "" || path.includes("\0")) {
    return void 0;
  }
  if (whole2.length <= 100) {
    return { name: whole2, prefix: new Uint8Array(0) };
  }
  const slash = whole2.findIndex((byte, at) => byte === 47 && at > 0 && whole2.length - at - 1 <= 100);
  return slash === -1 || slash > 155 || slash === whole2.length - 1 ? void 0 : { name: whole2.subarray(slash + 1), prefix: whole2.subarray(0, slash) };
}
function put(header, at, text9) {
  header.set(encodeUtf8(text9), at);
}
function octal(value, width) {
  return value.toString(8).padStart(width, "0");
}
function untilZero(field) {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}
function ascii(field) {
  return String.fromCharCode(...field);
}

// src/fault/code-table.ts
function codeTable(table) {
  return table;
}
function faultOf(table, code2, data = {}, more = {}) {
  const entry2 = table[code2];
  const fault = { code: code2, message: fillIn(entry2.message, data), hint: more.hint ?? fillIn(entry2.hint, data), data };
  return more.place === void 0 ? fault : { ...fault, place: more.place };
}
function fillIn(template, data) {
  return template.replaceAll(/\{([a-zA-Z]+)\}/g, (whole2, name2) => {
    const value = data[name2];
    return value === void 0 ? whole2 : String(value);
  });
}

// src/fault/result.ts
function ok(value) {
  return { ok: true, value };
}
function fail(fault) {
  return { ok: false, fault };
}

// src/bundle/archive-codes.ts
var AGAIN = "Take the file from its publisher again, and find out who changed it.";
var archiveCodes = codeTable({
  PACK_BUNDLE_NOT_FOUND: {
    severity: "error",
    exitCode: 2,
    message: "there is no pack bundle at {path}",
    hint: "give the .packbundle.tar that `packrun bundle create` wrote, or a folder of the same layout",
    explanation: {
      cause: "The path names neither a regular file nor a folder that can be read, or a folder where only a file is taken.",
      example: "packrun bundle verify release.packbundle.tar   # the file is in another folder",
      fix: "Give the path of the file."
    }
  },
  PACK_BUNDLE_UNREADABLE: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle cannot be read: {problem}",
    hint: "check the medium and the permissions, then try again",
    explanation: {
      cause: "The file could not be read to its end, or changed while it was read.",
      example: "a damaged disc",
      fix: "Copy the file again."
    }
  },
  PACK_BUNDLE_HEADER: {
    severity: "error",
    exitCode: 7,
    message: "the header at byte {at} is not in the fixed form of a pack bundle: {problem}",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "Mode, owner, time, checksum and padding have one form only, so that nothing can hide in them.",
      example: "an archive that another tool packed again",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_LINK: {
    severity: "error",
    exitCode: 7,
    message: "{entry} is a link",
    hint: "do not use this file: pack bundles hold regular files only",
    explanation: {
      cause: "Links lead readers that unpack archives out of their folder.",
      example: "a symbolic link to /etc/passwd in place of a blob",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_ENTRY_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "{entry} is no regular file: {problem}",
    hint: "do not use this file: pack bundles hold regular files only",
    explanation: {
      cause: "Folders, devices, FIFOs and types of other tools have no place in a pack bundle.",
      example: "a character device, or an entry for the folder blobs/",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_EXTENDED_HEADER: {
    severity: "error",
    exitCode: 7,
    message: "the entry at byte {at} is an extended header of pax or GNU tar",
    hint: "do not use this file: no entry of a pack bundle needs one",
    explanation: {
      cause: "Extended headers give an entry a second name or size, which readers understand differently.",
      example: "a pax header that renames the next entry to ../../x",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_NUL: {
    severity: "error",
    exitCode: 7,
    message: "a name in the pack bundle holds a NUL, another control character, or one that turns text around",
    hint: "do not use this file",
    explanation: {
      cause: "What stands behind a NUL is read by some programs and not by others.",
      example: "index.json, a NUL, and a second name behind it",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_ABSOLUTE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle is absolute',
    hint: "do not use this file",
    explanation: {
      cause: "Names in a pack bundle are relative; an absolute one points outside of it.",
      example: "/etc/cron.d/job",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_TRAVERSAL: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle climbs or has an empty part',
    hint: "do not use this file",
    explanation: {
      cause: "Parts such as `..`, `.` or nothing at all give a place a second name, or leave the folder.",
      example: "blobs/../../x",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_WINDOWS: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle means something else on Windows',
    hint: "do not use this file; rename the file in the pack before it is bundled",
    explanation: {
      cause: "Backslashes, drives, streams, device names, and dots or spaces at the end are read differently there.",
      example: "C:\\x, ..\\x, aux.txt, or run.sh with a space at its end",
      fix: "Give the file a portable name, and make the pack bundle again."
    }
  },
  PACK_BUNDLE_PATH_CASE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle differs from another one only in case',
    hint: "do not use this file",
    explanation: {
      cause: "Some file systems take names for the same that differ only in case.",
      example: "Tools/run.sh beside tools/run.sh",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_UNICODE: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" in the pack bundle is another spelling of a name in Unicode',
    hint: "do not use this file",
    explanation: {
      cause: "Some file systems take names for the same that differ only in Unicode normalisation.",
      example: "é as one character beside e and a combining accent",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PATH_FOREIGN: {
    severity: "error",
    exitCode: 7,
    message: 'the name "{path}" has no place in a pack bundle',
    hint: "do not use this file: it holds oci-layout, index.json and blobs/sha256/ only",
    explanation: {
      cause: "Everything in a pack bundle is a blob that a manifest lists, under its digest.",
      example: "a README.txt that somebody added",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_DUPLICATE: {
    severity: "error",
    exitCode: 7,
    message: "{path} comes twice in the pack bundle",
    hint: "do not use this file",
    explanation: {
      cause: "Of two entries with one name, readers take the first or the last.",
      example: "two entries index.json",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_ORDER: {
    severity: "error",
    exitCode: 7,
    message: "{path} is out of order in the pack bundle",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "Entries have one order: oci-layout, index.json, then blobs by their digest.",
      example: "an archive that another tool packed again",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_TRUNCATED: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle ends too early, at byte {at}",
    hint: "copy the file again",
    explanation: {
      cause: "An entry says that it is longer than the file, or the two zero blocks of the end are missing.",
      example: "a copy that broke off, or a header with a size that is not true",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_PADDING: {
    severity: "error",
    exitCode: 7,
    message: "there are bytes between the entries of the pack bundle, at byte {at}",
    hint: "do not use this file",
    explanation: {
      cause: "What fills the last block of an entry is zero, so that nothing can hide there.",
      example: "a note in the padding of index.json",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_TRAILING: {
    severity: "error",
    exitCode: 7,
    message: "something follows the end of the pack bundle, at byte {at}",
    hint: "do not use this file",
    explanation: {
      cause: "Nothing stands behind the two zero blocks: some readers would go on there.",
      example: "two archives in one file",
      fix: AGAIN
    }
  },
  PACK_BUNDLE_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has more than {limit} entries",
    hint: "make a pack of fewer files, or put many small ones into an archive in the pack",
    explanation: {
      cause: "Reading is bounded, so that a file of a million empty entries costs neither time nor memory.",
      example: "a pack in which node_modules was left lying",
      fix: "Take out what the steps do not need."
    }
  },
  PACK_BUNDLE_TOO_LARGE: {
    severity: "error",
    exitCode: 7,
    message: "{what} has {size} bytes, more than the {limit} that are read",
    hint: "do not use this file, or make a smaller pack",
    explanation: {
      cause: "Documents are read whole and are therefore bounded; a file of a pack must fit into the archive (8 GiB).",
      example: "an index.json of a gigabyte",
      fix: "Take the file from its publisher again; give very large files as inputs rather than in the pack."
    }
  }
});

// src/pack/tree-entry.ts
function nameProblem(name2) {
  if (new RegExp("\\p{Cc}", "u").test(name2)) {
    return "its name holds a control character";
  }
  return /[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u.test(name2) ? "its name holds a character that breaks lines or turns the direction of text" : void 0;
}

// src/bundle/path-problem.ts
var WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;
function pathProblem(path) {
  if (nameProblem(path) !== void 0) {
    return "PACK_BUNDLE_PATH_NUL";
  }
  if (/^(?:[A-Za-z]:|\\)|[\\:*?"<>|]/.test(path)) {
    return "PACK_BUNDLE_PATH_WINDOWS";
  }
  if (path.startsWith("/")) {
    return "PACK_BUNDLE_PATH_ABSOLUTE";
  }
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    return "PACK_BUNDLE_PATH_TRAVERSAL";
  }
  return parts.some((part) => WINDOWS_DEVICE.test(part) || /[. ]$/.test(part)) ? "PACK_BUNDLE_PATH_WINDOWS" : void 0;
}
var PathTwins = class {
  #spellings = { exact: new Names(), normal: new Names(), folded: new Names() };
  /** How this path collides with those that were added before it. */
  add(path) {
    const { exact, normal, folded } = this.#spellings;
    let above = { exact: 0, normal: 0, folded: 0 };
    for (const part of path.split("/")) {
      const composed = part.normalize("NFC");
      const small = composed.toUpperCase().toLowerCase();
      const isNew = !exact.has(above.exact, part);
      const isSpelling = isNew && normal.has(above.normal, composed);
      const isCase = isNew && folded.has(above.folded, small);
      above = {
        exact: exact.idOf(above.exact, part),
        normal: normal.idOf(above.normal, composed),
        folded: folded.idOf(above.folded, small)
      };
      if (isSpelling || isCase) {
        return isSpelling ? "PACK_BUNDLE_PATH_UNICODE" : "PACK_BUNDLE_PATH_CASE";
      }
    }
    return void 0;
  }
};
var Names = class {
  #ids = /* @__PURE__ */ new Map();
  has(above, name2) {
    return this.#ids.has(`${above}/${name2}`);
  }
  idOf(above, name2) {
    const key = `${above}/${name2}`;
    const id = this.#ids.get(key) ?? this.#ids.size + 1;
    this.#ids.set(key, id);
    return id;
  }
};

// src/bundle/archive.ts
var LAYOUT_PATH = "oci-layout";
var INDEX_PATH = "index.json";
var BLOB = /^blobs\/sha256\/[0-9a-f]{64}$/;
var MAX_PACK_FILES = 2e4;
var MAX_ENTRIES = MAX_PACK_FILES + 32;
async function readArchive(source) {
  const entries = [];
  let at = 0;
  for (; ; ) {
    if (at + BLOCK > source.size) {
      return refuse("PACK_BUNDLE_TRUNCATED", { at });
    }
    const header = readHeader(await readBytes(source, at, BLOCK), at);
    if (!header.ok) {
      return header;
    }
    if (header.value === "end") {
      return closeArchive(source, at, entries);
    }
    const placed = await placeEntry(source, header.value, at, entries);
    if (!placed.ok) {
      return placed;
    }
    if (entries.length === MAX_ENTRIES) {
      return refuse("PACK_BUNDLE_TOO_MANY", { limit: MAX_ENTRIES });
    }
    entries.push(placed.value);
    at = placed.value.start + placed.value.size + paddingOf(placed.value.size);
  }
}
function archiveSource(file) {
  let reading;
  const index = () => {
    reading ??= readArchive(file).then(
      (read) => read.ok ? ok(new Map(read.value.map((entry2) => [entry2.path, entry2]))) : read
    );
    return reading;
  };
  return {
    list: async () => {
      const read = await index();
      return read.ok ? ok([...read.value.values()].map(({ path, size: size2 }) => ({ path, size: size2 }))) : read;
    },
    open: async function* open5(path) {
      const read = await index();
      const entry2 = read.ok ? read.value.get(path) : void 0;
      if (entry2 === void 0) {
        throw new Error(`${path} is not in the archive`);
      }
      yield* file.read(entry2.start, entry2.size);
    }
  };
}
async function readBytes(source, start, size2) {
  const bytes = new Uint8Array(size2);
  let done = 0;
  for await (const chunk of source.read(start, size2)) {
    bytes.set(chunk, done);
    done += chunk.length;
  }
  return bytes;
}
var LINKS = /* @__PURE__ */ new Set(["1", "2"]);
var EXTENSIONS = /* @__PURE__ */ new Set(["g", "x", "X", "A", "D", "E", "I", "K", "L", "M", "N", "S", "V"]);
function readHeader(block, at) {
  if (block.every((byte) => byte === 0)) {
    return ok("end");
  }
  const type = String.fromCharCode(block[156] ?? 0);
  if (LINKS.has(type)) {
    return refuse("PACK_BUNDLE_LINK", { entry: `the entry at byte ${at}` });
  }
  if (EXTENSIONS.has(type)) {
    return refuse("PACK_BUNDLE_EXTENDED_HEADER", { at });
  }
  if (type !== "0") {
    return refuse("PACK_BUNDLE_ENTRY_TYPE", {
      entry: `the entry at byte ${at}`,
      problem: `its type is "${shown(type)}"`
    });
  }
  const named = checkName(block);
  if (!named.ok) {
    return named;
  }
  const read = readUstarHeader(block);
  if (read.kind === "file" && isEntryPath(read.entry.path)) {
    return ok(read.entry);
  }
  if (read.kind === "file") {
    return refuse("PACK_BUNDLE_HEADER", { at, problem: "its name goes on in the field for prefixes" });
  }
  return refuse("PACK_BUNDLE_HEADER", { at, problem: read.kind === "bad" ? read.problem : "it is empty" });
}
function checkName(block) {
  const field = block.subarray(0, 100);
  const end = field.indexOf(0);
  if (end !== -1 && field.subarray(end).some((byte) => byte !== 0)) {
    return refuse("PACK_BUNDLE_PATH_NUL");
  }
  return checkEntryName(decodeUtf8(end === -1 ? field : field.subarray(0, end)));
}
function checkEntryName(name2) {
  if (name2 === void 0) {
    return refuse("PACK_BUNDLE_PATH_FOREIGN", { path: "a name that is not UTF-8" });
  }
  const problem = pathProblem(name2) ?? (isEntryPath(name2) ? void 0 : foreignCode(name2));
  return problem === void 0 ? ok(void 0) : refuse(problem, { path: shown(name2) });
}
function foreignCode(name2) {
  if (isEntryPath(name2.normalize("NFKC"))) {
    return "PACK_BUNDLE_PATH_UNICODE";
  }
  return isEntryPath(name2.toLowerCase()) ? "PACK_BUNDLE_PATH_CASE" : "PACK_BUNDLE_PATH_FOREIGN";
}
function isEntryPath(path) {
  return path === LAYOUT_PATH || path === INDEX_PATH || BLOB.test(path);
}
async function placeEntry(source, { path, size: size2 }, at, before) {
  const start = at + BLOCK;
  const last = before.at(-1)?.path;
  if (last === void 0 ? path !== LAYOUT_PATH : placeOf(path) < placeOf(last) || isBlob(last) && path <= last) {
    const isTwice = before.some((entry2) => entry2.path === path);
    return refuse(isTwice ? "PACK_BUNDLE_DUPLICATE" : "PACK_BUNDLE_ORDER", { path });
  }
  if (last === path) {
    return refuse("PACK_BUNDLE_DUPLICATE", { path });
  }
  const end = start + size2;
  if (end + paddingOf(size2) > source.size) {
    return refuse("PACK_BUNDLE_TRUNCATED", { at: source.size });
  }
  const padding = await readBytes(source, end, paddingOf(size2));
  return padding.every((byte) => byte === 0) ? ok({ path, size: size2, start }) : refuse("PACK_BUNDLE_PADDING", { at: end });
}
function isBlob(path) {
  return BLOB.test(path);
}
function placeOf(path) {
  return path === LAYOUT_PATH ? 0 : path === INDEX_PATH ? 1 : 2;
}
async function closeArchive(source, at, entries) {
  const end = at + 2 * BLOCK;
  if (source.size < end) {
    return refuse("PACK_BUNDLE_TRUNCATED", { at: source.size });
  }
  const second = await readBytes(source, at + BLOCK, BLOCK);
  return source.size > end || second.some((byte) => byte !== 0) ? refuse("PACK_BUNDLE_TRAILING", { at: at + BLOCK }) : ok(entries);
}
function shown(text9) {
  return text9.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
function refuse(code2, data = {}) {
  return fail(faultOf(archiveCodes, code2, data));
}

// src/canon/json.ts
function isJsonObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/canon/canonical-json.ts
function canonicalJson(value) {
  const sorted = inOrder(value, 0);
  if (sorted !== UNFIT) {
    const text9 = JSON.stringify(sorted);
    if (!text9.includes("\\ud")) {
      return text9;
    }
  }
  return write(value);
}
function canonicalBytes(value) {
  return encodeUtf8(canonicalJson(value));
}
var UNFIT = /* @__PURE__ */ Symbol("unfit");
var SHALLOW = 64;
function inOrder(value, depth) {
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : UNFIT;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) {
    return value;
  }
  if (typeof value !== "object" || depth === SHALLOW) {
    return UNFIT;
  }
  if (Array.isArray(value)) {
    return itemsInOrder(value, depth + 1);
  }
  return isPlain(value) ? membersInOrder(value, depth + 1) : UNFIT;
}
function itemsInOrder(items, depth) {
  let copy;
  for (let at = 0; at < items.length; at += 1) {
    const item = inOrder(items[at], depth);
    if (item === UNFIT) {
      return UNFIT;
    }
    if (item !== items[at]) {
      copy ??= [...items];
      copy[at] = item;
    }
  }
  return copy ?? items;
}
function membersInOrder(members, depth) {
  const names = Object.keys(members);
  let copy;
  if (!areSorted(names)) {
    if (names.some(isUnruly)) {
      return UNFIT;
    }
    names.sort();
    copy = {};
  }
  for (const [at, name2] of names.entries()) {
    const member = members[name2];
    const ordered = member === void 0 ? void 0 : inOrder(member, depth);
    if (ordered === UNFIT) {
      return UNFIT;
    }
    if (ordered !== member && copy === void 0) {
      if (names.some(isUnruly)) {
        return UNFIT;
      }
      copy = Object.fromEntries(names.slice(0, at).map((before) => [before, members[before]]));
    }
    if (copy !== void 0) {
      copy[name2] = ordered;
    }
  }
  return copy ?? members;
}
function isUnruly(name2) {
  const first = name2.charCodeAt(0);
  return first >= 48 && first <= 57 || name2 === "__proto__";
}
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
function areSorted(names) {
  for (let at = 1; at < names.length; at += 1) {
    if ((names[at] ?? "") < (names[at - 1] ?? "")) {
      return false;
    }
  }
  return true;
}
function write(value) {
  const root = frameOf([value]);
  const stack = [root];
  let text9 = "";
  for (let top = root; top !== void 0; top = stack.at(-1)) {
    const at = top.next;
    if (at === top.values.length) {
      text9 += top === root ? "" : top.names === void 0 ? "]" : "}";
      stack.pop();
      continue;
    }
    const item = top.values[at];
    const name2 = top.names?.[at];
    text9 += `${at === 0 ? "" : ","}${name2 === void 0 ? "" : `${stringText(name2)}:`}`;
    top.next += 1;
    if (typeof item === "object" && item !== null) {
      const frame = frameOf(item);
      text9 += frame.names === void 0 ? "[" : "{";
      stack.push(frame);
      refuseCircle(stack);
    } else {
      text9 += scalarText(top.names === void 0 && item === void 0 && top !== root ? null : item);
    }
  }
  return text9;
}
function frameOf(container) {
  if (Array.isArray(container)) {
    return { container, names: void 0, values: container, next: 0 };
  }
  if (!isPlain(container)) {
    throw new Error("an instance of a class is no JSON value");
  }
  const names = Object.keys(container).filter((name2) => container[name2] !== void 0).sort();
  return { container, names, values: names.map((name2) => container[name2]), next: 0 };
}
function refuseCircle(stack) {
  const depth = stack.length;
  if (depth >= 1024 && (depth & depth - 1) === 0 && new Set(stack.map((frame) => frame.container)).size < depth) {
    throw new Error("a value that contains itself is no JSON value");
  }
}
var LONE = new RegExp("\\p{Surrogate}", "u");
function stringText(value) {
  if (LONE.test(value)) {
    throw new Error("a lone surrogate has no canonical text");
  }
  return JSON.stringify(value);
}
function scalarText(value) {
  if (typeof value === "string") {
    return stringText(value);
  }
  if (value === null || typeof value === "boolean" || typeof value === "number" && Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  throw new Error("not a JSON value");
}

// src/canon/digest.ts
var PATTERN = /^sha256:[0-9a-f]{64}$/;
function isDigest(text9) {
  return typeof text9 === "string" && PATTERN.test(text9);
}
function parseDigest(text9) {
  return isDigest(text9) ? text9 : void 0;
}
function digestOf(bytes, sha256) {
  return `sha256:${toHex(sha256(bytes))}`;
}
function digestOfJson(value, sha256) {
  return digestOf(canonicalBytes(value), sha256);
}
function hexOf(digest2) {
  return digest2.slice("sha256:".length);
}
function digestOfHex(hex2) {
  const digest2 = `sha256:${hex2}`;
  if (!isDigest(digest2)) {
    throw new Error("not the hex of a SHA-256");
  }
  return digest2;
}

// src/canon/timestamp.ts
var PATTERN2 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
var DAY = 864e5;
function timestampOf(milliseconds) {
  const days = Math.floor(milliseconds / DAY);
  const [year, month, day] = civilOf(days);
  const rest2 = milliseconds - days * DAY;
  const at = (unit, size2) => digits(Math.floor(rest2 / unit) % size2, 2);
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  return `${date}T${at(36e5, 24)}:${at(6e4, 60)}:${at(1e3, 60)}.${digits(rest2 % 1e3, 3)}Z`;
}
function millisecondsOf(text9) {
  if (!PATTERN2.test(text9)) {
    return void 0;
  }
  const [year, month, day] = [numberAt(text9, 0, 4), numberAt(text9, 5, 7), numberAt(text9, 8, 10)];
  const [hour, minute, second] = [numberAt(text9, 11, 13), numberAt(text9, 14, 16), numberAt(text9, 17, 19)];
  const days = daysOf(year, month, day);
  const [realYear, realMonth, realDay] = civilOf(days);
  const isReal = year >= 1970 && year === realYear && month === realMonth && day === realDay;
  return isReal && hour < 24 && minute < 60 && second < 60 ? days * DAY + hour * 36e5 + minute * 6e4 + second * 1e3 + numberAt(text9, 20, 23) : void 0;
}
function numberAt(text9, start, end) {
  let number2 = 0;
  for (let at = start; at < end; at += 1) {
    number2 = number2 * 10 + text9.charCodeAt(at) - 48;
  }
  return number2;
}
function isTimestamp(text9) {
  return typeof text9 === "string" && millisecondsOf(text9) !== void 0;
}
function digits(value, width) {
  return String(value).padStart(width, "0");
}
function daysOf(year, month, day) {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}
function civilOf(days) {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

// src/canon/shape.ts
function misfitsOf(shape, value) {
  const walk3 = { path: [], misfits: [] };
  shape.check(value, walk3);
  return walk3.misfits;
}
function describeMisfit(misfit2) {
  const at = misfit2.path.length === 0 ? "the document" : pointerOf(misfit2.path);
  switch (misfit2.problem) {
    case "unknown":
      return `${at}: unknown member "${misfit2.found}"`;
    case "missing":
      return `${at}: member "${misfit2.found}" is missing`;
    case "type":
    case "value":
      return `${at}: expected ${misfit2.expected}, found ${misfit2.found}`;
  }
}
function pointerOf(path) {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
function object(required2, optional, description) {
  const members = new Map([...Object.entries(required2), ...Object.entries(optional ?? {})]);
  const needed = Object.keys(required2);
  const known = [...members.keys()];
  return {
    schema: {
      type: "object",
      ...description === void 0 ? {} : { description },
      properties: Object.fromEntries([...members].map(([name2, shape]) => [name2, shape.schema])),
      ...needed.length === 0 ? {} : { required: needed },
      additionalProperties: false
    },
    check: (value, walk3) => {
      if (!isJsonObject(value)) {
        misfit(walk3, "type", "an object", value);
        return;
      }
      for (const name2 of Object.keys(value)) {
        const shape = members.get(name2);
        if (shape === void 0) {
          walk3.misfits.push({ problem: "unknown", path: [...walk3.path], expected: "", found: name2, known });
        } else if (value[name2] !== void 0) {
          checkAt(shape, value[name2], name2, walk3);
        }
      }
      for (const name2 of needed) {
        if (!Object.hasOwn(value, name2) || value[name2] === void 0) {
          walk3.misfits.push({ problem: "missing", path: [...walk3.path], expected: "", found: name2 });
        }
      }
    }
  };
}
function record(names, values2, nameHint, { max } = {}) {
  return {
    schema: {
      type: "object",
      propertyNames: { pattern: names.source },
      additionalProperties: values2.schema,
      ...max === void 0 ? {} : { maxProperties: max }
    },
    check: (value, walk3) => {
      if (!isJsonObject(value)) {
        misfit(walk3, "type", "an object", value);
        return;
      }
      const { length } = Object.keys(value);
      if (max !== void 0 && length > max) {
        misfit(walk3, "value", `at most ${max} members`, length);
      }
      for (const [name2, member] of Object.entries(value)) {
        walk3.path.push(name2);
        if (!names.test(name2)) {
          misfit(walk3, "value", nameHint, name2);
        }
        values2.check(member, walk3);
        walk3.path.pop();
      }
    }
  };
}
function array(items, limits = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    schema: {
      type: "array",
      items: items.schema,
      ...limits.min === void 0 ? {} : { minItems: min },
      ...limits.max === void 0 ? {} : { maxItems: max }
    },
    check: (value, walk3) => {
      if (!Array.isArray(value)) {
        misfit(walk3, "type", "an array", value);
        return;
      }
      if (value.length < min) {
        misfit(walk3, "value", `at least ${min} items`, value.length);
      } else if (value.length > max) {
        misfit(walk3, "value", `at most ${max} items`, value.length);
      }
      value.forEach((item, at) => checkAt(items, item, at, walk3));
    }
  };
}
function string(limits = {}) {
  const { pattern: pattern2, expected = "a string", max, min = 0 } = limits;
  return {
    schema: {
      type: "string",
      ...pattern2 === void 0 ? {} : { pattern: pattern2.source },
      ...max === void 0 ? {} : { maxLength: max },
      ...min === 0 ? {} : { minLength: min }
    },
    check: (value, walk3) => {
      if (typeof value !== "string") {
        misfit(walk3, "type", expected, value);
      } else if (pattern2?.test(value) === false || value.length < min || value.length > (max ?? value.length)) {
        misfit(walk3, "value", expected, value);
      }
    }
  };
}
function integer(limits = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    check: (value, walk3) => {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) {
        misfit(walk3, "type", "an integer", value);
      } else if (value < min || value > max) {
        misfit(walk3, "value", `an integer from ${min} to ${max}`, value);
      }
    }
  };
}
function number(limits = {}) {
  const { above = -Number.MAX_VALUE, max = Number.MAX_VALUE } = limits;
  return {
    schema: {
      type: "number",
      ...limits.above === void 0 ? {} : { exclusiveMinimum: above },
      ...limits.max === void 0 ? {} : { maximum: max }
    },
    check: (value, walk3) => {
      if (typeof value !== "number" || !Number.isFinite(value)) {
        misfit(walk3, "type", "a number", value);
      } else if (value <= above || value > max) {
        misfit(walk3, "value", `a number above ${above}, at most ${max}`, value);
      }
    }
  };
}
function boolean() {
  return {
    schema: { type: "boolean" },
    check: (value, walk3) => {
      if (typeof value !== "boolean") {
        misfit(walk3, "type", "true or false", value);
      }
    }
  };
}
function literal(...choices) {
  const expected = choices.length === 1 ? JSON.stringify(choices[0]) : `one of ${choices.map(String).join(", ")}`;
  return {
    schema: choices.length === 1 ? { const: choices[0] ?? null } : { enum: choices },
    check: (value, walk3) => {
      if (!choices.some((choice) => choice === value)) {
        misfit(walk3, choices.some((choice) => typeof choice === typeof value) ? "value" : "type", expected, value);
      }
    }
  };
}
function nullable(shape) {
  return {
    schema: { anyOf: [shape.schema, { type: "null" }] },
    check: (value, walk3) => {
      if (value !== null) {
        shape.check(value, walk3);
      }
    }
  };
}
function anything() {
  return { schema: true, check: () => void 0 };
}
function tagged(tag, cases2) {
  const names = Object.keys(cases2);
  return {
    schema: { oneOf: Object.values(cases2).map((shape) => shape.schema) },
    check: (value, walk3) => {
      if (!isJsonObject(value)) {
        misfit(walk3, "type", "an object", value);
        return;
      }
      const name2 = value[tag];
      const chosen = typeof name2 === "string" && Object.hasOwn(cases2, name2) ? cases2[name2] : void 0;
      if (chosen !== void 0) {
        chosen.check(value, walk3);
      } else if (name2 === void 0) {
        walk3.misfits.push({ problem: "missing", path: [...walk3.path], expected: "", found: tag });
      } else {
        walk3.path.push(tag);
        misfit(walk3, "value", `one of ${names.join(", ")}`, name2);
        walk3.path.pop();
      }
    }
  };
}
function either(shapes, choose) {
  return {
    schema: { anyOf: shapes.map((shape) => shape.schema) },
    check: (value, walk3) => choose(value).check(value, walk3)
  };
}
function digest() {
  return guarded("sha256: and 64 lower-case hex digits", "^sha256:[0-9a-f]{64}$", isDigest);
}
function timestamp() {
  const pattern2 = "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$";
  return guarded("a UTC time with milliseconds, as 2026-01-05T08:00:00.000Z", pattern2, isTimestamp);
}
function guarded(expected, pattern2, guard) {
  return {
    schema: { type: "string", pattern: pattern2 },
    check: (value, walk3) => {
      if (!guard(value)) {
        misfit(walk3, typeof value === "string" ? "value" : "type", expected, value);
      }
    }
  };
}
function checkAt(shape, value, part, walk3) {
  walk3.path.push(part);
  shape.check(value, walk3);
  walk3.path.pop();
}
function misfit(walk3, problem, expected, value) {
  walk3.misfits.push({ problem, path: [...walk3.path], expected, found: show(value) });
}
function show(value) {
  if (value === null || typeof value === "boolean" || typeof value === "number") {
    return String(value);
  }
  if (typeof value === "string") {
    const text9 = value.length > 60 ? `${value.slice(0, 57)}...` : value;
    return JSON.stringify(text9);
  }
  return Array.isArray(value) ? "an array" : "an object";
}

// src/pack/names.ts
var PACK_NAME = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
var SEM_VER = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
var MAX_OUTPUTS = 1023;

// src/plan/plan.ts
var NAME = /^[a-z][A-Za-z0-9_]{0,62}$/;
var STEP_ID = /^[a-z][A-Za-z0-9_-]{0,62}$/;
var NODE_ID = /^[a-z][A-Za-z0-9_-]{0,62}(?:\[\*\]::[a-z][A-Za-z0-9_-]{0,62})*$/;
var PACK_NAME2 = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
var SEM_VER2 = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
var name = string({ pattern: NAME, expected: "a name such as channel or dryRun2" });
var nodeId = string({ pattern: NODE_ID, expected: "a node id such as build or rollout[*]::push" });
var count = integer({ min: 0 });
var positive = integer({ min: 1 });
var celShape = object({
  $cel: array(
    either(
      [string(), object({ expr: string({ min: 1 }) })],
      (part) => typeof part === "string" ? string() : object({ expr: string({ min: 1 }) })
    ),
    { min: 1 }
  )
});
function isCel(value) {
  return isJsonObject(value) && Array.isArray(value["$cel"]);
}
var text = either(
  [string(), celShape],
  (value) => typeof value === "string" ? string() : celShape
);
var VALUE_TYPES = ["string", "integer", "number", "boolean", "object", "array"];
var inputShape = tagged("type", {
  ...Object.fromEntries(
    VALUE_TYPES.map((type) => [type, object({ type: literal(type), value: anything() })])
  ),
  file: object({ type: literal("file"), name: string(), size: count, digest: digest() }),
  directory: object({ type: literal("directory"), name: string(), digest: digest() })
});
var egressRuleShape = object(
  {
    host: string(),
    port: integer({ min: 1, max: 65535 }),
    protocol: literal("tls", "http", "tcp"),
    allowPrivate: boolean()
  },
  { maxBytes: positive, maxRequests: positive }
);
var limitsShape = object(
  { cpus: number({ above: 0 }), memoryBytes: positive, pids: positive, logBytes: positive, artifactBytes: positive },
  { minEnforcement: literal("kernel-tree", "kernel-process", "watchdog") }
);
var sandboxShape = object(
  { mode: literal("sealed", "restricted"), egressAllowlist: array(egressRuleShape), limits: limitsShape },
  { egressQuota: object({ requests: count, bytes: count }), wallClockMs: positive }
);
var approvalRuleShape = object({
  required: positive,
  from: array(string(), { min: 1 }),
  ttlMs: positive,
  separationOfDuties: boolean(),
  reasonRequired: boolean()
});
var policyShape = tagged("engine", {
  cel: object({ engine: literal("cel"), expression: string({ min: 1 }), digest: digest() }),
  rego: object({ engine: literal("rego"), module: string(), digest: digest(), entrypoint: string() })
});
var retryShape = object(
  { maxAttempts: integer({ min: 1, max: 20 }), initialMs: count, factor: number({ above: 0 }), maxMs: count },
  { onExitCodes: array(integer({ min: 0, max: 255 })) }
);
var envValueShape = either(
  [string(), celShape, object({ secret: name, as: literal("env", "file") })],
  (value) => typeof value === "string" ? string() : isCel(value) ? celShape : object({ secret: name, as: literal("env", "file") })
);
var fileOutput = object({ file: string() }, { mediaType: string(), mayContainSecrets: boolean() });
var dirOutput = object({ dir: string() }, { mayContainSecrets: boolean() });
var typedOutput = object({ type: literal(...VALUE_TYPES) }, { schema: anything(), mayContainSecrets: boolean() });
var outputShape = either(
  [fileOutput, dirOutput, typedOutput],
  (value) => isJsonObject(value) && "file" in value ? fileOutput : isJsonObject(value) && "dir" in value ? dirOutput : typedOutput
);
var common = {
  id: nodeId,
  parent: nullable(nodeId),
  needs: array(nodeId),
  continueOnError: boolean()
};
var whenShape = either([boolean(), celShape], (value) => typeof value === "boolean" ? boolean() : celShape);
var maybeWhen = { when: whenShape };
var runShape = object(
  {
    ...common,
    kind: literal("run"),
    env: record(/^[A-Za-z_][A-Za-z0-9_]*$/, envValueShape, "a name of an environment variable"),
    inputs: record(NAME, anything(), "a name"),
    outputs: record(NAME, outputShape, "a name"),
    timeoutMs: positive,
    retry: retryShape,
    idempotent: boolean()
  },
  {
    ...maybeWhen,
    command: array(text, { min: 1 }),
    script: string(),
    shell: literal("sh", "bash"),
    uses: string(),
    with: anything(),
    stdin: text,
    sandbox: sandboxShape,
    files: array(object({ path: string(), digest: digest() }))
  }
);
var parallelShape = object({ ...common, kind: literal("parallel") }, { ...maybeWhen, maxParallel: positive });
var mapShape = object(
  { ...common, kind: literal("map"), items: anything(), as: name, maxItems: count },
  { ...maybeWhen, maxParallel: positive }
);
var approvalGateShape = object({ ...common, kind: literal("gate.approval"), approval: nodeId }, { message: text });
var policyGateShape = object(
  { ...common, kind: literal("gate.policy"), policy: nodeId, failAction: literal("halt", "continue") },
  { ...maybeWhen, with: anything() }
);
var nodeShape = tagged("kind", {
  run: runShape,
  parallel: parallelShape,
  map: mapShape,
  "gate.approval": approvalGateShape,
  "gate.policy": policyGateShape
});
var planShape = object(
  {
    apiVersion: literal("packrun.dev/v1"),
    kind: literal("Plan"),
    planVersion: literal(1),
    pack: object({
      name: string({ pattern: PACK_NAME2, expected: "a pack name" }),
      version: string({ pattern: SEM_VER2, expected: "a SemVer version" }),
      digest: digest()
    }),
    inputs: record(NAME, inputShape, "a name"),
    secrets: record(NAME, object({ steps: array(nodeId) }), "a name"),
    sandbox: sandboxShape,
    security: object({ secretsRedactionPolicy: literal("blank", "hash") }),
    approvals: record(STEP_ID, approvalRuleShape, "an id"),
    policies: record(STEP_ID, policyShape, "an id"),
    failurePolicy: object({ onFailure: literal("skip-dependents", "drain", "cancel") }),
    steps: array(nodeShape),
    finally: array(nodeShape),
    outputs: record(NAME, object({ from: anything() }), "a name", { max: MAX_OUTPUTS })
  },
  { slo: object({}, { runP95Seconds: positive, approvalP95Seconds: positive, maxQueueDepth: count }) }
);

// src/run/value.ts
var valueShape = tagged("type", {
  ...Object.fromEntries(
    VALUE_TYPES.map((type) => [type, object({ type: literal(type), value: anything() })])
  ),
  file: object({ type: literal("file"), digest: digest(), size: integer({ min: 0 }) }, { mediaType: string() }),
  directory: object({ type: literal("directory"), digest: digest() })
});

// src/run/event.ts
var count2 = integer({ min: 0 });
var values = record(NAME, valueShape, "a name");
var code = { code: string(), hint: string() };
var usage = object({ hit: array(string()) }, { memoryPeakBytes: count2, cpuMs: count2, ioBytes: count2 });
var egress = object({ requests: count2, bytesIn: count2, bytesOut: count2 });
var enforcement = object({
  declared: number(),
  enforcedBy: string(),
  level: literal("kernel-tree", "kernel-process", "watchdog", "none")
});
var enforcements = record(/^[a-z][A-Za-z]*$/, enforcement, "a limit's name");
var commandId = string({ min: 1 });
var empty = object({});
var entry = (on, metadata) => ({ on, metadata });
var eventTypes = {
  "run.created": entry(
    "run",
    object(
      {
        requestedBy: string(),
        requestDigest: digest(),
        inputsLock: digest(),
        packDigest: digest(),
        packSource: literal("registry", "folder")
      },
      { from: string() }
    )
  ),
  "run.started": entry(
    "run",
    object({
      engine: object({ name: string(), version: string() }),
      sandbox: object({ mode: literal("sealed", "restricted") })
    })
  ),
  "run.resumed": entry("run", object({ owner: string(), fence: count2 })),
  "run.waiting": entry("run", object({ gates: array(string()) })),
  "run.cancelRequested": entry("run", object({ commandId, by: string() }, { reason: string() })),
  "run.finished": entry(
    "run",
    object({ status: literal("succeeded", "failed", "cancelled"), outputs: values }, { reason: string() })
  ),
  "plan.verified": entry("run", empty),
  "plan.drift": entry("run", object({ node: string(), pointer: string(), ...code })),
  "map.expanded": entry("step", object({ count: count2, items: anything() })),
  "step.started": entry("attempt", object({}, { exe: object({ path: string(), digest: digest() }) })),
  "step.output": entry(
    "attempt",
    object(
      { stream: literal("stdout", "stderr"), lines: array(string()) },
      { partial: boolean(), invalidBytes: count2 }
    )
  ),
  "step.artifact": entry(
    "attempt",
    object(
      { name: string(), status: literal("captured", "refused", "missing") },
      { digest: digest(), size: count2, mediaType: string(), notes: string() }
    )
  ),
  "step.retry": entry("attempt", object({ reason: string(), notBefore: timestamp() })),
  "step.succeeded": entry(
    "attempt",
    object({ durationMs: count2, outputs: values }, { usage, egress, reusedFrom: string() })
  ),
  "step.failed": entry(
    "attempt",
    object({ reason: string(), durationMs: count2, ...code }, { exitCode: count2, signal: string(), usage, egress })
  ),
  "step.skipped": entry("step", object({ reason: string() })),
  "step.cancelled": entry("attempt", object({ reason: string() })),
  "step.lost": entry("attempt", empty),
  "sandbox.enforced": entry(
    "attempt",
    object(
      { mode: literal("sealed", "restricted"), limits: enforcements },
      { proc: literal("host"), userNamespaces: literal("filter") }
    )
  ),
  "egress.denied": entry("attempt", object({ host: string(), port: count2, reason: string(), ...code })),
  "gate.opened": entry("gate", object({ requestDigest: digest(), notAfter: timestamp() })),
  "gate.decision": entry(
    "gate",
    object({ commandId, decision: literal("approve", "reject"), principal: string(), payloadDigest: digest() })
  ),
  "gate.refused": entry("gate", object({ commandId, ...code }, { principal: string() })),
  "gate.passed": entry("gate", empty),
  "gate.rejected": entry("gate", empty),
  "gate.expired": entry("gate", empty),
  "policy.evaluated": entry(
    "gate",
    object({ allowed: boolean(), policyDigest: digest(), contextDigest: digest() }, { code: string(), hint: string() })
  ),
  "secret.resolved": entry("attempt", object({ name: string(), provider: string() })),
  "lease.acquired": entry("run", object({ owner: string(), fence: count2 })),
  "evidence.snapshot": entry("run", object({ manifestDigest: digest() }, { commandId })),
  "incident.opened": entry("run", object({ commandId, by: string(), reason: string(), until: timestamp() })),
  /** Without a command and a person when its time was over. */
  "incident.closed": entry("run", object({}, { commandId, by: string() }))
};

// src/run/event-shape.ts
var INSTANCE_ID = /^[a-z][A-Za-z0-9_-]{0,62}(?:\[(?:0|[1-9]\d{0,14})\]::[a-z][A-Za-z0-9_-]{0,62})*$/;
var envelope = {
  sequence: integer({ min: 1 }),
  timestamp: timestamp(),
  level: literal("debug", "info", "warn", "error"),
  message: string(),
  prev: digest(),
  hash: digest()
};
var stepId = string({ pattern: INSTANCE_ID, expected: "the id of a step, such as build or rollout[0]::push" });
var attempt = integer({ min: 1 });
var placeOf2 = (type) => {
  switch (eventTypes[type].on) {
    case "run":
      return { required: {}, optional: {} };
    case "step":
      return { required: { stepId }, optional: {} };
    case "gate":
      return type === "gate.refused" ? { required: {}, optional: { stepId } } : { required: { stepId }, optional: {} };
    case "attempt":
      return type === "step.succeeded" ? { required: { stepId }, optional: { attempt } } : { required: { stepId, attempt }, optional: {} };
  }
};
var cases = Object.fromEntries(
  Object.keys(eventTypes).map((type) => {
    const { required: required2, optional } = placeOf2(type);
    const members = { ...envelope, eventType: literal(type), metadata: eventTypes[type].metadata, ...required2 };
    return [type, object(members, optional)];
  })
);
var eventShape = tagged("eventType", cases);
function eventMisfit(value) {
  const [first] = misfitsOf(eventShape, value);
  return first === void 0 ? relationMisfit(value) : describeMisfit(first);
}
function relationMisfit(event) {
  if (event.eventType === "gate.refused") {
    return event.stepId === void 0 === (event.metadata.code === "GATE_UNKNOWN") ? void 0 : "stepId is absent exactly on a refusal with GATE_UNKNOWN";
  }
  if (event.eventType === "step.succeeded") {
    return event.attempt === void 0 === (event.metadata.reusedFrom !== void 0) ? void 0 : "attempt is absent exactly on a step with reusedFrom";
  }
  if (event.eventType === "step.artifact") {
    const captured = event.metadata.status === "captured";
    return captured === (event.metadata.digest !== void 0) && captured === (event.metadata.size !== void 0) ? void 0 : "digest and size stand exactly on captured artifacts";
  }
  return void 0;
}

// src/evidence/gate-path.ts
var LONGEST_GATE = 90;
function gateName(gateId, sha256) {
  const bytes = encodeUtf8(gateId);
  return bytes.length > LONGEST_GATE ? hexOf(digestOf(bytes, sha256)) : gateId;
}
function gateRequestPath(gateId, sha256) {
  return `approvals/${gateName(gateId, sha256)}/request.json`;
}
function gateResponsePath(gateId, number2, sha256) {
  return `approvals/${gateName(gateId, sha256)}/${number2}.sigstore.json`;
}

// src/evidence/evidence-path.ts
var ROLES = [
  "plan",
  "inputs-lock",
  "ledger",
  "outputs",
  "pack-manifest",
  "run-request",
  "approval-request",
  "approval",
  "artifact",
  "policy-context",
  "egress",
  "sbom",
  "pack-attestation",
  "revocations",
  "trust"
];
var MANIFEST_PATH = "evidence.manifest.json";
var SIDECAR = ".sigstore.json";
var ATTESTATION_PATH = "evidence.manifest.json.sigstore.json";
var PLAN_PATH = "plan.canonical.json";
var INPUTS_LOCK_PATH = "inputs.lock";
var LEDGER_PATH = "ledger.jsonl";
var OUTPUTS_PATH = "outputs.json";
var PACK_MANIFEST_PATH = "pack.manifest.json";
var RUN_REQUEST_PATH = "request.sigstore.json";
var EGRESS_PATH = "egress.jsonl";
var SBOM_PATH = "pack.sbom.cdx.json";
var PACK_ATTESTATION_PATH = "pack.attestation.sigstore.json";
var REVOCATIONS_PATH = "revocations.json";
var TRUST_ROOT_PATH = "trust/trust-root.json";
var FIXED = /* @__PURE__ */ new Map([
  [PLAN_PATH, "plan"],
  [INPUTS_LOCK_PATH, "inputs-lock"],
  [LEDGER_PATH, "ledger"],
  [OUTPUTS_PATH, "outputs"],
  [PACK_MANIFEST_PATH, "pack-manifest"],
  [RUN_REQUEST_PATH, "run-request"],
  [EGRESS_PATH, "egress"],
  [SBOM_PATH, "sbom"],
  [SBOM_PATH + SIDECAR, "sbom"],
  [PACK_ATTESTATION_PATH, "pack-attestation"],
  [REVOCATIONS_PATH, "revocations"],
  [REVOCATIONS_PATH + SIDECAR, "revocations"],
  [TRUST_ROOT_PATH, "trust"]
]);
var GATE = `(?<gate>${INSTANCE_ID.source.slice(1, -1)}|[0-9a-f]{64})`;
var PATTERNS = [
  [new RegExp(`^approvals/${GATE}/request\\.json(?:\\.sigstore\\.json)?$`), "approval-request"],
  [new RegExp(`^approvals/${GATE}/[1-9][0-9]{0,5}\\.sigstore\\.json$`), "approval"],
  [/^artifacts\/sha256\/[0-9a-f]{64}$/, "artifact"],
  [new RegExp(`^policies/${GATE}\\.json$`), "policy-context"]
];
function roleOf(path) {
  return FIXED.get(path) ?? PATTERNS.find(([pattern2]) => fitsPattern(path, pattern2))?.[1];
}
function fitsPattern(path, pattern2) {
  const found = pattern2.exec(path);
  return found !== null && (found.groups?.["gate"] ?? "").length <= LONGEST_GATE;
}
var SIGSTORE = "application/vnd.dev.sigstore.bundle.v0.3+json";
function mediaTypeOf(path, declared) {
  if (path.startsWith("artifacts/")) {
    return declared ?? "application/octet-stream";
  }
  if (path.endsWith(SIDECAR)) {
    return SIGSTORE;
  }
  return path.endsWith(".jsonl") ? "application/x-ndjson" : "application/json";
}
function artifactPath(hex2) {
  return `artifacts/sha256/${hex2}`;
}

// src/app/bundle-kind.ts
var NAME_FIELD = 100;
async function bundleKind(path) {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      return await folderKind(path);
    }
    const name2 = found.isFile() ? await firstName(path) : "";
    return [LAYOUT_PATH, INDEX_PATH, "blobs/"].some((part) => name2.includes(part)) ? "pack" : "evidence";
  } catch {
    return "evidence";
  }
}
async function folderKind(path) {
  let kind = "evidence";
  for await (const { name: name2 } of await opendir(path)) {
    if (name2 === MANIFEST_PATH) {
      return "evidence";
    }
    if ([LAYOUT_PATH, INDEX_PATH, "blobs"].includes(name2)) {
      kind = "pack";
    }
  }
  return kind;
}
async function firstName(path) {
  const field = Buffer.alloc(NAME_FIELD);
  const handle = await open(path, "r");
  try {
    const { bytesRead } = await handle.read(field, 0, NAME_FIELD, 0);
    const [name2 = ""] = field.toString("latin1", 0, bytesRead).split("\0");
    return name2.replaceAll(/[A-Z]/g, (letter2) => letter2.toLowerCase());
  } finally {
    await handle.close();
  }
}

// src/app/verify-evidence.ts
import { existsSync } from "node:fs";
import { lstat as lstat2 } from "node:fs/promises";

// src/canon/base64.ts
var ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
var LETTERS = Uint8Array.from(ALPHABET, (letter2) => letter2.charCodeAt(0));
var PADDING = 61;
var VALUES = new Uint8Array(128).fill(64);
LETTERS.forEach((letter2, value) => {
  VALUES[letter2] = value;
});
var decoder2 = new TextDecoder();
function toBase64(bytes) {
  const text9 = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let out = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] ?? 0) << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text9[out] = letter(group >> 18);
    text9[out + 1] = letter(group >> 12);
    text9[out + 2] = left > 1 ? letter(group >> 6) : PADDING;
    text9[out + 3] = left > 2 ? letter(group) : PADDING;
    out += 4;
  }
  return decoder2.decode(text9);
}
function fromBase64(text9) {
  const padding = text9.endsWith("==") ? 2 : Number(text9.endsWith("="));
  const length = text9.length - padding;
  if (text9.length % 4 !== 0 || length % 4 === 1) {
    return void 0;
  }
  const bytes = new Uint8Array(Math.floor(length * 3 / 4));
  let bits = 0;
  let held2 = 0;
  let out = 0;
  for (let at = 0; at < length; at += 1) {
    const value = VALUES[text9.charCodeAt(at)] ?? 64;
    if (value === 64) {
      return void 0;
    }
    held2 = (held2 << 6 | value) & 65535;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out] = held2 >> bits & 255;
      out += 1;
    }
  }
  return (held2 & (1 << bits) - 1) === 0 ? bytes : void 0;
}
function fromLooseBase64(text9) {
  const plain = text9.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(plain.includes("=") ? plain : plain + "=".repeat((4 - plain.length % 4) % 4));
}
function letter(bits) {
  return LETTERS[bits & 63] ?? 0;
}

// src/attest/public-key.ts
var SPKI_PREFIX = {
  "ecdsa-p256-sha256": [
    48,
    89,
    48,
    19,
    6,
    7,
    42,
    134,
    72,
    206,
    61,
    2,
    1,
    6,
    8,
    42,
    134,
    72,
    206,
    61,
    3,
    1,
    7,
    3,
    66,
    0
  ],
  ed25519: [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0]
};
function rawKeyOf(alg, spkiDer) {
  return spkiDer.subarray(SPKI_PREFIX[alg].length);
}
function fingerprintOf(alg, spkiDer, sha256) {
  const raw = rawKeyOf(alg, spkiDer);
  const fields = alg === "ed25519" ? [encodeUtf8("ssh-ed25519"), raw] : [encodeUtf8("ecdsa-sha2-nistp256"), encodeUtf8("nistp256"), raw];
  const wire = concatBytes(...fields.flatMap((field) => [lengthOf(field), field]));
  return `SHA256:${toBase64(sha256(wire)).replace("=", "")}`;
}
function publicKeyPem(spkiDer) {
  const lines = toBase64(spkiDer).match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
}
var KEYID = /^SHA256:[A-Za-z0-9+/]{43}$/;
function lengthOf(field) {
  return Uint8Array.of(0, 0, field.length >> 8, field.length & 255);
}

// src/attest/sidecar.ts
var BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
var PAYLOAD_TYPE = "application/vnd.in-toto+json";
var SIDECAR_SUFFIX = ".sigstore.json";
var MAX_SIDECAR_BYTES = 64 * 1024 * 1024;
var keyid = string({ pattern: KEYID, expected: "an OpenSSH fingerprint, SHA256: and 43 letters of base64" });
var publicKeyShape = object({ hint: keyid });
var envelopeShape = object({
  payload: string(),
  payloadType: literal(PAYLOAD_TYPE),
  signatures: array(object({ keyid, sig: string() }), { min: 1, max: 1 })
});
var sidecarShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object({ publicKey: publicKeyShape }),
  dsseEnvelope: envelopeShape
});

// src/fault/system-problem.ts
var WORDS = {
  EACCES: "permission denied",
  EEXIST: "it is already there",
  EFBIG: "it is too large",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
  ENOENT: "it is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only"
};
function systemCode(error) {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
function systemProblem(error) {
  const code2 = systemCode(error);
  return Object.hasOwn(WORDS, code2) ? WORDS[code2] ?? code2 : code2;
}

// src/verify/bundle-codes.ts
var bundleCodes = codeTable({
  BUNDLE_NOT_FOUND: {
    severity: "error",
    exitCode: 2,
    message: "there is no bundle at {path}",
    hint: "give the folder of an evidence bundle, or its .tar",
    explanation: {
      cause: "The path names neither a folder nor a file that can be read.",
      example: "packrun verify ./evidence   # the folder is elsewhere",
      fix: "Look where `packrun run` put the bundle: `.packrun/evidence/RUN`, or `--evidence DIR`."
    }
  },
  BUNDLE_UNREADABLE: {
    severity: "error",
    exitCode: 7,
    message: "{path} cannot be read: {problem}",
    hint: "check the medium and the permissions, then verify again",
    explanation: {
      cause: "A file of the bundle could not be read to its end, or changed while it was read.",
      example: "a damaged disc, or a file without read permission",
      fix: "Copy the bundle from its source again."
    }
  },
  BUNDLE_ENTRY_UNSAFE: {
    severity: "error",
    exitCode: 7,
    message: "{path} does not belong into a bundle",
    hint: "a bundle holds only regular files with the names of the layout",
    explanation: {
      cause: "A bundle holds a link, a device, a FIFO, or a file with a foreign name; or a path is too long or too odd for the archive that it should go into.",
      example: "a symbolic link in place of an artifact",
      fix: "Take the bundle from its source again; never add anything to a sealed bundle. A file of your own that is to be sent or exported needs a shorter, plain path."
    }
  },
  BUNDLE_TOO_LARGE: {
    severity: "error",
    exitCode: 7,
    message: "{path} has {size} bytes, more than the {limit} that are read",
    hint: "this is no file that packrun wrote",
    explanation: {
      cause: "A document of the bundle is larger than packrun ever writes it.",
      example: "an inputs.lock of a gigabyte",
      fix: "Take the bundle from its source again."
    }
  },
  BUNDLE_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "the bundle has more than {limit} files",
    hint: "this is nothing that packrun wrote",
    explanation: {
      cause: "Reading is bounded, so that millions of empty files cost neither time nor memory. No manifest lists so many.",
      example: "an archive of a million empty entries",
      fix: "Take the bundle from its source again."
    }
  },
  BUNDLE_TAR_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the archive is refused at byte {at}: {problem}",
    hint: "use the .tar that `packrun evidence export` wrote, or unpack it and verify the folder",
    explanation: {
      cause: "Archives are read in one fixed form of ustar, so that nothing can hide in them; this one has another form.",
      example: "an archive that was packed again with another tool, or has something behind its end",
      fix: "Export it again with `packrun evidence export`, or verify the folder."
    }
  },
  EVIDENCE_MANIFEST_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "evidence.manifest.json is refused: {problem}",
    hint: "use the bundle exactly as packrun sealed it",
    explanation: {
      cause: "The manifest is not canonical JSON of the schema packrun.evidence/v1.",
      example: "a manifest that was reformatted",
      fix: "Take the bundle from its source again."
    }
  },
  EVIDENCE_NOT_FINAL: {
    severity: "error",
    exitCode: 11,
    message: "this is a snapshot of a run that was still going on: without another finding it is whole so far",
    hint: "verify the evidence of the finished run",
    explanation: {
      cause: "Only the manifest of a finished run is final; a snapshot is never verified, at best whole so far.",
      example: "a snapshot that was taken when a gate opened",
      fix: "Wait for the run to finish, then verify its bundle."
    }
  },
  EVIDENCE_FILE_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is missing",
    hint: "take the whole bundle from its source again",
    explanation: {
      cause: "The manifest or the contract names a file that the bundle does not have.",
      example: "an artifact that was deleted to save room",
      fix: "Copy the bundle again, completely."
    }
  },
  EVIDENCE_FILE_EXTRA: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the manifest",
    hint: "nothing may be added to a sealed bundle",
    explanation: {
      cause: "The bundle holds a file that the manifest does not list.",
      example: "a note that somebody put into the folder",
      fix: "Remove what was added, or take the bundle from its source again."
    }
  },
  EVIDENCE_FILE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "{path} has a wrong form: {problem}",
    hint: "verify the bundle; it was changed or cut",
    explanation: {
      cause: "A file of the bundle is not canonical JSON of its schema.",
      example: "an outputs.json that was reformatted",
      fix: "Take the bundle from its source again."
    }
  },
  EXPORT_FAILED: {
    severity: "error",
    exitCode: 10,
    message: "the archive {path} was not written: {problem}",
    hint: "check the free space, and that nobody changes the bundle meanwhile",
    explanation: {
      cause: "The disk is full or fails, or a file of the bundle changed while it was read; nothing was left behind.",
      example: "packrun evidence export RUN -o /full/run.tar   # the disk behind /full has no room",
      fix: "Make room, or name a file on another disk."
    }
  },
  EXTRACT_TARGET: {
    severity: "error",
    exitCode: 2,
    message: "{folder} is not empty",
    hint: "give a folder that is new or empty",
    explanation: {
      cause: "Artifacts are only written into an empty folder, so that nothing is overwritten or mixed up.",
      example: "packrun evidence extract last -o .   # in a folder with files",
      fix: "Name another folder."
    }
  },
  EVIDENCE_FILE_UNNAMED: {
    severity: "error",
    exitCode: 7,
    message: "{path} belongs to nothing in the ledger",
    hint: "do not rely on this run",
    explanation: {
      cause: "The bundle holds an approval, a request or a policy context that no event of the ledger speaks of.",
      example: "a third response in the folder of a gate that two people decided",
      fix: "Find out who sealed the bundle; the runner does not write such files."
    }
  },
  EVIDENCE_FILE_CHANGED: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not the file that was sealed",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "Size or SHA-256 of the file differ from the manifest.",
      example: "an edited ledger",
      fix: "Find out who changed the file; copy the bundle again from its source."
    }
  }
});

// src/verify/bundle-reader.ts
var DOCUMENT_LIMIT = MAX_SIDECAR_BYTES;
var BundleReader = class {
  #source;
  #startHash;
  #files;
  #seen = /* @__PURE__ */ new Map();
  constructor(source, files, startHash) {
    this.#source = source;
    this.#startHash = startHash;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }
  has(path) {
    return this.#files.has(path);
  }
  get files() {
    return this.#files;
  }
  /** What was read of this path so far. */
  seen(path) {
    return this.#seen.get(path);
  }
  /** Streams a file to its end. Chunks are valid only during the call. Faults: EVIDENCE_FILE_MISSING, BUNDLE_UNREADABLE. */
  async stream(path, take2) {
    if (!this.#files.has(path)) {
      return fail(faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path }));
    }
    const hash2 = this.#startHash();
    let size2 = 0;
    try {
      for await (const chunk of this.#source.open(path)) {
        hash2.update(chunk);
        size2 += chunk.length;
        take2(chunk);
      }
    } catch (error) {
      const problem = readingProblem(error);
      return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path, problem }));
    }
    const seen = { sha256: toHex(hash2.digest()), size: size2 };
    const before = this.#seen.get(path);
    if (before !== void 0 && before.sha256 !== seen.sha256) {
      return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path, problem: "it changed while it was read" }));
    }
    this.#seen.set(path, seen);
    return ok(seen);
  }
  /** A whole small file. Faults: EVIDENCE_FILE_MISSING, BUNDLE_TOO_LARGE, BUNDLE_UNREADABLE. */
  async document(path) {
    const file = this.#files.get(path);
    if (file === void 0) {
      return fail(faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path }));
    }
    if (file.size > DOCUMENT_LIMIT) {
      return fail(faultOf(bundleCodes, "BUNDLE_TOO_LARGE", { path, size: file.size, limit: DOCUMENT_LIMIT }));
    }
    const parts = [];
    let kept = 0;
    const read = await this.stream(path, (chunk) => {
      if (kept + chunk.length <= DOCUMENT_LIMIT) {
        parts.push(chunk.slice());
        kept += chunk.length;
      }
    });
    return read.ok ? ok(concatBytes(...parts)) : read;
  }
};
function readingProblem(error) {
  return error instanceof Error && !("code" in error) ? error.message : systemProblem(error);
}

// src/verify/codes.ts
var ASK_ITS_RUNNER = "Do not rely on this run. Take the bundle once more from where it was sealed; if its verdict stays, whoever answers for that machine has to say how it came about.";
var verifyCodes = codeTable({
  VERIFY_OPTION: {
    severity: "error",
    exitCode: 2,
    message: "{option} needs {expected}",
    hint: "give the value in this form",
    explanation: {
      cause: "A value on the command line cannot be read.",
      example: "--plan-hash 3f2a",
      fix: "Copy the value whole, such as --plan-hash sha256: with its 64 hex digits."
    }
  },
  VERIFY_TRUST_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "no trust root was given: nobody is trusted",
    hint: "give --trust FILE, the trust-root.json that you pinned",
    explanation: {
      cause: "Without a trust root a bundle proves only that it is whole, not who stands behind it. That is no pass.",
      example: "packrun verify ./evidence   # no trust root is given or configured",
      fix: "Get trust-root.json from its owner over a channel that you trust and give it with --trust."
    }
  },
  ATTESTATION_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the bundle",
    hint: "a bundle without its attestation proves nothing",
    explanation: {
      cause: "The main attestation is missing, so nobody vouches for the manifest.",
      example: "a bundle that was copied without evidence.manifest.json.sigstore.json",
      fix: "Take the whole bundle from its source again."
    }
  },
  SIGNATURE_ABSENT: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the bundle, and every signature is required",
    hint: "verify without --require-dsse where parts that nobody signed are acceptable",
    explanation: {
      cause: "With --require-dsse every signature that a bundle can have must be there: of the run request and the approval requests, of the pack and its SBOM, and of the revocation list.",
      example: "packrun verify last --require-dsse   # the pack was run from a folder, so that no publisher signed it",
      fix: "Run again with what is missing: the pack from a signed bundle (`packrun bundle import FILE`, then `packrun run NAME@VERSION`), a requester's key (`--as KEY`), and a revocation list beside the trust root (`packrun revoke --renew --key KEY`)."
    }
  },
  PACK_LISTING_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "pack.manifest.json is no listing of a pack's files: {problem}",
    hint: "do not rely on this run",
    explanation: {
      cause: "What a publisher signed is made again from the listing of the pack's files, which therefore has one form only.",
      example: "a listing with a folder in it, or one that is not sorted",
      fix: "Take the bundle from its source again."
    }
  },
  BINDING_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "{what} of {where} is {found}, not {expected}",
    hint: "the parts of this bundle do not belong together",
    explanation: {
      cause: "Every signed part names run, tenant, trust domain and plan; one of them names another.",
      example: "an attestation of another run put beside this manifest",
      fix: "Take the bundle from its source again."
    }
  },
  ASSERTED_PLAN_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the plan is {found}, not the asserted {expected}",
    hint: "check which plan was meant",
    explanation: {
      cause: "The hash that was given with --plan-hash is not the plan of this run.",
      example: "--plan-hash of an earlier release",
      fix: "Compare with `sha256sum plan.canonical.json` of the plan that was approved."
    }
  },
  STATEMENT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the attestation says something else of {member} than the bundle shows",
    hint: "the runner attested what did not happen, or the bundle was exchanged",
    explanation: {
      cause: "Every member of the attestation is computed again from the bundle; one differs.",
      example: "an attestation that calls a failed step succeeded",
      fix: ASK_ITS_RUNNER
    }
  },
  LEDGER_UNFINISHED: {
    severity: "error",
    exitCode: 7,
    message: "the ledger does not end in run.finished",
    hint: "only finished runs are sealed",
    explanation: {
      cause: "The ledger was cut, or the run was not over.",
      example: "the last lines of the ledger were removed",
      fix: "Take the bundle from its source again."
    }
  },
  PLAN_REFUSED: {
    severity: "error",
    exitCode: 7,
    message: "plan.canonical.json is refused: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The nodes of the plan do not fit together: no compiled plan looks so.",
      example: "a node that needs something inside another container",
      fix: ASK_ITS_RUNNER
    }
  },
  PLAN_BYTES_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "plan.canonical.json has the hash {found}, not {expected}",
    hint: "the plan of this bundle is not the one that the run names",
    explanation: {
      cause: "The SHA-256 of the plan file is not the planHash that manifest, ledger and approvals speak of.",
      example: "a plan that was exchanged after the approval",
      fix: ASK_ITS_RUNNER
    }
  },
  NODE_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "the ledger shows work that the plan does not contain",
    explanation: {
      cause: "An event names a step, an item or a policy that is not in the approved plan.",
      example: "a step that was slipped into the run",
      fix: ASK_ITS_RUNNER
    }
  },
  INSTANCES_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "so large a run cannot be verified",
    explanation: {
      cause: "The maps of the ledger were expanded to more steps than a verifier looks at, so the run is not judged.",
      example: "a map of 100000 items with 100 steps each",
      fix: "Split the work into several runs. When nobody made so large a run, do not rely on the bundle."
    }
  },
  ORDER_VIOLATED: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "the ledger shows an order that the plan does not allow",
    explanation: {
      cause: "Something began before what it needs, or ended twice, or an event stands outside its attempt.",
      example: "a deployment that started before its gate had passed",
      fix: ASK_ITS_RUNNER
    }
  },
  OUTPUTS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "outputs.json is not what the ledger shows: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "Outputs and artifacts are computed again from the ledger; the file differs from that, or names an output that no step gave.",
      example: "an output that was renamed after the run",
      fix: ASK_ITS_RUNNER
    }
  },
  ARTIFACT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "artifact {digest}: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "An artifact that the ledger names is missing, different or of another size, or one is there that nothing names; or a step names an output that it did not capture.",
      example: "an artifact of another run in the folder artifacts/",
      fix: "Take the bundle from its source again. If it is the same there, an artifact was exchanged after the run: do not use it."
    }
  },
  EGRESS_LINE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "egress.jsonl, line {line}: {problem}",
    hint: "the record of the network is not one that packrun wrote",
    explanation: {
      cause: "Every line of egress.jsonl is canonical JSON of one form, and the lines are numbered from 1 without a gap.",
      example: "a line that was taken out of the record",
      fix: ASK_ITS_RUNNER
    }
  },
  EGRESS_LINE_UNPLANNED: {
    severity: "error",
    exitCode: 7,
    message: "egress.jsonl, line {line}: {problem}",
    hint: "something reached the network that the plan does not allow",
    explanation: {
      cause: "A line belongs to an attempt that the ledger shows, of a step whose sandbox has egress rules; what was let through is covered by one of these rules, with its protocol.",
      example: "a connection to a host that is not in the approved egressAllowlist",
      fix: ASK_ITS_RUNNER
    }
  },
  EGRESS_USE_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "attempt {attempt} of {stepId}: {problem}",
    hint: "the record of the network and the ledger do not belong together",
    explanation: {
      cause: "The requests and bytes that a step's end names are the sums of its lines in egress.jsonl, and every refused try of the ledger has its line there.",
      example: "a bundle whose egress.jsonl was left out although the ledger shows requests",
      fix: ASK_ITS_RUNNER
    }
  },
  EGRESS_OVER_QUOTA: {
    severity: "error",
    exitCode: 7,
    message: "{what} used {found} {unit} of the network, and the plan allows {limit}",
    hint: "the runner did not keep the quotas of the approved plan",
    explanation: {
      cause: "The lines of egress.jsonl add up to more than egressQuota, or than maxRequests or maxBytes of a rule, allows in the whole run.",
      example: "201 requests with egressQuota: {requests: 200, bytes: 100Mi}",
      fix: ASK_ITS_RUNNER
    }
  },
  PACK_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "pack.manifest.json has the digest {found}, the plan names {expected}",
    hint: "the list of pack files is not that of the pack that was planned",
    explanation: {
      cause: "The digest of the pack manifest is not the pack digest of the plan.",
      example: "a pack manifest of another version",
      fix: ASK_ITS_RUNNER
    }
  },
  PACK_SOURCE_FOLDER: {
    severity: "error",
    exitCode: 7,
    message: "the pack came from a folder, not from a verified pack bundle",
    hint: "run it as NAME@VERSION from the registry",
    explanation: {
      cause: "With --require-dsse only packs that a publisher signed are accepted.",
      example: "packrun verify last --require-dsse   # the run was started with: packrun run ./release",
      fix: "Import the signed pack with `packrun bundle import FILE`, run it as `packrun run NAME@VERSION`, and verify that run. Where folders are acceptable, verify without --require-dsse."
    }
  },
  INPUTS_LOCK_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "inputs.lock does not fit the run: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The inputs lock names another plan, tenant or input than plan and ledger.",
      example: "an inputs.lock of another run",
      fix: ASK_ITS_RUNNER
    }
  },
  RUN_REQUEST_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the run request does not fit the run: {problem}",
    hint: "the request that is in the bundle did not ask for this run",
    explanation: {
      cause: "Run, tenant, trust domain, plan, requester or digest of the request differ from the ledger.",
      example: "the request of an earlier run",
      fix: ASK_ITS_RUNNER
    }
  },
  APPROVAL_REQUEST_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: the approval request does not fit: {problem}",
    hint: "what the approvers were asked is not what the ledger and the plan say",
    explanation: {
      cause: "The request is missing, or differs from ledger or plan.",
      example: "a request with another message or another plan",
      fix: ASK_ITS_RUNNER
    }
  },
  DECISION_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the recorded decision and the signed one differ: {problem}",
    hint: "a decision in the ledger is not the one that was signed",
    explanation: {
      cause: "The response behind a decision is validly signed, but the ledger tells of another digest, decision or person.",
      example: "the responses of two gates were exchanged",
      fix: ASK_ITS_RUNNER
    }
  },
  QUORUM_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate} passed with {have} of {need} approvals",
    hint: "the run went on without the approvals that the plan demands",
    explanation: {
      cause: "A gate of the plan was passed before enough valid approvals of different people were recorded.",
      example: "a gate for two people that one person opened",
      fix: ASK_ITS_RUNNER
    }
  },
  GATE_END_UNFOUNDED: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: {problem}",
    hint: "the gate ended for a reason that the ledger does not support",
    explanation: {
      cause: "A gate was rejected without a rejection, or expired before its time.",
      example: "a gate that expired while its approvals were still valid",
      fix: ASK_ITS_RUNNER
    }
  },
  POLICY_CONTEXT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The context that a policy was evaluated over is missing or is not the one that the ledger names.",
      example: "a context in which a number was changed",
      fix: ASK_ITS_RUNNER
    }
  },
  OUTCOME_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the run ended as {found}, its steps say {expected}",
    hint: "the outcome of the run does not follow from its steps",
    explanation: {
      cause: "The last event of the ledger contradicts the events before it.",
      example: "a run with a failed step that calls itself succeeded",
      fix: ASK_ITS_RUNNER
    }
  }
});

// src/canon/ids.ts
var RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
function parseRunId(text9) {
  return RUN_ID.test(text9) ? text9 : void 0;
}
function parseTenantId(text9) {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text9) ? text9 : void 0;
}
function parseTrustDomain(text9) {
  return /^[a-z0-9][a-z0-9.-]{0,126}$/.test(text9) ? text9 : void 0;
}

// src/canon/id-shape.ts
var runIdShape = guarded(
  "a run id (UUIDv7 in lower case)",
  "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
  (value) => typeof value === "string" && parseRunId(value) !== void 0
);
var tenantIdShape = guarded(
  "a tenant id such as default or team-1",
  "^[a-z0-9][a-z0-9-]{0,62}$",
  (value) => typeof value === "string" && parseTenantId(value) !== void 0
);
var trustDomainShape = guarded(
  "a trust domain such as acme-prod",
  "^[a-z0-9][a-z0-9.-]{0,126}$",
  (value) => typeof value === "string" && parseTrustDomain(value) !== void 0
);
var nonceShape = string({ pattern: /^[0-9a-f]{32}$/, expected: "32 lower-case hex digits" });

// src/attest/statement.ts
var STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
var OLDER_STATEMENT_TYPE = "https://in-toto.io/Statement/v0.1";
var PREDICATE_BASE = "https://packrun.dev/attestations/";
var MAX_SUBJECTS = 1024;
function statementShape(predicate) {
  const hex2 = string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" });
  const subject = object({ name: string({ min: 1 }), digest: object({ sha256: hex2 }) });
  return object({
    _type: literal(STATEMENT_TYPE),
    subject: array(subject, { min: 1, max: predicate.maxSubjects }),
    predicateType: literal(predicate.type),
    predicate: predicate.shape
  });
}

// src/attest/evidence-snapshot.ts
var snapshotShape = object({
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  ledger: object({ count: integer({ min: 1 }), headHash: digest(), digest: digest() }),
  takenAt: timestamp()
});
var evidenceSnapshotPredicate = {
  type: `${PREDICATE_BASE}evidence-snapshot/v1`,
  shape: snapshotShape,
  maxSubjects: 1
};

// src/attest/pack-run.ts
var text2 = string({ min: 1 });
var count3 = integer({ min: 0 });
var stepShape = object({
  id: text2,
  kind: literal("run", "parallel", "map", "gate.approval", "gate.policy"),
  status: literal("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled")
});
var decisionShape = object({
  gateId: text2,
  decision: literal("approve", "reject"),
  principal: text2,
  payloadDigest: digest()
});
var packRunShape = object(
  {
    schemaVersion: literal(1),
    runId: runIdShape,
    tenantId: tenantIdShape,
    trustDomain: trustDomainShape,
    pack: object({ name: text2, version: text2, digest: digest() }),
    packSource: literal("registry", "folder"),
    planHash: digest(),
    inputs: array(object({ name: text2, digest: digest() })),
    inputsLock: object({ digest: digest() }),
    outcome: literal("succeeded", "failed", "cancelled"),
    steps: array(stepShape),
    approvals: array(decisionShape),
    ledger: object({ count: count3, headHash: digest(), digest: digest() }),
    evidence: object({ manifestDigest: digest(), fileCount: count3, totalBytes: count3 }),
    redaction: object({ policy: literal("blank", "hash") }),
    sandbox: object({
      mode: literal("sealed", "restricted"),
      enforcement: record(
        /^[a-z][A-Za-z]*$/,
        literal("kernel-tree", "kernel-process", "watchdog", "none"),
        "a limit's name"
      )
    }),
    engine: object({ name: text2, version: text2 }),
    requestedAt: timestamp(),
    completedAt: timestamp()
  },
  { reason: text2, startedAt: timestamp() }
);
var packRunPredicate = {
  type: `${PREDICATE_BASE}pack-run/v1`,
  shape: packRunShape,
  maxSubjects: MAX_SUBJECTS
};

// src/trust/codes.ts
var trustCodes = codeTable({
  TRUST_ROOT_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the trust root cannot be read: {problem}",
    hint: "use the file exactly as packrun wrote it",
    explanation: {
      cause: "A trust root is exactly its RFC 8785 bytes; these are not.",
      example: "trust-root.json after an editor reformatted it",
      fix: "Take the file from its owner again, or edit it with `packrun trust add` only."
    }
  },
  TRUST_ROOT_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the trust root has a wrong form: {problem}",
    hint: "compare it with schemas/trust-root.schema.json",
    explanation: {
      cause: "A member is missing, unknown, or has a value that is not allowed. Nothing unknown is overlooked.",
      example: "a time without milliseconds, or a member of a newer version of packrun",
      fix: "Make trust roots with `packrun trust init` and `packrun trust add`, or update packrun."
    }
  },
  TRUST_ROOT_TIME: {
    severity: "error",
    exitCode: 7,
    message: "the trust root has impossible times: {problem}",
    hint: "every window must end after it begins",
    explanation: {
      cause: "A window of time in the trust root is empty or reversed.",
      example: "--valid-from 2027-01-01T00:00:00.000Z --valid-until 2026-01-01T00:00:00.000Z",
      fix: "Correct the times; they are UTC with milliseconds."
    }
  },
  TRUST_ROOT_KEY: {
    severity: "error",
    exitCode: 7,
    message: "key {keyid} of the trust root is wrong: {problem}",
    hint: "add the key again with `packrun trust add KEY.pub`",
    explanation: {
      cause: "A keyid is always computed from its key; a key under another name, or one that is damaged, is refused.",
      example: "a pem that was exchanged under the same keyid",
      fix: "Find out who changed the file, then add the right key again."
    }
  },
  TRUST_ROOT_ROLE: {
    severity: "error",
    exitCode: 7,
    message: "role {role} of the trust root is wrong: {problem}",
    hint: "make the root anew with `packrun trust init` and `packrun trust add`",
    explanation: {
      cause: "A role must list known keys, each once, and root must be able to reach its threshold with different principals.",
      example: "threshold 2 for two keys of one person",
      fix: "Give the role keys of enough different principals, or lower its threshold."
    }
  },
  TRUST_ROOT_TOKEN: {
    severity: "error",
    exitCode: 7,
    message: "the trust root maps the token {bearer} twice",
    hint: "leave one entry for each issuer and subject",
    explanation: {
      cause: "One token would stand for two principals.",
      example: "the same iss and sub with two principals",
      fix: "Remove one of the entries."
    }
  },
  TRUST_ROOT_LOG: {
    severity: "error",
    exitCode: 7,
    message: "transparency log {origin} of the trust root cannot be used: {problem}",
    hint: "give the log's own public key in PEM, with its algorithm",
    explanation: {
      cause: "A log of the trust root has a key that cannot be read, or that is not of the algorithm it is declared as.",
      example: "the certificate of a log's web server in place of its key",
      fix: "Ask the log's operator for its public key and put it into the next version of the trust root."
    }
  },
  TRUST_ROOT_EXPIRED: {
    severity: "error",
    exitCode: 11,
    message: "the trust root (version {version}) expired at {expires}",
    hint: "get the next version of the trust root from its owner",
    explanation: {
      cause: "A trust root holds until its expiry; after that its answers are stale.",
      example: "a root made for a year, used in the thirteenth month",
      fix: "Make a next version, which holds as long as this one did: `packrun trust policy --root-threshold N` with the N that it has, then `packrun trust sign --key root.key` by that many root keys."
    }
  },
  TRUST_ROOT_ROLLBACK: {
    severity: "error",
    exitCode: 7,
    message: "trust root version {version} of {trustDomain} is older than version {highest}, which was used before",
    hint: "use the newest version",
    explanation: {
      cause: "An older trust root may still list keys that were removed since.",
      example: "a backup of trust-root.json was restored",
      fix: "Get the newest version from its owner. Where the newer one was never meant for this place, as when somebody else's evidence was verified with it, remove it from `trust/seen.json` of the state folder."
    }
  },
  TRUST_ROOT_FORKED: {
    severity: "error",
    exitCode: 7,
    message: "trust root version {version} of {trustDomain} is another one than the version {version} that was used before",
    hint: "ask its owner which one is right; if this one is, name it with --trust",
    explanation: {
      cause: "Two different files call themselves the same version. A change of a trust root is always a next version, signed by its root keys.",
      example: "a root made anew with `packrun trust init` in the place of one that was in use",
      fix: "Restore the file that was used. Where the other one is meant, `--trust FILE` on the command line pins it in its place."
    }
  },
  TRUST_ROOT_DOMAIN: {
    severity: "error",
    exitCode: 7,
    message: "the next trust root is for {found}, not for {expected}",
    hint: "use the next version of the same trust domain",
    explanation: {
      cause: "A trust root is followed only by one of its own trust domain.",
      example: "the production root placed over the staging root",
      fix: "Restore the root that was there. Where the other one is meant, put it beside and configure it by its own name, or name it with --trust once."
    }
  },
  TRUST_ROOT_STEP: {
    severity: "error",
    exitCode: 7,
    message: "the next trust root has version {found}, expected {expected}",
    hint: "step through every version, one by one",
    explanation: {
      cause: "Versions are taken one after the other, so that each is approved by the one before it.",
      example: "version 9 offered to a site that pinned version 7",
      fix: "Put version 8, as `8.trust-root.json`, with its signatures beside it; or name the root with --trust once, which pins it."
    }
  },
  TRUST_ROOT_THRESHOLD: {
    severity: "error",
    exitCode: 7,
    message: "version {version} has {have} of the {required} root signatures that version {judge} asks for",
    hint: "let more root keys sign: `packrun trust sign --key KEY`",
    explanation: {
      cause: "A next version needs the root threshold of the old and of the new version, from different principals.",
      example: "one of two root keys has signed",
      fix: "Collect the missing sidecars beside trust-root.json. Where the file came by a way that you trust, `--trust FILE` on the command line pins it without them."
    }
  },
  SIGNATURE_KEY_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "no key of trust domain {trustDomain} made this signature (the envelope names {keyid})",
    hint: "add the signer's public key to the trust root, use the trust root that knows it, or sign without Ed25519ph",
    explanation: {
      cause: "Only keys of the pinned trust root count; keys inside a bundle are never trusted by themselves.",
      example: "a bundle of another organisation, or one made with a development key; cosign with an Ed25519 key, which makes Ed25519ph",
      fix: "Check which trust root belongs to the signer and pass it with --trust. With cosign use an ECDSA P-256 key."
    }
  },
  ROLE_NOT_HELD: {
    severity: "error",
    exitCode: 7,
    message: "{principal} ({keyid}) holds none of the roles that may sign this: {roles}",
    hint: "let a holder of the role sign, or give the role in the trust root",
    explanation: {
      cause: "The signature is good, but its key has no right to make this statement. A run that such a key would request or attest is not created.",
      example: "an approver's key on an attestation of a run; packrun run PACK --as approver.key",
      fix: "Sign with the right key, or change the trust root."
    }
  },
  ROLE_SCOPE: {
    severity: "error",
    exitCode: 7,
    message: "{principal} holds role {role}, but not here: its {bound} do not cover this",
    hint: "sign with a key whose role covers it, or widen the role in the trust root",
    explanation: {
      cause: "A role can be bounded to packs, tenants and gates; this statement is outside of that. A run outside of the role of its requester or attestor is not created.",
      example: "an approver for tenant t1 signed for tenant t2",
      fix: "Use another signer, or change the bounds of the role in the trust root."
    }
  },
  KEY_WINDOW: {
    severity: "error",
    exitCode: 11,
    message: "the key of {principal} is valid from {validFrom} until {validUntil} only",
    hint: "a trusted timestamp inside the window keeps a signature good; the signer's own time does not",
    explanation: {
      cause: "The key is out of its window of time and no trusted timestamp says that it signed inside of it.",
      example: "a bundle verified a year after the key was retired",
      fix: "Verify with --at the time in question if you know it from elsewhere, or anchor bundles when they are made."
    }
  },
  TRUST_EDIT_PRINCIPAL: {
    severity: "error",
    exitCode: 2,
    message: "key {keyid} belongs to {principal} already",
    hint: "give --principal {principal}, or add another key",
    explanation: {
      cause: "One key stands for one principal; else one person could count twice.",
      example: "packrun trust add alice.pub --principal bob --role approver   # alice.pub is already that of alice",
      fix: "Make a key for the other person: `packrun keys generate NAME`."
    }
  },
  TRUST_EDIT_KEY: {
    severity: "error",
    exitCode: 2,
    message: "the trust root has no key {keyid}",
    hint: "`packrun trust show` lists its keys",
    explanation: {
      cause: "Keys are named by their fingerprint: SHA256: and 43 letters.",
      example: "packrun trust remove alice",
      fix: "Copy the fingerprint from `packrun trust show`."
    }
  },
  TRUST_EDIT_TOKEN: {
    severity: "error",
    exitCode: 2,
    message: "the trust root maps no token of issuer {issuer} and subject {subject}",
    hint: "`packrun trust show` lists the tokens that it maps",
    explanation: {
      cause: "A token is named by its claims iss and sub, letter by letter.",
      example: "packrun trust token https://issuer.example/ alice --remove   # the issuer has no slash at its end",
      fix: "Copy issuer and subject from `packrun trust show`."
    }
  },
  TRUST_EDIT_SCOPE: {
    severity: "error",
    exitCode: 2,
    message: "role {role} has other {bound} already: {present}",
    hint: "bounds belong to the role, not to one key: leave --{bound} out, or use a role of another name",
    explanation: {
      cause: "The bounds of a role hold for all of its holders; adding a key must not change them for the others.",
      example: "--role approver --gates prod, where approvers may decide every gate",
      fix: "Make a role with these bounds, such as approver-prod, and name it in the pack's rule."
    }
  },
  TRUST_EDIT_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "the trust root would not be valid: {problem}",
    hint: "correct the argument that is named; nothing was written",
    explanation: {
      cause: "The edit would lead to a trust root that nobody could read or use.",
      example: "--threshold 3 with two root keys",
      fix: "Give enough root keys of different principals, plain names for roles, and times in UTC with milliseconds."
    }
  }
});

// src/trust/freshness.ts
function checkRootExpiry(root, at) {
  const { expires, version: version2 } = root.document;
  return at < expires ? ok(void 0) : fail(faultOf(trustCodes, "TRUST_ROOT_EXPIRED", { version: version2, expires }));
}
function checkKeyWindow(key, at, timestamps = []) {
  const { principal: principal2, validFrom, validUntil } = key;
  return [...timestamps, at].some((time) => validFrom <= time && time < validUntil) ? ok(void 0) : fail(faultOf(trustCodes, "KEY_WINDOW", { keyid: key.key.keyid, principal: principal2, validFrom, validUntil }));
}
function needsRevocations(root) {
  return root.document.policy?.revocation?.required === true;
}

// src/attest/codes.ts
var attestCodes = codeTable({
  ENVELOPE_SIZE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar has {bytes} bytes; at most {most} are read",
    hint: "check that this is the .sigstore.json file and not the file that it speaks of",
    explanation: {
      cause: "A file was given as a sidecar that is larger than any sidecar may be.",
      example: "an archive of 200 MiB named evidence.manifest.json.sigstore.json",
      fix: "Take the sidecar from its source again."
    }
  },
  ENVELOPE_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar cannot be read: {problem}",
    hint: "take the sidecar from its source again, unchanged",
    explanation: {
      cause: "A sidecar must be one UTF-8 JSON text without a byte order mark and without a member that stands twice.",
      example: "a download that stopped half way, or an editor that added a byte order mark",
      fix: "Transfer the file again in binary mode and compare its SHA-256."
    }
  },
  ENVELOPE_NOT_CANONICAL: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar is not canonical JSON, so packrun did not write it",
    hint: "use the file exactly as packrun wrote it; reformatting is refused",
    explanation: {
      cause: "Sidecars that packrun writes are exactly their RFC 8785 bytes; these bytes differ.",
      example: "a sidecar that went through a JSON formatter",
      fix: "Take the original file. Responses to approval requests may come from other signers; all else may not."
    }
  },
  ENVELOPE_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar has a wrong form: {problem}",
    hint: "expected a Sigstore bundle v0.3 with verificationMaterial.publicKey and a dsseEnvelope",
    explanation: {
      cause: "A member is missing, unknown, or of a wrong type. Unknown members are refused: nothing is overlooked.",
      example: 'snake case ("media_type"), a certificate in place of the public key, or a messageSignature',
      fix: "Sign with packrun or `cosign attest-blob --statement` and a key, not with a certificate."
    }
  },
  ENVELOPE_MEDIA_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the sidecar's mediaType is {found}",
    hint: "only application/vnd.dev.sigstore.bundle.v0.3+json is taken",
    explanation: {
      cause: "The file is a Sigstore bundle of another version, or no Sigstore bundle.",
      example: "application/vnd.dev.sigstore.bundle+json;version=0.2",
      fix: "Sign with a current cosign (`--new-bundle-format`) or with packrun."
    }
  },
  ENVELOPE_PAYLOAD_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the envelope's payloadType is {found}",
    hint: "only application/vnd.in-toto+json is taken",
    explanation: {
      cause: "The signed payload is not declared to be an in-toto Statement.",
      example: "an envelope around application/json",
      fix: "Sign an in-toto Statement v1, declared as such."
    }
  },
  ENVELOPE_SIGNATURES: {
    severity: "error",
    exitCode: 7,
    message: "the envelope must hold exactly one signature, it holds {found}",
    hint: "one sidecar per signer; several signers write several sidecars",
    explanation: {
      cause: "With more than one signature it would be open which of them counts.",
      example: "two approvers who signed the same envelope",
      fix: "Let every signer write a sidecar of their own."
    }
  },
  ENVELOPE_KEYID: {
    severity: "error",
    exitCode: 7,
    message: "the envelope names its key wrongly: {problem}",
    hint: "keyid is the OpenSSH fingerprint of the signing key (`ssh-keygen -lf`), or absent in envelopes of others",
    explanation: {
      cause: "The keyid must be the fingerprint of the key that signed; stock tools skip a signature under another name.",
      example: "a sidecar whose keyid was edited after signing",
      fix: "Sign again; the keyid selects nothing and cannot repair a signature."
    }
  },
  ENVELOPE_BASE64: {
    severity: "error",
    exitCode: 7,
    message: "member {member} of the envelope is not base64",
    hint: "take the sidecar from its source again, unchanged",
    explanation: {
      cause: "The text has foreign characters, wrong padding, or bits that stand for nothing.",
      example: "a payload that a mail program wrapped into lines",
      fix: "Transfer the file again in binary mode."
    }
  },
  SIGNATURE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "the signature ({length} bytes) is neither strict DER (ECDSA P-256) nor 64 bytes (Ed25519)",
    hint: "ECDSA signatures are taken in DER only, with shortest integers",
    explanation: {
      cause: "The bytes of the signature do not have the form of a signature of an algorithm that is taken.",
      example: "a padded or truncated DER signature, or one made with RSA",
      fix: "Sign with an ECDSA P-256 or an Ed25519 key and leave the signature as the tool wrote it."
    }
  },
  SIGNATURE_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the signature was not made over this payload with key {keyid}",
    hint: "the payload or the signature was changed, or Ed25519ph was used in place of Ed25519",
    explanation: {
      cause: "The signature does not verify with the key that the envelope names.",
      example: "one letter of the payload was changed; cosign with an Ed25519 key, which makes Ed25519ph",
      fix: "Take the original file. With cosign use an ECDSA P-256 key."
    }
  },
  STATEMENT_NOT_CANONICAL: {
    severity: "error",
    exitCode: 7,
    message: "the signed payload is not canonical JSON",
    hint: "sign the statement file exactly as packrun wrote it",
    explanation: {
      cause: "Payloads must be exactly the RFC 8785 bytes of one statement, also when another tool signs.",
      example: "a statement that was pretty-printed before `cosign attest-blob --statement`",
      fix: "Sign exactly the canonical bytes of an in-toto Statement v1."
    }
  },
  STATEMENT_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the payload is no in-toto Statement v1: its _type is {found}",
    hint: "with cosign use `attest-blob --statement FILE`; `--predicate` makes a v0.1 statement",
    explanation: {
      cause: "Only statements of version 1 are taken.",
      example: "https://in-toto.io/Statement/v0.1",
      fix: "Sign exactly the canonical bytes of an in-toto Statement v1."
    }
  },
  STATEMENT_PREDICATE_TYPE: {
    severity: "error",
    exitCode: 7,
    message: "the statement's predicateType is {found}, expected {expected}",
    hint: "the sidecar belongs to another file or was made for another purpose",
    explanation: {
      cause: "A signature made for one purpose never serves another.",
      example: "the sidecar of a run request put in the place of an approval",
      fix: "Use the sidecar that was made for this file."
    }
  },
  STATEMENT_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the statement has a wrong form: {problem}",
    hint: "compare with the schema of this predicate in schemas/",
    explanation: {
      cause: "A member of the statement or its predicate is missing, unknown, or has a value that is not allowed.",
      example: "a time without milliseconds, upper-case hex, or a member of a newer version",
      fix: "Make the statement with packrun; members cannot be added."
    }
  },
  STATEMENT_SUBJECT: {
    severity: "error",
    exitCode: 7,
    message: "the statement is about another file: subject[0] is not {expected}",
    hint: "the file was changed after signing, or the sidecar belongs to another file",
    explanation: {
      cause: "The SHA-256 of the file is not the one that was signed. Other subject positions do not count.",
      example: "plan.canonical.json was replaced beside an old sidecar",
      fix: "Take file and sidecar from the same source again."
    }
  },
  REQUEST_FILE: {
    severity: "error",
    exitCode: 7,
    message: "request.json is no approval request: {problem}",
    hint: "use the file as packrun wrote it when the gate opened",
    explanation: {
      cause: "The file is not canonical JSON or does not have the members of packrun.approval-request/v1.",
      example: "a request.json that an editor reformatted",
      fix: "Take the file again from the run or the bundle that it belongs to."
    }
  },
  KEY_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "this is no public key: {problem}",
    hint: "expected one PEM block -----BEGIN PUBLIC KEY-----",
    explanation: {
      cause: "Public keys are read as SubjectPublicKeyInfo in PEM, one per file.",
      example: "a private key, a certificate, or an OpenSSH line in place of a .pub file of packrun",
      fix: "Convert it: `openssl pkey -in KEY -pubout`, or for lines of OpenSSH `packrun keys import KEY.pub`."
    }
  },
  KEY_ALGORITHM: {
    severity: "error",
    exitCode: 7,
    message: "keys of algorithm {name} are not taken",
    hint: "use ECDSA P-256 (`packrun keys generate NAME`) or pure Ed25519",
    explanation: {
      cause: "Only ECDSA P-256 with SHA-256 and pure Ed25519 are taken; all else is refused by its name.",
      example: "RSA, ECDSA P-384, Ed25519ph",
      fix: "Make a key with `packrun keys generate NAME` and let the trust root name it."
    }
  },
  KEY_COMPRESSED: {
    severity: "error",
    exitCode: 7,
    message: "the public key's point is compressed",
    hint: "write it uncompressed: `openssl ec -pubin -in KEY -conv_form uncompressed -pubout`",
    explanation: {
      cause: "Stock verifiers refuse compressed points, and one key must have one encoding.",
      example: "a P-256 SubjectPublicKeyInfo of 59 bytes",
      fix: "Export the key with its uncompressed point (91 bytes)."
    }
  },
  KEY_POINT: {
    severity: "error",
    exitCode: 7,
    message: "the {alg} key is damaged: it is no point of its curve",
    hint: "take the public key from its source again",
    explanation: {
      cause: "The bytes of the key do not encode a point of the curve, or not in the one way that is allowed.",
      example: "a PEM file in which one letter was changed",
      fix: "Export the public key from its private key again."
    }
  }
});

// src/attest/curve-point.ts
var P256_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
var P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
var P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
var ED25519_PRIME = 2n ** 255n - 19n;
function isP256Point(point) {
  if (point.length !== 65 || point[0] !== 4) {
    return false;
  }
  const x = unsigned(point.subarray(1, 33));
  const y = unsigned(point.subarray(33));
  const inField = x < P256_PRIME && y < P256_PRIME;
  return inField && (y * y - (x * x * x - 3n * x + P256_B)) % P256_PRIME === 0n;
}
function isEd25519Point(key) {
  if (key.length !== 32) {
    return false;
  }
  const y = unsigned(key.toReversed()) & 2n ** 255n - 1n;
  return y < ED25519_PRIME;
}
function unsigned(bytes) {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

// src/attest/foreign-algorithm.ts
var NAMES = [
  ["2a864886f70d010101", "RSA"],
  ["2a864886f70d01010a", "RSA-PSS"],
  ["2a8648ce380401", "DSA"],
  ["2b81040022", "ECDSA P-384"],
  ["2b81040023", "ECDSA P-521"],
  ["2b8104000a", "ECDSA secp256k1"],
  ["2a8648ce3d030101", "ECDSA P-192"],
  ["2b81040021", "ECDSA P-224"],
  ["2b656e", "X25519"],
  ["2b656f", "X448"],
  ["2b6571", "Ed448"],
  ["608648016503040311", "ML-DSA-44"],
  ["608648016503040312", "ML-DSA-65"],
  ["608648016503040313", "ML-DSA-87"]
];
function algorithmName(spkiDer) {
  const whole2 = derValue(spkiDer, SEQUENCE);
  const algorithm = whole2?.rest.length === 0 ? derValue(whole2.content, SEQUENCE) : void 0;
  const key = algorithm === void 0 ? void 0 : derValue(algorithm.rest, BIT_STRING);
  if (algorithm === void 0 || key?.rest.length !== 0 || derValue(algorithm.content, OBJECT_ID) === void 0) {
    return void 0;
  }
  const identifier = toHex(algorithm.content);
  if (TAKEN.has(identifier)) {
    return void 0;
  }
  const known = NAMES.find(([id]) => identifier.includes(`06${(id.length / 2).toString(16).padStart(2, "0")}${id}`));
  return known?.[1] ?? "an unknown algorithm";
}
var SEQUENCE = 48;
var BIT_STRING = 3;
var OBJECT_ID = 6;
var TAKEN = /* @__PURE__ */ new Set(["06072a8648ce3d020106082a8648ce3d030107", "06032b6570"]);
function derValue(der, tag) {
  const [first, short = 0] = der;
  const start = short > 127 ? 2 + (short & 127) : 2;
  const long = der.subarray(2, start);
  if (first !== tag || der.length < start || long.length > 4) {
    return void 0;
  }
  const end = start + (short > 127 ? long.reduce((length, byte) => length * 256 + byte, 0) : short);
  return end > der.length ? void 0 : { content: der.subarray(start, end), rest: der.subarray(end) };
}

// src/attest/read-public-key.ts
var PEM = /^[ \t\r\n]*-----BEGIN ([A-Z0-9 ]+)-----[ \t\r\n]([A-Za-z0-9+/= \t\r\n]*)-----END \1-----[ \t\r\n]*$/;
var LENGTH = { "ecdsa-p256-sha256": 91, ed25519: 44 };
var COMPRESSED_P256_LENGTH = 59;
function readPublicKey(pem, sha256) {
  const [, label, body = ""] = PEM.exec(pem) ?? [];
  if (label === void 0) {
    return notAKey("it is not one PEM block");
  }
  if (label !== "PUBLIC KEY") {
    return notAKey(`it is a PEM block of type ${label}`);
  }
  const spkiDer = fromBase64(body.replaceAll(/[ \t\r\n]+/g, ""));
  return spkiDer === void 0 ? notAKey("its base64 is damaged") : readSpki(spkiDer, sha256);
}
function readSpki(spkiDer, sha256) {
  const alg = algorithmOf(spkiDer);
  if (alg === void 0) {
    const name2 = algorithmName(spkiDer);
    return name2 === void 0 ? notAKey("it is no SubjectPublicKeyInfo") : fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: name2 }));
  }
  if (alg === "ecdsa-p256-sha256" && spkiDer.length === COMPRESSED_P256_LENGTH) {
    return fail(faultOf(attestCodes, "KEY_COMPRESSED"));
  }
  const raw = rawKeyOf(alg, spkiDer);
  if (spkiDer.length !== LENGTH[alg] || !(alg === "ed25519" ? isEd25519Point(raw) : isP256Point(raw))) {
    return fail(faultOf(attestCodes, "KEY_POINT", { alg }));
  }
  return ok({ alg, spkiDer, pem: publicKeyPem(spkiDer), keyid: fingerprintOf(alg, spkiDer, sha256) });
}
function algorithmOf(spkiDer) {
  return ["ecdsa-p256-sha256", "ed25519"].find((alg) => {
    const prefix = SPKI_PREFIX[alg];
    const identifier = prefix.slice(2, -3);
    return spkiDer[0] === 48 && spkiDer[1] === spkiDer.length - 2 && identifier.every((byte, at) => spkiDer[at + 2] === byte) && spkiDer[prefix.length - 3] === 3 && spkiDer[prefix.length - 2] === spkiDer.length - prefix.length + 1 && spkiDer[prefix.length - 1] === 0;
  });
}
function notAKey(problem) {
  return fail(faultOf(attestCodes, "KEY_SYNTAX", { problem }));
}

// src/canon/codes.ts
var canonCodes = codeTable({
  JSON_SYNTAX: {
    severity: "error",
    exitCode: 3,
    message: "{file} is not JSON: {problem}",
    hint: "give a complete UTF-8 JSON text",
    explanation: {
      cause: "A file that must hold JSON could not be read as JSON.",
      example: '{"a": 1,}',
      fix: "Write one JSON value in UTF-8 without trailing commas or comments."
    }
  },
  JSON_NOT_CANONICAL: {
    severity: "error",
    exitCode: 3,
    message: "{file} is not canonical JSON",
    hint: "use the file exactly as packrun wrote it; reformatting changes its digest",
    explanation: {
      cause: "The bytes of the file differ from the RFC 8785 bytes of the value that they hold.",
      example: '{ "b": 1, "a": 1.0 }',
      fix: "Take the file from its source again, unchanged; do not reformat signed files."
    }
  }
});

// src/canon/json-offset.ts
var BLANK = /[ \t\n\r]*/y;
var WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
var ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
function jsonOffset(text9) {
  const open5 = [];
  let wanted = "value";
  let at = endOf(BLANK, text9, 0);
  while (at < text9.length) {
    const mark = text9.charAt(at);
    if (mark === "{" || mark === "[" ? !mayBegin(wanted) : !fits(mark, wanted, open5.at(-1))) {
      return at;
    }
    const token = "{[}],:".includes(mark) ? { sound: true, at: at + 1 } : tokenAt(text9, at);
    if (!token.sound) {
      return token.at;
    }
    wanted = follow(mark, wanted, open5);
    at = endOf(BLANK, text9, token.at);
  }
  return wanted === "nothing" ? void 0 : text9.length;
}
function mayBegin(wanted) {
  return wanted === "value" || wanted === "value or ]";
}
function fits(mark, wanted, around) {
  switch (wanted) {
    case "value":
      return !"}],:".includes(mark);
    case "value or ]":
      return !"},:".includes(mark);
    case "name":
      return mark === '"';
    case "name or }":
      return mark === '"' || mark === "}";
    case "colon":
      return mark === ":";
    case "comma or end":
      return mark === "," || mark === (around === "{" ? "}" : "]");
    case "nothing":
      return false;
  }
}
function follow(mark, wanted, open5) {
  switch (mark) {
    case "{":
      open5.push("{");
      return "name or }";
    case "[":
      open5.push("[");
      return "value or ]";
    case ",":
      return open5.at(-1) === "{" ? "name" : "value";
    case ":":
      return "value";
    case "}":
    case "]":
      open5.pop();
      break;
    default:
      if (wanted === "name" || wanted === "name or }") {
        return "colon";
      }
  }
  return open5.length === 0 ? "nothing" : "comma or end";
}
function tokenAt(text9, from) {
  if (text9.charAt(from) === '"') {
    return stringAt(text9, from);
  }
  const end = endOf(WORD, text9, from);
  return { sound: end > from, at: end };
}
function stringAt(text9, from) {
  let at = from + 1;
  while (at < text9.length && text9.charAt(at) !== '"') {
    const isEscape = text9.charAt(at) === "\\";
    const next = isEscape ? endOf(ESCAPE, text9, at) : at + 1;
    if (next === at || text9.charAt(at) < " ") {
      return { sound: false, at };
    }
    at = next;
  }
  return { sound: at < text9.length, at: Math.min(at + 1, text9.length) };
}
function endOf(pattern2, text9, from) {
  pattern2.lastIndex = from;
  return pattern2.test(text9) ? pattern2.lastIndex : from;
}

// src/canon/strict-json.ts
function readCanonicalJson(bytes, file) {
  const text9 = decodeUtf8(bytes);
  const read = parsed(text9, file);
  return !read.ok || canonicalTextOf(read.value) === text9 ? read : fail(faultOf(canonCodes, "JSON_NOT_CANONICAL", { file }, { place: { file } }));
}
function readJson(bytes, file) {
  return parsed(decodeUtf8(bytes), file);
}
function parsed(text9, file) {
  if (text9 === void 0) {
    return fail(faultOf(canonCodes, "JSON_SYNTAX", { file, problem: "it is not valid UTF-8" }, { place: { file } }));
  }
  try {
    return ok(JSON.parse(text9));
  } catch {
    const at = jsonOffset(text9) ?? 0;
    const problem = at < text9.length ? `it goes wrong at character ${at + 1}` : "it ends too early";
    return fail(faultOf(canonCodes, "JSON_SYNTAX", { file, problem }, { place: { file } }));
  }
}
function canonicalTextOf(value) {
  try {
    return canonicalJson(value);
  } catch {
    return void 0;
  }
}

// src/trust/anchor-authority.ts
var CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{1,76}={0,2}\n)+-----END CERTIFICATE-----\n$/;
var ORIGIN = /^[!-*,-~]{1,255}$/;
var MOST_AUTHORITIES = 64;
var MOST_CERTIFICATES = 8;
var text3 = string({ min: 1 });
var timestampAuthorityShape = object(
  {
    name: text3,
    /** The certificate that signs timestamps first, then its issuers, a self-signed root last. */
    certificates: array(string({ pattern: CERTIFICATE, expected: "one certificate in PEM" }), {
      min: 2,
      max: MOST_CERTIFICATES
    }),
    validFrom: timestamp(),
    validUntil: timestamp()
  },
  { url: text3 }
);
var transparencyLogShape = object(
  {
    origin: string({ pattern: ORIGIN, expected: "the origin of its checkpoints, one word without +" }),
    alg: text3,
    pem: text3,
    validFrom: timestamp(),
    validUntil: timestamp()
  },
  { url: text3 }
);
var timestampAuthoritiesShape = array(timestampAuthorityShape, { max: MOST_AUTHORITIES });
var transparencyLogsShape = array(transparencyLogShape, { max: MOST_AUTHORITIES });
var anchorPolicyShape = object({ required: array(literal("tsa", "rekor"), { max: 2 }) });
function checkAuthorities(authorities) {
  const never = authorities.find(({ validFrom, validUntil }) => validFrom >= validUntil);
  return never === void 0 ? ok(void 0) : atNoTime(`timestamp authority ${never.name}`);
}
function readLogs(entries, sha256) {
  const logs = [];
  for (const entry2 of entries) {
    const { origin, alg, pem, validFrom, validUntil } = entry2;
    const key = readPublicKey(pem, sha256);
    if (!key.ok) {
      return key.fault.code === "KEY_ALGORITHM" ? key : fail(faultOf(trustCodes, "TRUST_ROOT_LOG", { origin, problem: key.fault.message }));
    }
    if (key.value.alg !== alg) {
      const problem = `its key is declared as ${alg} but is ${key.value.alg}`;
      return fail(faultOf(trustCodes, "TRUST_ROOT_LOG", { origin, problem }));
    }
    if (validFrom >= validUntil) {
      return atNoTime(`transparency log ${origin}`);
    }
    logs.push({ origin, key: key.value, logId: logIdOf(origin, key.value, sha256), validFrom, validUntil });
  }
  return ok(logs);
}
function logIdOf(origin, key, sha256) {
  return key.alg === "ed25519" ? sha256(concatBytes(encodeUtf8(`${origin}
`), Uint8Array.of(1), rawKeyOf(key.alg, key.spkiDer))) : sha256(key.spkiDer);
}
function atNoTime(what) {
  return fail(faultOf(trustCodes, "TRUST_ROOT_TIME", { problem: `${what} is valid at no time` }));
}

// src/trust/pack-version.ts
var PACK_NAME3 = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
var SEM_VER3 = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
function isEarlierVersion(version2, other) {
  const [core, pre] = partsOf(version2);
  const [otherCore, otherPre] = partsOf(other);
  const byCore = compareLists(core, otherCore);
  if (byCore !== 0) {
    return byCore < 0;
  }
  if (pre.length === 0 || otherPre.length === 0) {
    return pre.length > 0 && otherPre.length === 0;
  }
  return compareLists(pre, otherPre) < 0;
}
function partsOf(version2) {
  const [known = ""] = version2.split("+");
  const dash = known.indexOf("-");
  return dash === -1 ? [known.split("."), []] : [known.slice(0, dash).split("."), known.slice(dash + 1).split(".")];
}
function compareLists(list, other) {
  for (const [at, part] of list.entries()) {
    const against = other[at];
    const order2 = against === void 0 ? 1 : compareParts(part, against);
    if (order2 !== 0) {
      return order2;
    }
  }
  return list.length - other.length;
}
function compareParts(part, other) {
  const [isNumber, otherIsNumber] = [part, other].map((text9) => /^\d+$/.test(text9));
  if (isNumber !== otherIsNumber) {
    return isNumber === true ? -1 : 1;
  }
  if (isNumber === true && part.length !== other.length) {
    return part.length - other.length;
  }
  return part === other ? 0 : part < other ? -1 : 1;
}

// src/trust/trust-root.ts
var text4 = string({ min: 1 });
var keyid2 = string({ pattern: KEYID, expected: "an OpenSSH fingerprint" });
var PRINCIPAL = /^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/;
var ROLE = /^[a-z][A-Za-z0-9_-]{0,62}$/;
var pattern = string({ pattern: /^[^*\s]*\*?$/, min: 1, expected: "a name, or a beginning and *" });
var principal = string({ pattern: PRINCIPAL, expected: "a principal such as alice or approver-1" });
var keyShape = object({
  /** A closed list, read by hand, so that others are refused by their name. */
  alg: text4,
  pem: text4,
  principal,
  validFrom: timestamp(),
  validUntil: timestamp()
});
var roleShape = object(
  { keyids: array(keyid2), threshold: integer({ min: 1 }) },
  { packs: array(pattern), tenants: array(pattern), gates: array(pattern) }
);
var SCOPES = ["packs", "tenants", "gates"];
var trustRootShape = object(
  {
    schema: literal("packrun.trust-root/v1"),
    trustDomain: trustDomainShape,
    version: integer({ min: 1 }),
    issuedAt: timestamp(),
    expires: timestamp(),
    keys: record(KEYID, keyShape, "an OpenSSH fingerprint"),
    roles: record(ROLE, roleShape, "the name of a role")
  },
  {
    tokens: array(object({ iss: text4, sub: text4, principal })),
    timestampAuthorities: timestampAuthoritiesShape,
    transparencyLogs: transparencyLogsShape,
    policy: object(
      {},
      {
        revocation: object({ required: boolean(), maxAgeHours: integer({ min: 1 }), minSequence: integer({ min: 0 }) }),
        minVersion: record(PACK_NAME3, string({ pattern: SEM_VER3, expected: "a SemVer version" }), "a pack name"),
        anchor: anchorPolicyShape
      }
    )
  }
);
function isPrincipal(root, name2) {
  const { tokens = [] } = root.document;
  return tokens.some((token) => token.principal === name2) || [...root.keys.values()].some((key) => key.principal === name2);
}

// src/trust/read-trust-root.ts
function readTrustRoot(bytes, sha256, file = "it") {
  const read = readCanonicalJson(bytes, file);
  if (!read.ok) {
    return refuse2("TRUST_ROOT_SYNTAX", { problem: read.fault.message });
  }
  const [misfit2] = misfitsOf(trustRootShape, read.value);
  if (misfit2 !== void 0) {
    return refuse2("TRUST_ROOT_SHAPE", { problem: describeMisfit(misfit2) });
  }
  const document = read.value;
  if (document.expires <= document.issuedAt) {
    return refuse2("TRUST_ROOT_TIME", { problem: "expires is not later than issuedAt" });
  }
  const keys = readKeys(document, sha256);
  if (!keys.ok) {
    return keys;
  }
  const broken3 = roleFault(document, keys.value) ?? tokenFault(document);
  if (broken3 !== void 0) {
    return broken3;
  }
  const { timestampAuthorities = [], transparencyLogs = [] } = document;
  const authorities = checkAuthorities(timestampAuthorities);
  const logs = authorities.ok ? readLogs(transparencyLogs, sha256) : authorities;
  return logs.ok ? ok({ document, digest: digestOf(bytes, sha256), keys: keys.value, logs: logs.value }) : logs;
}
function readKeys(document, sha256) {
  const keys = /* @__PURE__ */ new Map();
  for (const [keyid3, entry2] of Object.entries(document.keys)) {
    const read = readKey(keyid3, entry2, sha256);
    if (!read.ok) {
      return read;
    }
    keys.set(keyid3, read.value);
  }
  return ok(keys);
}
function readKey(keyid3, entry2, sha256) {
  const { alg, pem, principal: principal2, validFrom, validUntil } = entry2;
  if (alg !== "ecdsa-p256-sha256" && alg !== "ed25519") {
    return fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: alg }));
  }
  const key = readPublicKey(pem, sha256);
  if (!key.ok) {
    return key.fault.code === "KEY_ALGORITHM" ? key : refuse2("TRUST_ROOT_KEY", { keyid: keyid3, problem: key.fault.message });
  }
  if (key.value.keyid !== keyid3) {
    return refuse2("TRUST_ROOT_KEY", { keyid: keyid3, problem: `its fingerprint is ${key.value.keyid}` });
  }
  if (key.value.alg !== alg) {
    return refuse2("TRUST_ROOT_KEY", { keyid: keyid3, problem: `it is declared as ${alg} but is ${key.value.alg}` });
  }
  return validFrom < validUntil ? ok({ key: key.value, principal: principal2, validFrom, validUntil }) : refuse2("TRUST_ROOT_TIME", { problem: `key ${keyid3} is valid at no time` });
}
function roleFault(document, keys) {
  if (!Object.hasOwn(document.roles, "root")) {
    return refuse2("TRUST_ROOT_ROLE", { role: "root", problem: "it is missing" });
  }
  for (const [role, entry2] of Object.entries(document.roles)) {
    const problem = roleProblem(role, entry2, keys);
    if (problem !== void 0) {
      return refuse2("TRUST_ROOT_ROLE", { role, problem });
    }
  }
  return void 0;
}
function roleProblem(role, entry2, keys) {
  if (new Set(entry2.keyids).size !== entry2.keyids.length) {
    return "it lists a key twice";
  }
  const unknown = entry2.keyids.find((keyid3) => !keys.has(keyid3));
  if (unknown !== void 0) {
    return `it lists ${unknown}, which is not among the keys`;
  }
  if (role !== "root") {
    return entry2.threshold === 1 ? void 0 : "only root has a threshold above 1; a pack's rule says how many approve";
  }
  const principals = new Set(entry2.keyids.map((keyid3) => keys.get(keyid3)?.principal)).size;
  return entry2.threshold <= principals ? void 0 : `its threshold is ${entry2.threshold}, but its keys belong to ${principals} principals`;
}
function tokenFault(document) {
  const { tokens = [] } = document;
  const bearers = tokens.map(({ iss, sub }) => JSON.stringify([iss, sub]));
  const twice = bearers.find((bearer, at) => bearers.indexOf(bearer) !== at);
  return twice === void 0 ? void 0 : refuse2("TRUST_ROOT_TOKEN", { bearer: twice });
}
function refuse2(code2, data) {
  return fail(faultOf(trustCodes, code2, data));
}

// src/run/status.ts
function isTerminal(status) {
  return status === "succeeded" || status === "failed" || status === "skipped" || status === "cancelled";
}

// src/run/max-instances.ts
var MAX_INSTANCES = 1e6;

// src/run/evolve.ts
var WALL_CLOCK_COMMAND = "timer:wall-clock";

// src/evidence/run-facts.ts
var STRENGTH = ["none", "watchdog", "kernel-process", "kernel-tree"];
function noFacts() {
  return {
    count: 0,
    head: "",
    decisions: [],
    artifacts: [],
    trees: /* @__PURE__ */ new Set(),
    enforcement: /* @__PURE__ */ new Map(),
    stops: /* @__PURE__ */ new Set(),
    reused: /* @__PURE__ */ new Map()
  };
}
function addEvent(facts, event) {
  facts.count = event.sequence;
  facts.head = event.hash;
  const { timestamp: at, stepId: stepId2 = "" } = event;
  if (event.eventType === "run.created") {
    facts.created ??= { ...event.metadata, at };
  } else if (event.eventType === "run.started") {
    facts.started ??= { ...event.metadata, at };
  } else if (event.eventType === "run.finished") {
    facts.finished ??= { ...event.metadata, at };
  } else if (event.eventType === "run.cancelRequested") {
    facts.stops.add(event.metadata.commandId === WALL_CLOCK_COMMAND ? "wallClock" : "cancel");
  } else if (event.eventType === "plan.drift") {
    facts.stops.add("drift");
  } else if (event.eventType === "gate.decision") {
    const { decision, principal: principal2, payloadDigest } = event.metadata;
    facts.decisions.push({ gateId: stepId2, decision, principal: principal2, payloadDigest });
  } else if (event.eventType === "step.artifact") {
    addArtifact(facts, stepId2, event.metadata);
  } else if (event.eventType === "step.succeeded") {
    addOutputs(facts, stepId2, event.metadata);
  } else if (event.eventType === "sandbox.enforced") {
    addEnforcement(facts, event.metadata);
  }
}
function addArtifact(facts, stepId2, found) {
  if (found.status === "captured" && found.digest !== void 0) {
    const { name: name2, digest: digest2, size: size2, mediaType } = found;
    facts.artifacts.push({
      stepId: stepId2,
      name: name2,
      digest: digest2,
      ...size2 === void 0 ? {} : { size: size2 },
      ...mediaType === void 0 ? {} : { mediaType }
    });
  }
}
function addOutputs(facts, stepId2, ended) {
  for (const value of Object.values(ended.outputs)) {
    if (value.type === "directory") {
      facts.trees.add(value.digest);
    }
  }
  if (ended.reusedFrom !== void 0) {
    facts.reused.set(stepId2, ended.reusedFrom);
    facts.artifacts.push(...filesOf(stepId2, ended.outputs));
  }
}
function filesOf(stepId2, outputs) {
  return Object.entries(outputs).toSorted(([a], [b]) => compareUtf8(a, b)).flatMap(([name2, value]) => {
    if (value.type === "file") {
      const { digest: digest2, size: size2, mediaType } = value;
      return [{ stepId: stepId2, name: name2, digest: digest2, size: size2, ...mediaType === void 0 ? {} : { mediaType } }];
    }
    return value.type === "directory" ? [{ stepId: stepId2, name: name2, digest: value.digest }] : [];
  });
}
function addEnforcement(facts, enforced) {
  for (const [limit, { level }] of Object.entries(enforced.limits)) {
    const before = facts.enforcement.get(limit);
    if (before === void 0 || STRENGTH.indexOf(level) < STRENGTH.indexOf(before)) {
      facts.enforcement.set(limit, level);
    }
  }
}
function listArtifacts(facts, sizeOf) {
  return facts.artifacts.map((use) => ({ ...use, size: use.size ?? sizeOf(use.digest) }));
}
function treeUses(facts, plan) {
  const folders = /* @__PURE__ */ new Set();
  for (const node of [...plan.steps, ...plan.finally]) {
    for (const [name2, rule] of Object.entries(node.kind === "run" ? node.outputs : {})) {
      if ("dir" in rule) {
        folders.add(`${node.id} ${name2}`);
      }
    }
  }
  const isFolder = ({ stepId: stepId2, name: name2 }) => folders.has(`${stepId2.replaceAll(/\[[0-9]+\]/g, "[*]")} ${name2}`);
  return facts.artifacts.filter((use) => use.size === void 0 || isFolder(use));
}
function treesOf(facts, plan) {
  return /* @__PURE__ */ new Set([...facts.trees, ...treeUses(facts, plan).map(({ digest: digest2 }) => digest2)]);
}

// src/verify/bundle-tree.ts
async function readTrees(facts, plan, reader) {
  const trees = treesOf(facts, plan);
  const read = /* @__PURE__ */ new Map();
  for (const { digest: digest2 } of facts.artifacts) {
    if (trees.has(digest2) && !read.has(digest2)) {
      read.set(digest2, await readTree(reader, digest2));
    }
  }
  return read;
}
async function readTree(reader, tree) {
  const bytes = await reader.document(artifactPath(hexOf(tree)));
  const listing = bytes.ok ? readCanonicalJson(bytes.value, "listing") : bytes;
  if (!listing.ok || !Array.isArray(listing.value)) {
    return "its listing cannot be read";
  }
  const files = [];
  let total = 0;
  for (const entry2 of listing.value) {
    if (!isJsonObject(entry2) || entry2["mode"] !== "link" && !isFileEntry(entry2)) {
      return "its listing has an entry of another form";
    }
    if (isFileEntry(entry2)) {
      files.push({ digest: digestOfHex(entry2.sha256), size: entry2.size });
      total += entry2.size;
    }
  }
  return { files, size: total };
}
function isFileEntry(entry2) {
  const { path, sha256, size: size2, mode } = entry2;
  const isFile = (mode === "644" || mode === "755") && typeof path === "string";
  return isFile && Number.isSafeInteger(size2) && Number(size2) >= 0 && /^[0-9a-f]{64}$/.test(String(sha256));
}

// src/attest/anchor-codes.ts
var anchorCodes = codeTable({
  ANCHOR_FORM: {
    severity: "error",
    exitCode: 7,
    message: "the anchor has a wrong form: {problem}",
    hint: "move the .anchor.sigstore.json file away and anchor the bundle again",
    explanation: {
      cause: "An anchor is canonical JSON: the sidecar of the bundle's attestation with RFC 3161 timestamps and log entries, each once at least and nothing else.",
      example: "an anchor that went through a JSON formatter, or one without a timestamp's bytes",
      fix: "Take the anchor from its source again, or remove it and run `packrun evidence anchor PATH`."
    }
  },
  ANCHOR_FOREIGN: {
    severity: "error",
    exitCode: 7,
    message: "the anchor speaks of another attestation",
    hint: "an anchor lies beside the one bundle that it was made for",
    explanation: {
      cause: "The sidecar that the anchor repeats is not, byte for byte, the one that is sealed in the bundle.",
      example: "the anchor of one run renamed to that of another",
      fix: "Take the anchor that belongs to this bundle, or remove it and anchor the bundle again."
    }
  },
  ANCHOR_TIMESTAMP_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "a timestamp in the name of {authority} does not hold: {problem}",
    hint: "do not rely on this anchor",
    explanation: {
      cause: "A timestamp names a certificate of a timestamp authority of the trust root, but its signature, its chain or what it was made over is wrong.",
      example: "a timestamp over another attestation, or one in which the time was changed",
      fix: "Find out who made it. Remove the anchor and anchor the bundle again."
    }
  },
  ANCHOR_TIMESTAMP_WINDOW: {
    severity: "error",
    exitCode: 7,
    message: "{authority} made a timestamp at {time}, but is believed from {validFrom} until {validUntil} only",
    hint: "an authority is not believed before or after its window",
    explanation: {
      cause: "The time of a timestamp is out of the window that the trust root gives to its authority.",
      example: "a timestamp of an authority whose key was retired a month before",
      fix: "Anchor with the authority's present key, or correct the window in the trust root."
    }
  },
  ANCHOR_ENTRY_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "an entry in the name of log {origin} does not hold: {problem}",
    hint: "do not rely on this anchor",
    explanation: {
      cause: "An entry names a transparency log of the trust root, but is not of this attestation, or its proof of inclusion or the log's signed checkpoint is wrong.",
      example: "an entry of another attestation, or a checkpoint of another log",
      fix: "Find out who made it. Remove the anchor and anchor the bundle again."
    }
  },
  ANCHOR_LOG_WINDOW: {
    severity: "error",
    exitCode: 11,
    message: "log {origin} is believed from {validFrom} until {validUntil} only",
    hint: "with a trusted timestamp inside that window the entry holds for good",
    explanation: {
      cause: "Entries prove no time. The key of the log is out of its window at the time of verification, and no trusted timestamp lies in it.",
      example: "a bundle verified a year after its log was closed",
      fix: "Anchor bundles with a timestamp, too. Correct the window in the trust root if it is wrong."
    }
  },
  ANCHOR_AUTHORITY: {
    severity: "error",
    exitCode: 7,
    message: "timestamp authority {authority} of the trust root cannot be used: {problem}",
    hint: "correct its certificates in the trust root: the one that signs first, its root last",
    explanation: {
      cause: "The certificates of an authority are no chain of X.509 certificates, or the first is not one for timestamps (extended key usage timeStamping).",
      example: "the certificate of the authority's web server",
      fix: "Ask the authority for the chain of its timestamp signer and put it into the next version of the trust root."
    }
  },
  ANCHOR_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the trust root demands {what}, and there is none that it believes",
    hint: "run `packrun evidence anchor PATH`",
    explanation: {
      cause: "The trust root's policy lists kinds of anchors that evidence must have: `tsa`, a timestamp, and `rekor`, a log entry. There is no anchor beside the bundle, or none of that kind by an authority of the trust root.",
      example: "a bundle that was copied without its .anchor.sigstore.json",
      fix: "Put the anchor beside the bundle again, or anchor it with an authority that the trust root names."
    }
  },
  ANCHOR_UNCHECKED: {
    severity: "error",
    exitCode: 7,
    message: "the trust root demands {what}, and this verifier checks no anchors",
    hint: "use `packrun verify PATH`",
    explanation: {
      cause: "The offline verifiers carry no reader of X.509 certificates and log proofs. What the trust root demands and they cannot check is not passed over.",
      example: "the single-file verifier with a trust root whose policy has anchor: {required: [tsa]}",
      fix: "Verify where packrun is installed: `packrun verify PATH --trust trust-root.json`."
    }
  }
});

// src/canon/repeated-member.ts
var QUOTE = 34;
var BACKSLASH = 92;
function repeatedMember(json) {
  const open5 = [];
  let start = 0;
  let end = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charAt(at)) {
      case '"':
        start = at;
        end = closingQuote(json, at) + 1;
        at = end - 1;
        break;
      case "{":
        open5.push(/* @__PURE__ */ new Set());
        break;
      case "[":
        open5.push(void 0);
        break;
      case "}":
      case "]":
        open5.pop();
        break;
      case ":": {
        const name2 = JSON.parse(json.slice(start, end));
        if (open5.at(-1)?.has(name2) === true) {
          return name2;
        }
        open5.at(-1)?.add(name2);
        break;
      }
      default:
    }
  }
  return void 0;
}
function closingQuote(json, from) {
  for (let at = from + 1; at < json.length; at += 1) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) {
      return at;
    }
    if (unit === BACKSLASH) {
      at += 1;
    }
  }
  return json.length;
}

// src/attest/signature-form.ts
function isSignatureOf(alg, signature) {
  return alg === "ed25519" ? signature.length === 64 : isEcdsaDer(signature);
}
function isSignature(signature) {
  return isSignatureOf("ed25519", signature) || isSignatureOf("ecdsa-p256-sha256", signature);
}
function isEcdsaDer(der) {
  const r = der[0] === 48 && der[1] === der.length - 2 ? integerEnd(der, 2) : void 0;
  return r !== void 0 && integerEnd(der, r) === der.length;
}
function integerEnd(der, at) {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const [first = 0, second = 0] = der.subarray(at + 2, end);
  const padded = first === 0;
  if (der[at] !== 2 || length < 1 || length > 33 || end > der.length || first > 127 || padded && second <= 127) {
    return void 0;
  }
  const magnitude = der.subarray(at + 2 + Number(padded), end);
  return magnitude.length <= 32 && unsigned(magnitude) < P256_ORDER ? end : void 0;
}

// src/attest/read-sidecar.ts
var interopShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object(
    { publicKey: object({}, { hint: string() }) },
    { tlogEntries: anything(), timestampVerificationData: anything() }
  ),
  dsseEnvelope: object({
    payload: string(),
    payloadType: literal(PAYLOAD_TYPE),
    signatures: array(object({ sig: string() }, { keyid: string() }), { min: 1, max: 1 })
  })
});
function readSidecar(bytes, profile) {
  if (bytes.length > MAX_SIDECAR_BYTES) {
    return refuse3("ENVELOPE_SIZE", { bytes: bytes.length, most: MAX_SIDECAR_BYTES });
  }
  const read = profile === "own" ? readOwn(bytes) : readForeign(bytes);
  if (!read.ok) {
    return read;
  }
  const document = profile === "own" ? held(sidecarShape, read.value) : held(interopShape, read.value);
  return document.ok ? envelopeOf(document.value, profile) : document;
}
function envelopeOf(document, profile) {
  const { payload, payloadType, signatures } = document.dsseEnvelope;
  const [{ sig, keyid: keyid3 = "" } = { sig: "" }] = signatures;
  if (profile === "own" && document.verificationMaterial.publicKey.hint !== keyid3) {
    return refuse3("ENVELOPE_KEYID", { problem: "its hint is not its keyid" });
  }
  const decode = profile === "own" ? fromBase64 : fromLooseBase64;
  const payloadBytes = decode(payload);
  const signature = decode(sig);
  if (payloadBytes === void 0 || signature === void 0) {
    return refuse3("ENVELOPE_BASE64", { member: payloadBytes === void 0 ? "payload" : "sig" });
  }
  if (!isSignature(signature)) {
    return refuse3("SIGNATURE_FORM", { length: signature.length });
  }
  const envelope2 = { profile, payloadType, payload: payloadBytes, signature };
  return ok(keyid3 === "" ? envelope2 : { ...envelope2, keyid: keyid3 });
}
function readOwn(bytes) {
  const read = readCanonicalJson(bytes, "sidecar");
  if (read.ok) {
    return read;
  }
  const plain = readJson(bytes, "sidecar");
  return plain.ok ? refuse3("ENVELOPE_NOT_CANONICAL") : refuse3("ENVELOPE_SYNTAX", { problem: "it is not JSON in UTF-8" });
}
function readForeign(bytes) {
  const read = readJson(bytes, "sidecar");
  const text9 = decodeUtf8(bytes) ?? "";
  if (!read.ok) {
    return refuse3("ENVELOPE_SYNTAX", { problem: "it is not JSON in UTF-8" });
  }
  const repeated = repeatedMember(text9);
  return repeated === void 0 ? read : refuse3("ENVELOPE_SYNTAX", { problem: `member "${repeated}" stands twice` });
}
function held(shape, value) {
  const [first] = misfitsOf(shape, value);
  return first === void 0 ? ok(value) : misfitFault(first, value);
}
function misfitFault(misfit2, value) {
  const problem = describeMisfit(misfit2);
  const path = misfit2.path.join(".");
  if (misfit2.problem === "value" || misfit2.problem === "type") {
    if (path === "mediaType") {
      return refuse3("ENVELOPE_MEDIA_TYPE", { found: misfit2.found });
    }
    if (path === "dsseEnvelope.payloadType") {
      return refuse3("ENVELOPE_PAYLOAD_TYPE", { found: misfit2.found });
    }
    if (path === "dsseEnvelope.signatures") {
      return refuse3("ENVELOPE_SIGNATURES", { found: misfit2.found });
    }
    if (path === "dsseEnvelope.signatures.0.keyid" || path === "verificationMaterial.publicKey.hint") {
      return refuse3("ENVELOPE_KEYID", { problem });
    }
  }
  return refuse3("ENVELOPE_SHAPE", { problem: isJsonObject(value) ? problem : "it is no JSON object" });
}
function refuse3(code2, data = {}) {
  return fail(faultOf(attestCodes, code2, data));
}

// src/attest/anchor-file.ts
var MOST_ANCHORS = 16;
var base64 = string({
  pattern: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  min: 4,
  expected: "base64"
});
var count4 = string({ pattern: /^(?:0|[1-9][0-9]{0,18})$/, expected: "a count in digits" });
var logEntryShape = object({
  logIndex: count4,
  logId: object({ keyId: base64 }),
  kindVersion: object({ kind: literal("hashedrekord"), version: literal("0.0.2") }),
  inclusionProof: object({
    logIndex: count4,
    rootHash: base64,
    treeSize: count4,
    hashes: array(base64, { max: 64 }),
    checkpoint: object({ envelope: string({ min: 1, max: 65536 }) })
  }),
  canonicalizedBody: base64
});
var anchorFileShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object(
    { publicKey: publicKeyShape },
    {
      timestampVerificationData: object({
        rfc3161Timestamps: array(object({ signedTimestamp: base64 }), { min: 1, max: MOST_ANCHORS })
      }),
      tlogEntries: array(logEntryShape, { min: 1, max: MOST_ANCHORS })
    }
  ),
  dsseEnvelope: envelopeShape
});
function readAnchorFile(bytes) {
  if (bytes.length > 2 * MAX_SIDECAR_BYTES) {
    return refuse4("it is larger than any anchor may be");
  }
  const read = readCanonicalJson(bytes, "anchor");
  if (!read.ok) {
    return refuse4("it is not canonical JSON");
  }
  const [misfit2] = misfitsOf(anchorFileShape, read.value);
  if (misfit2 !== void 0) {
    return refuse4(describeMisfit(misfit2));
  }
  const { mediaType, verificationMaterial, dsseEnvelope } = read.value;
  const { publicKey, timestampVerificationData, tlogEntries = [] } = verificationMaterial;
  const sidecar = canonicalBytes({ mediaType, verificationMaterial: { publicKey }, dsseEnvelope });
  const envelope2 = readSidecar(sidecar, "own");
  if (!envelope2.ok) {
    return envelope2;
  }
  const timestamps = (timestampVerificationData?.rfc3161Timestamps ?? []).map(
    ({ signedTimestamp }) => fromBase64(signedTimestamp)
  );
  const sound = timestamps.filter((timestamp2) => timestamp2 !== void 0);
  if (timestamps.length + tlogEntries.length === 0) {
    return refuse4("it has neither a timestamp nor a log entry");
  }
  return sound.length === timestamps.length ? ok({ sidecar, envelope: envelope2.value, timestamps: sound, entries: tlogEntries }) : refuse4("the base64 of a timestamp is damaged");
}
function refuse4(problem) {
  return fail(faultOf(anchorCodes, "ANCHOR_FORM", { problem }));
}

// src/verify/check-anchor.ts
var WORDS2 = { tsa: "a timestamp", rekor: "an entry of a transparency log" };
async function checkAnchor(given, anchor, prove) {
  const { checks, trustRoot } = given;
  if (trustRoot === void 0) {
    checks.skip("anchor", "no trust root to check it with");
    return [];
  }
  const required2 = trustRoot.document.policy?.anchor?.required ?? [];
  if (prove === void 0) {
    required2.forEach((kind) => checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_UNCHECKED", { what: WORDS2[kind] })));
    checks.skip("anchor", "not checked by this verifier");
    return [];
  }
  const rooted = { ...given, trustRoot };
  const findings = anchor === void 0 ? [] : await proven(rooted, anchor, prove);
  if (findings === void 0) {
    return [];
  }
  const believed = findings.filter((finding) => finding.status === "believed");
  for (const kind of required2) {
    if (!believed.some((finding) => finding.kind === kind)) {
      checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_MISSING", { what: WORDS2[kind] }));
    }
  }
  return conclude(rooted, believed, anchor !== void 0);
}
async function proven({ checks, reader, trustRoot }, bytes, prove) {
  const anchor = readAnchorFile(bytes);
  if (!anchor.ok) {
    checks.fail("anchor", anchor.fault);
    return void 0;
  }
  const sealed = reader.has(ATTESTATION_PATH) ? await reader.document(ATTESTATION_PATH) : void 0;
  if (sealed?.ok !== true || !equalBytes(sealed.value, anchor.value.sidecar)) {
    checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_FOREIGN"));
    return void 0;
  }
  const findings = await prove(anchor.value, trustRoot);
  for (const finding of findings) {
    if (finding.status === "refused") {
      checks.fail("anchor", finding.fault);
    }
  }
  return findings;
}
function conclude({ checks, at }, believed, there) {
  const timestamps = believed.flatMap(({ time }) => time === void 0 ? [] : [time]);
  for (const { by, window } of believed) {
    if (window !== void 0 && ![...timestamps, at].some((t) => window.validFrom <= t && t < window.validUntil)) {
      checks.stale("anchor", faultOf(anchorCodes, "ANCHOR_LOG_WINDOW", { origin: by, ...window }));
    }
  }
  if (believed.length === 0) {
    checks.skip("anchor", there ? "by nobody whom the trust root names" : "there is none beside the bundle");
  }
  checks.pass(
    "anchor",
    believed.map(({ by, time }) => time === void 0 ? `in the log ${by}` : `there at ${time}, says ${by}`).join("; ")
  );
  return checks.failed("anchor") ? [] : timestamps;
}

// src/fault/counted.ts
function counted(count6, noun) {
  return `${count6} ${noun}${count6 === 1 ? "" : "s"}`;
}

// src/verify/check-artifacts.ts
function checkArtifacts(given) {
  const { checks, manifest, ledger, plan, trees } = given;
  const wrong = (digest2, problem) => checks.fail("artifacts", faultOf(verifyCodes, "ARTIFACT_MISMATCH", { digest: digest2, problem }));
  ledger.outputs.uncaptured.forEach(({ digest: digest2, problem }) => wrong(digest2, problem));
  const named = /* @__PURE__ */ new Map();
  const name2 = (digest2, told) => {
    const before = named.get(digest2);
    const size2 = trees.has(digest2) ? void 0 : told ?? before;
    if (before !== void 0 && before !== size2) {
      wrong(digest2, `it is named with two sizes, ${before} and ${size2}`);
    }
    named.set(digest2, size2);
  };
  const mediaTypes = /* @__PURE__ */ new Map();
  for (const { digest: digest2, size: size2, mediaType } of ledger.facts.artifacts) {
    name2(digest2, size2);
    if (mediaType !== void 0 && !mediaTypes.has(digest2)) {
      mediaTypes.set(digest2, mediaType);
    }
  }
  for (const [digest2, tree] of trees) {
    if (typeof tree === "string") {
      wrong(digest2, tree);
    } else {
      tree.files.forEach((file) => name2(file.digest, file.size));
    }
  }
  for (const { digest: digest2, size: size2 } of treeUses(ledger.facts, plan)) {
    const tree = trees.get(digest2);
    if (typeof tree === "object" && size2 !== void 0 && size2 !== tree.size) {
      wrong(digest2, "the ledger gives another size than its files have together");
    }
  }
  let count6 = 0;
  for (const { path, sha256: hex2, size: size2, role, mediaType } of manifest.hashes) {
    if (role === "artifact") {
      const digest2 = digestOfHex(hex2);
      const expected = named.get(digest2);
      count6 += 1;
      if (path !== artifactPath(hex2)) {
        wrong(digest2, `it is stored as ${path}`);
      } else if (!named.has(digest2)) {
        wrong(digest2, "nothing in the ledger names it");
      } else if ((expected ?? size2) !== size2 || mediaType !== mediaTypeOf(path, mediaTypes.get(digest2))) {
        wrong(digest2, "the manifest describes it in another way than the ledger");
      }
      named.delete(digest2);
    }
  }
  for (const digest2 of named.keys()) {
    wrong(digest2, "it is missing");
  }
  checks.pass("artifacts", `${counted(count6, "artifact")}, each named by the ledger`);
}

// src/attest/read-statement.ts
function readStatement(payload, predicate) {
  const read = readPayload(payload, predicate.takesOlder === true);
  if (read === void 0) {
    return refuse5("STATEMENT_NOT_CANONICAL");
  }
  const found = isJsonObject(read) ? read : {};
  const isOlder = predicate.takesOlder === true && found["_type"] === OLDER_STATEMENT_TYPE;
  const statement = isOlder ? { ...found, _type: STATEMENT_TYPE } : found;
  if (statement["_type"] !== STATEMENT_TYPE) {
    return refuse5("STATEMENT_TYPE", { found: show2(statement["_type"]) });
  }
  if (statement["predicateType"] !== predicate.type) {
    return refuse5("STATEMENT_PREDICATE_TYPE", { found: show2(statement["predicateType"]), expected: predicate.type });
  }
  const [misfit2] = misfitsOf(statementShape(predicate), statement);
  return misfit2 === void 0 ? ok(statement) : refuse5("STATEMENT_SHAPE", { problem: describeMisfit(misfit2) });
}
function readPayload(payload, takesOlder) {
  const strict = readCanonicalJson(payload, "statement");
  if (strict.ok) {
    return strict.value;
  }
  const loose = takesOlder ? readJson(payload, "statement") : strict;
  const isOlder = loose.ok && isJsonObject(loose.value) && loose.value["_type"] === OLDER_STATEMENT_TYPE;
  return isOlder && repeatedMember(decodeUtf8(payload) ?? "") === void 0 ? loose.value : void 0;
}
function checkSubject(statement, file) {
  return statement.subject[0]?.digest.sha256 === hexOf(file) ? ok(void 0) : refuse5("STATEMENT_SUBJECT", { expected: file });
}
function show2(value) {
  return typeof value === "string" ? value.slice(0, 120) : "nothing";
}
function refuse5(code2, data = {}) {
  return fail(faultOf(attestCodes, code2, data));
}

// src/trust/plain-line.ts
var MOST = 300;
function plainLine(text9) {
  return text9.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, MOST);
}

// src/trust/revocation-codes.ts
var revocationCodes = codeTable({
  REVOCATIONS_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list cannot be read: {problem}",
    hint: "use the file exactly as packrun wrote it",
    explanation: {
      cause: "A revocation list is exactly its RFC 8785 bytes; these are not.",
      example: "revocations.json after an editor reformatted it",
      fix: "Take the file from its owner again, or restore the copy `<sequence>.revocations.json` beside it."
    }
  },
  REVOCATIONS_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has a wrong form: {problem}",
    hint: "compare it with schemas/revocations.schema.json",
    explanation: {
      cause: "A member is missing, unknown, or has a value that is not allowed. Nothing unknown is overlooked.",
      example: "an entry of an unknown kind, or one that stands twice",
      fix: "Make revocation lists with `packrun revoke`, or update packrun."
    }
  },
  REVOCATIONS_DOMAIN: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list is for {found}, not for {expected}",
    hint: "use the list of trust domain {expected}",
    explanation: {
      cause: "A list speaks for one trust domain only.",
      example: "the staging list beside the production trust root",
      fix: "Correct `revocations` in packrun.config.yaml or --revocations, or put the right list beside the trust root."
    }
  },
  REVOCATIONS_UNSIGNED: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has no signature: its sidecar is not there",
    hint: "put revocations.json.sigstore.json beside the list",
    explanation: {
      cause: "A list counts only with the signature of a key with role revoker, which stands in its sidecar.",
      example: "revocations.json was copied without revocations.json.sigstore.json",
      fix: "Copy both files."
    }
  },
  REVOCATIONS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the signature of the revocation list speaks of another {member}",
    hint: "take list and sidecar from the same source again",
    explanation: {
      cause: "Trust domain and sequence are signed beside the list's digest and must be the list's own.",
      example: "a list of sequence 5 signed as sequence 4",
      fix: "Write the list again with `packrun revoke`."
    }
  },
  REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "there is no revocation list for {trustDomain}, and {why}",
    hint: "a first list is made with `packrun revoke --renew --key KEY` by a key that holds role revoker; one that there is belongs, with its sidecar, beside the trust root, or where `revocations` of the configuration says",
    explanation: {
      cause: "The trust root relies on signatures only together with a revocation list, or one was in use here before.",
      example: "a trust root with policy.revocation.required, on a machine that has the root but not the list",
      fix: "Fetch the list from its owner, with its sidecar. Where there never was one, whoever holds role revoker makes the first: `packrun revoke --renew --key KEY`, with the same --trust and --store; under development trust KEY is .packrun/trust/dev.key. In the place of a list that was used before no first one is made."
    }
  },
  REVOCATIONS_ROLLBACK: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has sequence {sequence}; {lowest} is the least, because {why}",
    hint: "use the newest list",
    explanation: {
      cause: "An older list lacks what was revoked since.",
      example: "a backup of revocations.json was restored",
      fix: "Get the newest list from its owner."
    }
  },
  REVOCATIONS_FORKED: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list with sequence {sequence} does not continue the one that was used before",
    hint: "find out which of the two lists is right before anything is run or verified",
    explanation: {
      cause: "There are two histories: another list of the same sequence, or one that names another predecessor.",
      example: "two people revoked something at the same time, each on a copy of their own",
      fix: "Keep one list in one place, and revoke there what only the other one has."
    }
  },
  REVOCATIONS_STALE: {
    severity: "error",
    exitCode: 11,
    message: "the revocation list (sequence {sequence}) is out of date: {why}",
    hint: "get the newest list; its owner makes it with `packrun revoke --renew --key KEY`",
    explanation: {
      cause: "The list is past its nextUpdate, or older than the trust root's policy allows. What is newer is unknown.",
      example: "a list that should be renewed every week and was not",
      fix: "Fetch the newest list. Whoever owns it renews it even when there is nothing to revoke."
    }
  },
  REVOKED_RUN: {
    severity: "error",
    exitCode: 7,
    message: "run {value} was revoked at {revokedAt}: {reason}",
    hint: "do not rely on this run",
    explanation: {
      cause: "A revoker withdrew this run: neither its gates nor its evidence count any more.",
      example: `packrun revoke run 0198c5a0-7c1e-7000-8000-000000000001 --reason "somebody else's files" --key revoker.key`,
      fix: "Make a new run. An unfinished one is ended with `packrun cancel RUN`."
    }
  },
  REVOKED_PLAN: {
    severity: "error",
    exitCode: 7,
    message: "plan {value} was revoked at {revokedAt}: {reason}",
    hint: "plan with other inputs or another version of the pack",
    explanation: {
      cause: "A revoker withdrew this very plan; no run of it counts.",
      example: 'packrun revoke plan sha256:… --reason "wrong inputs" --key revoker.key',
      fix: "Correct pack or inputs and plan again."
    }
  },
  REVOKED_PACK: {
    severity: "error",
    exitCode: 7,
    message: "pack {value} was revoked at {revokedAt}: {reason}",
    hint: "use another version of the pack",
    explanation: {
      cause: "A revoker withdrew this pack, by its digest or by name and version.",
      example: 'packrun revoke pack acme/promote@1.4.0 --reason "a harmful step" --key revoker.key',
      fix: "Use a version that is not revoked."
    }
  },
  REVOKED_KEY: {
    severity: "error",
    exitCode: 7,
    message: "key {value} was revoked at {revokedAt}: {reason}",
    hint: "sign with another key; what this one signed does not count, whenever it was made",
    explanation: {
      cause: "A revoked key proves nothing: whoever has it can also write any earlier time.",
      example: 'packrun revoke key SHA256:… --reason "laptop stolen" --key revoker.key',
      fix: "Give the person a new key. Keys that only retire get an end of their window instead."
    }
  },
  REVOKED_PAYLOAD: {
    severity: "error",
    exitCode: 7,
    message: "the attestation {value} was revoked at {revokedAt}: {reason}",
    hint: "ask for a new signature",
    explanation: {
      cause: "A revoker withdrew this one signed statement; the key that made it still counts.",
      example: 'packrun revoke payload sha256:… --reason "approved by mistake" --key revoker.key',
      fix: "Sign again if the statement is right after all."
    }
  },
  PACK_BELOW_MINIMUM: {
    severity: "error",
    exitCode: 7,
    message: "{name} {version} is older than {least}, the least version that the trust root takes",
    hint: "use {least} or a later version",
    explanation: {
      cause: "The trust root's policy.minVersion bars versions that must not be used any more.",
      example: "acme/promote 1.4.0 where the trust root says 2.0.0",
      fix: "Plan and run a newer version of the pack."
    }
  }
});

// src/trust/revocation-list.ts
var REVOKED_PACK_NAME = new RegExp(
  `^(?:sha256:[0-9a-f]{64}|${PACK_NAME3.source.slice(1, -1)}@${SEM_VER3.source.slice(1, -1)})$`
);
var reason = string({ min: 1, max: 4096, expected: "a reason of at most 4,096 letters" });
var rest = { reason, revokedAt: timestamp() };
var entryShape = tagged("kind", {
  pack: object({
    kind: literal("pack"),
    value: string({ pattern: REVOKED_PACK_NAME, expected: "a pack digest, or NAME@VERSION" }),
    ...rest
  }),
  plan: object({ kind: literal("plan"), value: digest(), ...rest }),
  key: object({
    kind: literal("key"),
    value: string({ pattern: KEYID, expected: "an OpenSSH fingerprint" }),
    ...rest
  }),
  payload: object({ kind: literal("payload"), value: digest(), ...rest }),
  run: object({ kind: literal("run"), value: runIdShape, ...rest })
});
var revocationsShape = object(
  {
    schema: literal("packrun.revocations/v1"),
    trustDomain: trustDomainShape,
    sequence: integer({ min: 1 }),
    issuedAt: timestamp(),
    nextUpdate: timestamp(),
    entries: array(entryShape)
  },
  { previousDigest: digest() }
);
function revocationName(kind, value) {
  return `${kind} ${value}`;
}
function readRevocations(bytes, sha256) {
  const read = readCanonicalJson(bytes, "revocations.json");
  if (!read.ok) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_SYNTAX", { problem: read.fault.message }));
  }
  const [misfit2] = misfitsOf(revocationsShape, read.value);
  if (misfit2 !== void 0) {
    return wrongShape(describeMisfit(misfit2));
  }
  const document = read.value;
  const { issuedAt, nextUpdate, sequence, previousDigest, entries } = document;
  if (nextUpdate <= issuedAt) {
    return wrongShape("nextUpdate is not later than issuedAt");
  }
  if (sequence === 1 !== (previousDigest === void 0)) {
    return wrongShape("previousDigest is absent in the first list, and in no other");
  }
  const byName = new Map(entries.map((entry2) => [revocationName(entry2.kind, entry2.value), entry2]));
  return byName.size === entries.length ? ok({ document, digest: digestOf(bytes, sha256), byName }) : wrongShape("an entry stands twice");
}
function wrongShape(problem) {
  return fail(faultOf(revocationCodes, "REVOCATIONS_SHAPE", { problem }));
}

// src/trust/find-revoked.ts
var CODES = {
  run: "REVOKED_RUN",
  plan: "REVOKED_PLAN",
  pack: "REVOKED_PACK",
  key: "REVOKED_KEY",
  payload: "REVOKED_PAYLOAD"
};
function findRevoked(list, what) {
  const { run, plan, pack, key, payload } = what;
  const asked = [
    ["run", run],
    ["plan", plan],
    ["pack", pack?.digest],
    ["pack", pack === void 0 ? void 0 : `${pack.name}@${pack.version}`],
    ["key", key],
    ["payload", payload]
  ];
  for (const [kind, value] of asked) {
    const entry2 = value === void 0 ? void 0 : list?.byName.get(revocationName(kind, value));
    if (entry2 !== void 0) {
      const { reason: reason2, revokedAt } = entry2;
      return faultOf(revocationCodes, CODES[kind], { value: entry2.value, reason: plainLine(reason2), revokedAt });
    }
  }
  return void 0;
}

// src/attest/pae.ts
function pae(payloadType, payload) {
  const type = encodeUtf8(payloadType);
  return concatBytes(encodeUtf8(`DSSEv1 ${type.length} `), type, encodeUtf8(` ${payload.length} `), payload);
}

// src/attest/verify-envelope.ts
async function isSignedBy(envelope2, key, verifySignature) {
  return isSignatureOf(key.alg, envelope2.signature) && await verifySignature(key, pae(envelope2.payloadType, envelope2.payload), envelope2.signature);
}
function checkKeyid(envelope2, key) {
  const { keyid: keyid3 = key.keyid } = envelope2;
  return keyid3 === key.keyid ? ok(void 0) : fail(faultOf(attestCodes, "ENVELOPE_KEYID", { problem: `it names another key than ${key.keyid}, which signed` }));
}

// src/trust/role.ts
function standingOf(root, keyid3, roles, scope2) {
  let standing = { kind: "none" };
  for (const role of roles) {
    const entry2 = Object.hasOwn(root.document.roles, role) ? root.document.roles[role] : void 0;
    if (entry2?.keyids.includes(keyid3) === true) {
      const bound = boundAgainst(entry2, scope2);
      if (bound === void 0) {
        return { kind: "held", role };
      }
      standing = standing.kind === "none" ? { kind: "outOfScope", role, bound } : standing;
    }
  }
  return standing;
}
function holdersOf(root, roles) {
  return new Set(
    roles.flatMap(
      (role) => Object.hasOwn(root.document.roles, role) ? root.document.roles[role]?.keyids ?? [] : []
    )
  );
}
function boundAgainst(entry2, scope2) {
  const named = {
    packs: scope2.pack,
    tenants: scope2.tenant,
    gates: scope2.gate
  };
  return SCOPES.find((name2) => entry2[name2]?.some((pattern2) => covers(pattern2, named[name2])) === false);
}
function covers(pattern2, name2) {
  if (name2 === void 0) {
    return false;
  }
  return pattern2.endsWith("*") ? name2.startsWith(pattern2.slice(0, -1)) : name2 === pattern2;
}

// src/trust/find-signer.ts
async function findSigner(envelope2, root, roles, verifySignature) {
  const holders = holdersOf(root, roles);
  const keys = [...root.keys.values()];
  const order2 = [
    ...keys.filter(({ key }) => holders.has(key.keyid)),
    ...keys.filter(({ key }) => !holders.has(key.keyid))
  ];
  for (const candidate of order2) {
    if (await isSignedBy(envelope2, candidate.key, verifySignature)) {
      const named = checkKeyid(envelope2, candidate.key);
      return named.ok ? ok(candidate) : named;
    }
  }
  const { keyid: keyid3 = "none" } = envelope2;
  return root.keys.has(keyid3) ? fail(faultOf(attestCodes, "SIGNATURE_INVALID", { keyid: keyid3 })) : fail(faultOf(trustCodes, "SIGNATURE_KEY_UNKNOWN", { keyid: keyid3, trustDomain: root.document.trustDomain }));
}

// src/trust/check-signed.ts
async function checkSigned(check) {
  const { trustRoot, roles, verifySignature } = check;
  const envelope2 = readSidecar(check.sidecar, check.profile);
  if (!envelope2.ok) {
    return failed(envelope2.fault);
  }
  const signer = await findSigner(envelope2.value, trustRoot, roles, verifySignature);
  if (!signer.ok) {
    return failed(signer.fault);
  }
  const signed = readSigned(check, envelope2.value, signer.value);
  if (!signed.ok) {
    return { ...failed(signed.fault), principal: signer.value.principal, keyid: signer.value.key.keyid };
  }
  const window = checkKeyWindow(signer.value, check.at, check.timestamps);
  return window.ok ? { status: "pass", ...signed.value } : { status: "stale", code: window.fault.code, why: window.fault.message, ...signed.value };
}
function readSigned(check, envelope2, signer) {
  const role = checkRole(check.trustRoot, signer, check.roles, check.scope);
  if (!role.ok) {
    return role;
  }
  const payloadDigest = digestOf(envelope2.payload, check.sha256);
  const revoked = findRevoked(check.revocations, { key: signer.key.keyid, payload: payloadDigest });
  if (revoked !== void 0) {
    return fail(revoked);
  }
  const statement = readStatement(envelope2.payload, check.predicate);
  if (!statement.ok) {
    return statement;
  }
  const subject = checkSubject(statement.value, check.file);
  return subject.ok ? ok({
    statement: statement.value,
    principal: signer.principal,
    keyid: signer.key.keyid,
    role: role.value,
    payloadDigest
  }) : subject;
}
function checkRole(root, signer, roles, scope2) {
  const { principal: principal2, key } = signer;
  const standing = standingOf(root, key.keyid, roles, scope2);
  const data = { principal: principal2, keyid: key.keyid, roles: roles.join(", ") };
  switch (standing.kind) {
    case "held":
      return ok(standing.role);
    case "outOfScope":
      return fail(faultOf(trustCodes, "ROLE_SCOPE", { ...data, role: standing.role, bound: standing.bound }));
    case "none":
      return fail(faultOf(trustCodes, "ROLE_NOT_HELD", data));
  }
}
function failed(fault) {
  return { status: "fail", code: fault.code, why: fault.message };
}

// src/verify/check-attestation.ts
var PARTS = [
  [
    "envelope",
    /^(?:ENVELOPE_(?!PAYLOAD_TYPE)|BUNDLE_|ATTESTATION_MISSING)/,
    "a Sigstore bundle with one DSSE envelope"
  ],
  ["payload-type", /^ENVELOPE_PAYLOAD_TYPE$/, "application/vnd.in-toto+json"],
  ["signature", /^SIGNATURE_/, "made by a key of the trust root over this payload"],
  ["role", /^ROLE_/, "the key holds the role run-attestor here"],
  ["revocation", /^REVOKED_/, "neither the key nor the attestation is revoked"],
  ["payload", /^STATEMENT_(?:NOT_CANONICAL|TYPE|PREDICATE_TYPE)$/, "a canonical in-toto Statement v1 of its kind"],
  ["schema", /^STATEMENT_SHAPE$/, "every member known, present and of its type"],
  ["subject", /^STATEMENT_SUBJECT$/, "subject[0] is evidence.manifest.json"]
];
async function checkAttestation(given, predicate, pack) {
  const { checks, reader, trustRoot, manifest } = given;
  if (!reader.has(ATTESTATION_PATH)) {
    checks.fail("envelope", faultOf(verifyCodes, "ATTESTATION_MISSING", { path: ATTESTATION_PATH }));
    return void 0;
  }
  const sidecar = await reader.document(ATTESTATION_PATH);
  if (!sidecar.ok) {
    checks.fail("envelope", sidecar.fault);
    return void 0;
  }
  if (trustRoot === void 0) {
    PARTS.forEach(([name2]) => checks.skip(name2, "no trust root to check it with"));
    return void 0;
  }
  const verdict = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: given.manifestDigest,
    predicate,
    roles: ["run-attestor"],
    scope: { tenant: manifest.tenantId, ...pack === void 0 ? {} : { pack } },
    trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256
  });
  passParts(given, verdict.status === "fail" ? verdict.code : void 0);
  if (verdict.status === "fail") {
    checks.fail(partOf(verdict.code), { code: verdict.code, message: verdict.why });
    return void 0;
  }
  if (verdict.status === "stale") {
    checks.stale("window", { code: verdict.code, message: verdict.why });
  }
  checks.pass("window", `the key of ${verdict.principal} is valid ${windowOf(given, verdict.keyid)}`);
  checks.pass("quorum", "1 of 1");
  return verdict.statement;
}
function windowOf({ trustRoot, timestamps }, keyid3) {
  const key = trustRoot?.keys.get(keyid3);
  if (key === void 0) {
    throw new Error("a signature counts only by a key of the root");
  }
  const trusted = timestamps.find((time) => checkKeyWindow(key, time).ok);
  return trusted === void 0 ? `from ${key.validFrom} until ${key.validUntil}` : `at the trusted time ${trusted}`;
}
function partOf(code2) {
  return PARTS.find(([, codes]) => codes.test(code2))?.[0] ?? "signature";
}
function passParts({ checks }, failed2) {
  const end = failed2 === void 0 ? void 0 : partOf(failed2);
  for (const [name2, , why] of PARTS) {
    if (name2 === end) {
      return;
    }
    checks.pass(name2, why);
  }
}

// src/evidence/outputs-file.ts
var artifactShape = object(
  { stepId: string(), name: string(), digest: digest(), size: integer({ min: 0 }) },
  { mediaType: string() }
);
var outputsShape = object({
  schema: literal("packrun.outputs/v1"),
  runId: runIdShape,
  outputs: record(NAME, valueShape, "a name"),
  artifacts: array(artifactShape)
});
function outputsBytes(runId, outputs, artifacts) {
  const file = { schema: "packrun.outputs/v1", runId, outputs, artifacts };
  return canonicalBytes(file);
}

// src/plan/input-digests.ts
function inputDigests(plan, sha256) {
  return Object.entries(plan.inputs).map(([name2, input]) => ({ name: name2, digest: "digest" in input ? input.digest : digestOfJson(input.value, sha256) })).sort((a, b) => a.name < b.name ? -1 : 1);
}

// src/verify/check-documents.ts
async function checkOutputs({ checks, reader, manifest, ledger, trees }) {
  const bytes = await reader.document(OUTPUTS_PATH);
  if (!bytes.ok) {
    checks.fail("outputs", bytes.fault);
    return;
  }
  const { facts } = ledger;
  const sizeOf = (digest2) => {
    const tree = trees.get(digest2);
    return typeof tree === "object" ? tree.size : 0;
  };
  const expected = outputsBytes(manifest.runId, facts.finished?.outputs ?? {}, listArtifacts(facts, sizeOf));
  const problem = equalBytes(expected, bytes.value) ? ledger.outputs.problemOf(facts.finished?.outputs ?? {}) : "it differs from what the ledger gives";
  if (problem !== void 0) {
    checks.fail("outputs", faultOf(verifyCodes, "OUTPUTS_MISMATCH", { problem }));
  }
  checks.pass("outputs", `${counted(facts.artifacts.length, "artifact")}, as in the ledger`);
}
async function checkPack(given) {
  const { checks, reader, plan, ledger, sha256 } = given;
  const bytes = await reader.document(PACK_MANIFEST_PATH);
  if (!bytes.ok) {
    checks.fail("pack", bytes.fault);
    return;
  }
  const expected = plan.pack.digest;
  const found = digestOf(bytes.value, sha256);
  const recorded = ledger.facts.created?.packDigest;
  const other = found === expected ? recorded : found;
  if (other !== void 0 && other !== expected) {
    checks.fail("pack", faultOf(verifyCodes, "PACK_MISMATCH", { found: other, expected }));
  }
  checks.pass("pack", `${plan.pack.name} ${plan.pack.version}, ${expected}`);
}
function checkPackSource({ checks, ledger, plan, trustRoot, requireDsse }) {
  const { minVersion = {} } = trustRoot?.document.policy ?? {};
  const least = Object.hasOwn(minVersion, plan.pack.name) ? minVersion[plan.pack.name] : void 0;
  const unheld = least === void 0 ? "" : `; that the trust root takes it from version ${least} on is held when it is planned and run, not here`;
  if (ledger.facts.created?.packSource !== "folder") {
    checks.pass("pack-source", `the pack came from the registry${unheld}`);
  } else if (requireDsse) {
    checks.fail("pack-source", faultOf(verifyCodes, "PACK_SOURCE_FOLDER"));
  } else {
    checks.skip("pack-source", `the pack came from a folder: nobody signed it${unheld}`);
  }
}
async function checkInputsLock(given) {
  const { checks, reader, ledger } = given;
  const bytes = await reader.document(INPUTS_LOCK_PATH);
  if (!bytes.ok) {
    checks.fail("inputs-lock", bytes.fault);
    return;
  }
  const read = readCanonicalJson(bytes.value, INPUTS_LOCK_PATH);
  const digest2 = digestOf(bytes.value, given.sha256);
  const problem = !read.ok ? "it is not canonical JSON" : digest2 === ledger.facts.created?.inputsLock ? lockProblem(given, read.value) : "the ledger names another one";
  if (problem !== void 0) {
    checks.fail("inputs-lock", faultOf(verifyCodes, "INPUTS_LOCK_MISMATCH", { problem }));
  }
  checks.pass("inputs-lock", `${counted(Object.keys(given.plan.inputs).length, "input")}, as in the plan`);
}
function lockProblem({ manifest, plan, sha256 }, lock) {
  if (!isJsonObject(lock) || lock["schema"] !== "packrun.inputs-lock/v1" || !isJsonObject(lock["inputs"])) {
    return "it is no packrun.inputs-lock/v1";
  }
  if (lock["planHash"] !== manifest.planHash || lock["tenantId"] !== manifest.tenantId) {
    return "it is for another plan or tenant";
  }
  const locked = lock["inputs"];
  const digests = new Map(inputDigests(plan, sha256).map(({ name: name2, digest: digest2 }) => [name2, digest2]));
  const names = [...digests.keys()].toSorted(compareUtf8);
  if (canonicalJson(Object.keys(locked).toSorted(compareUtf8)) !== canonicalJson(names)) {
    return "it has other inputs than the plan";
  }
  for (const name2 of names) {
    const input = plan.inputs[name2];
    const entry2 = locked[name2];
    if (input === void 0 || !isJsonObject(entry2) || entry2["type"] !== input.type) {
      return `input ${name2} is of another type`;
    }
    if (entry2["digest"] !== digests.get(name2)) {
      return `input ${name2} has another digest`;
    }
    if ("value" in input && !isSame(entry2["value"], input.value)) {
      return `input ${name2} has another value`;
    }
  }
  return void 0;
}
function isSame(locked, planned) {
  return locked !== void 0 && canonicalJson(locked) === canonicalJson(planned);
}

// src/run/egress-line.ts
var count5 = integer({ min: 0 });
var egressLineShape = object(
  {
    sequence: integer({ min: 1 }),
    /** When it began. */
    timestamp: timestamp(),
    stepId: string({ min: 1 }),
    attempt: integer({ min: 1 }),
    /** `unknown` for what named no host that could be read. */
    protocol: literal("tls", "http", "tcp", "unknown"),
    /** In its one spelling where it has one. */
    host: string(),
    port: count5,
    decision: literal("allowed", "denied"),
    bytesIn: count5,
    bytesOut: count5,
    durationMs: count5
  },
  {
    /** The vetted address that was dialled. */
    address: string(),
    /** A code; on every denied line, and on an allowed one that was cut off. */
    reason: string(),
    /** Of an HTTP request: method, path without its query, status of the answer. */
    method: string(),
    path: string(),
    status: count5,
    /** Only on the last line of an attempt with too many refused tries (host `*`, port 0): how many it stands for. */
    tries: integer({ min: 1 })
  }
);

// src/verify/plan-tree.ts
function planTree(plan) {
  const nodes = /* @__PURE__ */ new Map();
  const children = /* @__PURE__ */ new Map();
  for (const node of [...plan.steps, ...plan.finally]) {
    if (nodes.has(node.id)) {
      return `node ${node.id} is in it twice`;
    }
    const wrong = misplacementOf(node, nodes) ?? lawlessness(node, plan);
    if (wrong !== void 0) {
      return wrong;
    }
    nodes.set(node.id, node);
    const beside = children.get(node.parent ?? "");
    if (beside === void 0) {
      children.set(node.parent ?? "", [node]);
    } else {
      beside.push(node);
    }
  }
  const last = new Set(plan.finally.map((node) => node.id));
  const isBeside = (node, need) => nodes.get(need)?.parent === node.parent && last.has(need) === last.has(node.id) && need !== node.id;
  const stray = [...nodes.values()].find((node) => !node.needs.every((need) => isBeside(node, need)));
  if (stray !== void 0) {
    return `node ${stray.id} needs something that is not beside it`;
  }
  return { nodes, children, roots: rootsOf(plan.steps), last: rootsOf(plan.finally), perItem: perItemOf(nodes) };
}
function perItemOf(nodes) {
  const counts = /* @__PURE__ */ new Map();
  for (const id of nodes.keys()) {
    const cut = id.lastIndexOf("[*]::");
    const map = id.slice(0, Math.max(0, cut));
    counts.set(map, (counts.get(map) ?? 0) + 1);
  }
  return counts;
}
function rootsOf(nodes) {
  return nodes.filter((node) => node.parent === null);
}
function misplacementOf(node, before) {
  const cut = node.id.lastIndexOf("[*]::");
  const map = cut === -1 ? void 0 : node.id.slice(0, cut);
  let above = node.parent;
  while (above !== null) {
    const parent = before.get(above);
    if (parent?.kind === "map") {
      return above === map ? void 0 : `node ${node.id} is not named after its map`;
    }
    if (parent?.kind !== "parallel") {
      return `node ${node.id} has no container ${above}`;
    }
    above = parent.parent;
  }
  return map === void 0 ? void 0 : `node ${node.id} is not inside a map`;
}
function lawlessness(node, { approvals, policies }) {
  if (node.kind === "gate.approval" && !Object.hasOwn(approvals, node.approval)) {
    return `gate ${node.id} has no rule ${node.approval}`;
  }
  return node.kind === "gate.policy" && !Object.hasOwn(policies, node.policy) ? `gate ${node.id} has no policy ${node.policy}` : void 0;
}
function templateOf(instance) {
  return instance.replaceAll(/\[[0-9]+\]/g, "[*]");
}
function indicesOf(instance) {
  return [...instance.matchAll(/\[([0-9]+)\]/g)].map((match) => Number(match[1]));
}
function instanceOf(template, indices) {
  let at = 0;
  return template.replaceAll("[*]", () => {
    const index = indices[at] ?? 0;
    at += 1;
    return `[${index}]`;
  });
}

// src/verify/egress-log.ts
var EgressLog = class {
  #plan;
  #tree;
  #attempts = /* @__PURE__ */ new Map();
  constructor(plan, tree) {
    this.#plan = plan;
    this.#tree = tree;
  }
  get attempts() {
    return this.#attempts.values();
  }
  /** Undefined for an attempt that never began, and for one that has no network. */
  find(stepId2, attempt2) {
    return this.#attempts.get(`${stepId2} ${attempt2}`);
  }
  /** The run node of an instance. */
  nodeOf(stepId2) {
    const node = this.#tree.nodes.get(templateOf(stepId2));
    return node?.kind === "run" ? node : void 0;
  }
  take(event) {
    const { stepId: stepId2 = "", attempt: attempt2 = 0 } = event;
    if (event.eventType === "step.started") {
      const sandbox = this.nodeOf(stepId2)?.sandbox ?? this.#plan.sandbox;
      if (sandbox.egressAllowlist.length > 0) {
        this.#attemptOf(stepId2, attempt2);
      }
    } else if (event.eventType === "egress.denied") {
      const { denied } = this.#attemptOf(stepId2, attempt2);
      const key = deniedKey(event.metadata);
      denied.set(key, (denied.get(key) ?? 0) + 1);
    } else if (event.eventType === "step.succeeded" && event.metadata.reusedFrom === void 0) {
      const none = { requests: 0, bytesIn: 0, bytesOut: 0 };
      this.#end(stepId2, attempt2, event.metadata.egress ?? none);
    } else if (event.eventType === "step.failed") {
      this.#end(stepId2, attempt2, event.metadata.egress);
    }
  }
  #end(stepId2, attempt2, use) {
    const isNews = use !== void 0 && use.requests + use.bytesIn + use.bytesOut > 0;
    const found = isNews ? this.#attemptOf(stepId2, attempt2) : this.find(stepId2, attempt2);
    if (found !== void 0 && use !== void 0) {
      found.use = use;
    }
  }
  #attemptOf(stepId2, attempt2) {
    const found = this.find(stepId2, attempt2) ?? { stepId: stepId2, attempt: attempt2, denied: /* @__PURE__ */ new Map() };
    this.#attempts.set(`${stepId2} ${attempt2}`, found);
    return found;
  }
};
function deniedKey(tried) {
  return JSON.stringify([tried.host, tried.port, tried.reason]);
}

// src/pack/ip-address.ts
function parseIpv4(text9) {
  const parts = text9.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) {
    return void 0;
  }
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : void 0;
}
function canonicalIpv6(text9) {
  const groups = ipv6Groups(text9);
  if (groups === void 0) {
    return void 0;
  }
  const { start, length } = longestZeros(groups);
  const hex2 = groups.map((group) => group.toString(16));
  return length < 2 ? hex2.join(":") : `${hex2.slice(0, start).join(":")}::${hex2.slice(start + length).join(":")}`;
}
function ipv6Groups(text9) {
  const halves = text9.split("::");
  if (halves.length > 2) {
    return void 0;
  }
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = groupsOf(halves[1] ?? "", true);
  if (head === void 0 || tail === void 0) {
    return void 0;
  }
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) {
    return missing === 0 ? head : void 0;
  }
  return missing < 1 ? void 0 : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}
function groupsOf(text9, mayEndInIpv4) {
  if (text9 === "") {
    return [];
  }
  const groups = [];
  const parts = text9.split(":");
  for (const [at, part] of parts.entries()) {
    const octets = mayEndInIpv4 && at === parts.length - 1 ? parseIpv4(part) : void 0;
    if (octets !== void 0) {
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return void 0;
    }
  }
  return groups;
}
function longestZeros(groups) {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [at, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) {
      best = { start: at - run + 1, length: run };
    }
  }
  return best;
}

// src/pack/punycode.ts
var BASE = 36;
var LEAST = 1;
var MOST2 = 26;
var SKEW = 38;
var DAMP = 700;
var FIRST_BIAS = 72;
var FIRST_CODE = 128;
function isPunycode(text9) {
  const hyphen = text9.lastIndexOf("-");
  if (hyphen === 0 || hyphen === text9.length - 1) {
    return false;
  }
  let length = Math.max(hyphen, 0);
  let bias = FIRST_BIAS;
  let code2 = FIRST_CODE;
  let place = 0;
  for (let at = hyphen + 1; at < text9.length; ) {
    const delta = readDelta(text9, at, bias);
    if (delta === void 0) {
      return false;
    }
    bias = adapted(delta.value, length + 1, at === hyphen + 1);
    length += 1;
    place += delta.value;
    code2 += Math.floor(place / length);
    if (!isScalar(code2)) {
      return false;
    }
    place = place % length + 1;
    at = delta.end;
  }
  return true;
}
function readDelta(text9, start, bias) {
  let value = 0;
  let weight = 1;
  for (let at = start, k = BASE; at < text9.length; at += 1, k += BASE) {
    const digit = digitOf(text9.charCodeAt(at));
    if (digit === void 0) {
      return void 0;
    }
    const threshold = Math.min(Math.max(k - bias, LEAST), MOST2);
    value += digit * weight;
    if (digit < threshold) {
      return { value, end: at + 1 };
    }
    weight *= BASE - threshold;
  }
  return void 0;
}
function digitOf(code2) {
  if (code2 >= 97 && code2 <= 122) {
    return code2 - 97;
  }
  return code2 >= 48 && code2 <= 57 ? code2 - 22 : void 0;
}
function adapted(delta, length, isFirst) {
  let left = Math.floor(delta / (isFirst ? DAMP : 2));
  left += Math.floor(left / length);
  let steps = 0;
  while (left > (BASE - LEAST) * MOST2 / 2) {
    left = Math.floor(left / (BASE - LEAST));
    steps += BASE;
  }
  return steps + Math.floor((BASE - LEAST + 1) * left / (left + SKEW));
}
function isScalar(code2) {
  return code2 <= 1114111 && (code2 < 55296 || code2 > 57343);
}

// src/pack/egress-rule.ts
function canonicalHost(text9) {
  if (text9.includes(":")) {
    return canonicalIpv6(text9.startsWith("[") && text9.endsWith("]") ? text9.slice(1, -1) : text9);
  }
  if (parseIpv4(text9) !== void 0) {
    return text9;
  }
  const isWildcard = text9.startsWith("*.");
  const name2 = (isWildcard ? text9.slice(2) : text9).toLowerCase();
  const labels = name2.split(".");
  const isName = name2.length <= 253 && labels.every(isLabel);
  const looksLikeAddress = /^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  return isName && !looksLikeAddress ? isWildcard ? `*.${name2}` : name2 : void 0;
}
function isLabel(label) {
  const isPlain2 = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label);
  return isPlain2 && (!label.startsWith("xn--") || isPunycode(label.slice("xn--".length)));
}

// src/run/egress-match.ts
function egressMatcher(rules) {
  const byName = /* @__PURE__ */ new Map();
  for (const rule of rules) {
    const name2 = `${rule.host}:${rule.port}`;
    if (!byName.has(name2)) {
      byName.set(name2, rule);
    }
  }
  return (host, port) => {
    if (host.startsWith("*") || canonicalHost(host) !== host) {
      return void 0;
    }
    const own = byName.get(`${host}:${port}`);
    if (own !== void 0 || isAddress(host)) {
      return own;
    }
    for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const rule = byName.get(`*${host.slice(dot)}:${port}`);
      if (rule !== void 0) {
        return rule;
      }
    }
    return void 0;
  };
}
function isAddress(host) {
  return host.includes(":") || /(?:^|\.)[0-9]+$/.test(host);
}

// src/verify/shown.ts
function shown2(name2) {
  const plain = /^[\u0020-\u007e]{1,200}$/.test(name2);
  return plain ? name2 : JSON.stringify(name2.slice(0, 200)).replaceAll(/[^\u0020-\u007e]/g, escaped);
}
function escaped(letter2) {
  return `\\u${letter2.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

// src/verify/egress-tally.ts
var EgressTally = class {
  #plan;
  #run = counted2();
  /** By instance. */
  #steps = /* @__PURE__ */ new Map();
  #matchers = /* @__PURE__ */ new Map();
  constructor(plan) {
    this.#plan = plan;
  }
  get run() {
    return this.#run.whole;
  }
  /** The rule of a step's sandbox that decides about this line. */
  ruleFor({ sandbox = this.#plan.sandbox }, { host, port }) {
    return this.#matcherOf(sandbox)(plainHost(host), port);
  }
  add(node, line) {
    this.#count(this.#plan.sandbox, this.#run, line);
    const { sandbox } = node;
    if (sandbox !== void 0) {
      const step = this.#steps.get(line.stepId) ?? { sandbox, counted: counted2() };
      this.#steps.set(line.stepId, step);
      this.#count(sandbox, step.counted, line);
    }
  }
  *excesses() {
    yield* excessesOf(this.#plan.sandbox, this.#run, "the run");
    for (const [stepId2, { sandbox, counted: counted3 }] of this.#steps) {
      yield* excessesOf(sandbox, counted3, shown2(stepId2));
    }
  }
  #count(sandbox, { whole: whole2, byRule }, line) {
    addLine(whole2, line);
    const rule = this.#matcherOf(sandbox)(plainHost(line.host), line.port);
    if (rule !== void 0 && (rule.maxBytes !== void 0 || rule.maxRequests !== void 0)) {
      const amount = byRule.get(rule) ?? { requests: 0, bytes: 0 };
      byRule.set(rule, amount);
      addLine(amount, line);
    }
  }
  #matcherOf(sandbox) {
    const matcher = this.#matchers.get(sandbox) ?? egressMatcher(sandbox.egressAllowlist);
    this.#matchers.set(sandbox, matcher);
    return matcher;
  }
};
function plainHost(host) {
  return host.replaceAll(/\[redacted:[^\]]*\]/g, "x");
}
function counted2() {
  return { whole: { requests: 0, bytes: 0 }, byRule: /* @__PURE__ */ new Map() };
}
function addLine(amount, { decision, bytesIn, bytesOut }) {
  amount.requests += decision === "allowed" ? 1 : 0;
  amount.bytes += bytesIn + bytesOut;
}
function* excessesOf({ egressQuota }, { whole: whole2, byRule }, what) {
  yield* over(what, whole2, egressQuota?.requests ?? 0, egressQuota?.bytes ?? 0);
  for (const [{ host, port, maxRequests, maxBytes }, amount] of byRule) {
    yield* over(`${what}, under the rule for ${shown2(host)}:${port},`, amount, maxRequests, maxBytes);
  }
}
function* over(what, found, requests, bytes) {
  if (requests !== void 0 && found.requests > requests) {
    yield { what, unit: "requests", found: found.requests, limit: requests };
  }
  if (bytes !== void 0 && found.bytes > bytes) {
    yield { what, unit: "bytes", found: found.bytes, limit: bytes };
  }
}

// src/verify/line-splitter.ts
var NEWLINE = 10;
function lineSplitter(limit, onLine) {
  let held2 = [];
  let length = 0;
  let overflow = false;
  const close = (end) => {
    const line = held2.length === 0 ? end : concatBytes(...held2, end);
    held2 = [];
    length = 0;
    onLine(line);
  };
  return {
    push: (chunk) => {
      let from = 0;
      while (!overflow) {
        const at = chunk.indexOf(NEWLINE, from);
        const end = at === -1 ? chunk.length : at;
        if (length + end - from > limit) {
          overflow = true;
          held2 = [];
        } else if (at === -1) {
          if (from < end) {
            held2.push(chunk.slice(from));
            length += end - from;
          }
          return;
        } else {
          close(chunk.subarray(from, at));
          from = at + 1;
        }
      }
    },
    rest: () => length,
    overflowed: () => overflow
  };
}

// src/verify/check-egress.ts
var LINE_LIMIT = 1024 * 1024;
async function checkEgress(given) {
  const { checks, reader, plan, ledger } = given;
  const record2 = new EgressRecord(given);
  const isThere = reader.has(EGRESS_PATH);
  if (isThere) {
    const splitter = lineSplitter(LINE_LIMIT, (line) => record2.take(line));
    const streamed = await reader.stream(EGRESS_PATH, splitter.push);
    if (!streamed.ok) {
      checks.fail("egress", streamed.fault);
      return;
    }
    record2.end(splitter.overflowed() ? "it has no end" : splitter.rest() > 0 ? "it is cut off" : void 0);
  }
  const { denied, tally } = record2;
  for (const { what, unit, found, limit } of tally.excesses()) {
    checks.fail("egress", faultOf(verifyCodes, "EGRESS_OVER_QUOTA", { what, unit, found, limit }));
  }
  for (const attempt2 of ledger.egress.attempts) {
    const problem = problemOf(attempt2, record2.seen.get(attempt2));
    if (problem !== void 0) {
      const data = { stepId: shown2(attempt2.stepId), attempt: attempt2.attempt, problem };
      checks.fail("egress", faultOf(verifyCodes, "EGRESS_USE_MISMATCH", data));
    }
  }
  const mayReach = [plan, ...plan.steps, ...plan.finally].some(
    (each) => "sandbox" in each && (each.sandbox?.egressAllowlist.length ?? 0) > 0
  );
  const { requests, bytes } = tally.run;
  checks.pass(
    "egress",
    isThere ? `${counted(requests, "request")} let through, ${denied} refused, ${bytes} bytes, as plan and ledger say` : mayReach ? "no step tried to reach the network" : "the plan lets no step reach the network"
  );
}
var EgressRecord = class {
  tally;
  seen = /* @__PURE__ */ new Map();
  lines = 0;
  denied = 0;
  #given;
  #broken = false;
  constructor(given) {
    this.#given = given;
    this.tally = new EgressTally(given.plan);
  }
  /** Lines behind one that is none of the record are not read: nothing they say would be sure. */
  take(bytes) {
    if (this.#broken) {
      return;
    }
    this.lines += 1;
    const line = readLine(bytes, this.lines);
    const wrong = line.ok ? this.#add(line.value) : line.fault;
    if (wrong !== void 0) {
      this.#given.checks.fail("egress", wrong);
    }
    this.#broken = !line.ok;
  }
  end(problem) {
    const empty2 = this.lines === 0 && problem === void 0 ? "there is none" : problem;
    if (empty2 !== void 0 && !this.#broken) {
      const data = { line: this.lines + 1, problem: empty2 };
      this.#given.checks.fail("egress", faultOf(verifyCodes, "EGRESS_LINE_FORM", data));
    }
  }
  #add(line) {
    const { stepId: stepId2, attempt: attempt2, host, port, protocol, decision } = line;
    const { egress: egress2 } = this.#given.ledger;
    const unplanned = (problem) => faultOf(verifyCodes, "EGRESS_LINE_UNPLANNED", { line: line.sequence, problem });
    const node = egress2.nodeOf(stepId2);
    const found = egress2.find(stepId2, attempt2);
    if (node === void 0 || found === void 0) {
      return unplanned(`attempt ${attempt2} of ${shown2(stepId2)} did not run, or has no network`);
    }
    this.#count(line, found);
    this.tally.add(node, line);
    if (decision === "allowed") {
      const rule = this.tally.ruleFor(node, line);
      if (rule?.protocol !== protocol) {
        return unplanned(`no rule of ${shown2(stepId2)} allows ${shown2(host)}:${port} over ${protocol}`);
      }
    } else if (line.reason === void 0) {
      return unplanned("nothing says why it was refused");
    }
    return void 0;
  }
  #count(line, found) {
    const seen = this.seen.get(found) ?? { requests: 0, bytesIn: 0, bytesOut: 0, denied: /* @__PURE__ */ new Map() };
    this.seen.set(found, seen);
    seen.bytesIn += line.bytesIn;
    seen.bytesOut += line.bytesOut;
    if (line.decision === "allowed") {
      seen.requests += 1;
      return;
    }
    this.denied += line.tries ?? 1;
    const key = deniedKey(line);
    if (found.denied.has(key)) {
      seen.denied.set(key, (seen.denied.get(key) ?? 0) + 1);
    }
  }
};
function readLine(bytes, number2) {
  const bad2 = (problem) => fail(faultOf(verifyCodes, "EGRESS_LINE_FORM", { line: number2, problem }));
  const read = readCanonicalJson(bytes, EGRESS_PATH);
  if (!read.ok) {
    return bad2("it is not canonical JSON");
  }
  const [misfit2] = misfitsOf(egressLineShape, read.value);
  if (misfit2 !== void 0) {
    return bad2(describeMisfit(misfit2));
  }
  const line = read.value;
  return line.sequence === number2 ? ok(line) : bad2(`it has the number ${line.sequence}`);
}
function problemOf({ use, denied }, seen) {
  for (const member of ["requests", "bytesIn", "bytesOut"]) {
    const found = seen?.[member] ?? 0;
    if (use !== void 0 && use[member] !== found) {
      return `the ledger says ${member} ${use[member]}, its lines say ${found}`;
    }
  }
  for (const [key, count6] of denied) {
    if ((seen?.denied.get(key) ?? 0) < count6) {
      return "the ledger shows a refused try that has no line";
    }
  }
  return void 0;
}

// src/attest/approval.ts
var bindings = {
  runId: runIdShape,
  gateId: string({ min: 1 }),
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  nonce: nonceShape
};
var approvalRequestShape = object(bindings);
var approvalRequestPredicate = {
  type: `${PREDICATE_BASE}approval-request/v1`,
  shape: approvalRequestShape,
  maxSubjects: 1
};
var approvalShape = object({
  ...bindings,
  decision: literal("approve", "reject"),
  approver: string({ min: 1 }),
  reason: string({ max: 4096 }),
  issuedAt: timestamp(),
  notAfter: timestamp()
});
var approvalPredicate = {
  type: `${PREDICATE_BASE}approval/v1`,
  shape: approvalShape,
  maxSubjects: 1
};

// src/trust/approval-codes.ts
var approvalCodes = codeTable({
  APPROVAL_SIGNATURE: {
    severity: "error",
    exitCode: 5,
    message: "the response is not validly signed: {problem}",
    hint: "{problem} ({code}); sign the request again with a key of the trust root",
    explanation: {
      cause: "The response has no signature, a broken one, or one of a key that the trust root does not know.",
      example: "a response that was edited after signing",
      fix: "Sign again: `packrun approve RUN GATE --key KEY --reason TEXT`."
    }
  },
  APPROVAL_STATEMENT: {
    severity: "error",
    exitCode: 5,
    message: "the response is signed but is no approval: {problem}",
    hint: "{problem} ({code}); sign with `packrun approve` or `packrun reject`",
    explanation: {
      cause: "The signed payload is not a canonical approval/v1 statement.",
      example: "the sidecar of a run request sent as an approval",
      fix: "Decide with `packrun approve` or `packrun reject`, which write and sign the statement."
    }
  },
  APPROVAL_WRONG_RUN: {
    severity: "error",
    exitCode: 5,
    message: "the response decides another run than {runId}",
    hint: "sign the request of run {runId}",
    explanation: {
      cause: "A decision counts for one run only.",
      example: "the response of yesterday's run sent again",
      fix: "Sign the request of this run: `packrun approve RUN GATE` reads it there."
    }
  },
  APPROVAL_WRONG_GATE: {
    severity: "error",
    exitCode: 5,
    message: "the response decides another gate than {gateId}",
    hint: "sign the request of gate {gateId}",
    explanation: {
      cause: "A decision counts for one gate only.",
      example: "the approval of the first gate used for the second",
      fix: "Sign the request of this gate: `packrun approve RUN GATE` reads it there."
    }
  },
  APPROVAL_WRONG_TENANT: {
    severity: "error",
    exitCode: 5,
    message: "the response is for another tenant than {tenantId}",
    hint: "sign the request of tenant {tenantId}",
    explanation: {
      cause: "A decision counts for one tenant only.",
      example: "a response carried over from another tenant",
      fix: "Decide in the tenant in question, with `--tenant`."
    }
  },
  APPROVAL_WRONG_DOMAIN: {
    severity: "error",
    exitCode: 5,
    message: "the response or the trust root is for another trust domain than {trustDomain}",
    hint: "use request, key and trust root of trust domain {trustDomain}",
    explanation: {
      cause: "Nothing signed in one trust domain counts in another.",
      example: "a staging approval sent to production",
      fix: "Sign the request of this trust domain with a key of its trust root."
    }
  },
  APPROVAL_WRONG_NONCE: {
    severity: "error",
    exitCode: 5,
    message: "the response answers another request of this gate",
    hint: "sign the request with nonce {nonce}",
    explanation: {
      cause: "Every request has a fresh nonce; only answers to the open request count.",
      example: "a response made for an earlier export of the request",
      fix: "Sign the request that is open now: `packrun approve RUN GATE` reads it there."
    }
  },
  APPROVAL_WRONG_PLAN: {
    severity: "error",
    exitCode: 5,
    message: "the response approves another plan than {planHash}",
    hint: "review and sign the plan with hash {planHash}",
    explanation: {
      cause: "The run's stored copies, compiled again just then, gave another plan than the one that is asked about, or none; or an approval in a bundle signs another plan than that of its run.",
      example: "the copy of the pack in the store was changed while a gate was open",
      fix: "Look at the run's plan, and sign that with `packrun approve RUN GATE`."
    }
  },
  APPROVAL_APPROVER: {
    severity: "error",
    exitCode: 5,
    message: "the response names {approver} as approver, but {principal} signed it",
    hint: "name the principal of the signing key: {principal}",
    explanation: {
      cause: "The name in an approval must be that of the key's principal in the trust root.",
      example: "--approver bob, signed with the key of alice",
      fix: "Write the statement with the right approver and sign again."
    }
  },
  APPROVAL_ROLE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} holds none of the roles that may decide this gate: {roles}",
    hint: "let a holder of one of these roles decide: {roles}",
    explanation: {
      cause: "The pack's rule says which roles approve; the trust root says who holds them.",
      example: "a developer signed where approver is asked for",
      fix: "Ask an approver, or give the role: `packrun trust add KEY.pub --principal NAME --role ROLE`."
    }
  },
  APPROVAL_KEY_WINDOW: {
    severity: "error",
    exitCode: 5,
    message: "the key of {principal} is valid from {validFrom} until {validUntil}, not when the decision is recorded",
    hint: "sign with a key that is valid now",
    explanation: {
      cause: "A decision counts by the time at which it is recorded; the key must be in its window then.",
      example: "an approval signed with a key that was retired yesterday",
      fix: "Use the new key, or let the trust root extend the window."
    }
  },
  APPROVAL_SCOPE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} holds role {role}, but its {bound} do not cover this gate",
    hint: "let someone decide whose role covers it, or widen {bound} of the role in the trust root",
    explanation: {
      cause: "A role can be bounded to packs, tenants and gates.",
      example: "an approver for acme/* signed for other/tool",
      fix: "Ask another approver, or change the bounds of the role."
    }
  },
  APPROVAL_LATE: {
    severity: "error",
    exitCode: 5,
    message: "the response came at {now}; it was good until {notAfter}",
    hint: "start the run again: a decision counts only before {notAfter}",
    explanation: {
      cause: "Decisions count by the time they are recorded, not by the time they were signed.",
      example: "a response that crossed the gap a day after the gate's ttl",
      fix: "Start a new run and answer in time, or raise `ttl` of the rule in the pack."
    }
  },
  APPROVAL_ALREADY_DECIDED: {
    severity: "error",
    exitCode: 5,
    message: "{principal} has decided this gate already",
    hint: "another principal must decide; one person counts once",
    explanation: {
      cause: "Each principal decides once, whichever of their keys signs. Of two answers in the same moment the second is APPROVAL_DUPLICATE.",
      example: "the same approver signed with a second key",
      fix: "Ask another approver."
    }
  },
  APPROVAL_SELF: {
    severity: "error",
    exitCode: 5,
    message: "{principal} asked for this run and may not decide on it",
    hint: "another principal must decide: the rule separates duties",
    explanation: {
      cause: "With separationOfDuties whoever requested the run may not approve it.",
      example: "the developer key signs both the run request and the approval",
      fix: "Let someone else approve, with a key of their own: `packrun keys generate alice`, then `packrun trust add alice.pub --principal alice --role approver`."
    }
  },
  APPROVAL_REASON_MISSING: {
    severity: "error",
    exitCode: 5,
    message: "the decision gives no reason, and the rule asks for one",
    hint: "sign again with --reason TEXT",
    explanation: {
      cause: "The pack's rule has reasonRequired, and the signed reason is empty.",
      example: "packrun approve RUN GATE --key alice.key   # the rule has reasonRequired: true",
      fix: 'Give the reason when signing: --reason "change 4711, tested in staging".'
    }
  },
  APPROVAL_ROOT_EXPIRED: {
    severity: "error",
    exitCode: 5,
    message: "the trust root expired at {expires}; no decision is taken under it",
    hint: "get the next version of the trust root from its owner",
    explanation: {
      cause: "Nobody's right to approve is known once the trust root has expired.",
      example: "a trust root that nobody renewed",
      fix: "Make a next version, which holds as long as this one did: `packrun trust policy --root-threshold N` with the N that it has, then `packrun trust sign --key root.key` by that many root keys."
    }
  },
  APPROVAL_REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 5,
    message: "trust domain {trustDomain} takes no decision without a revocation list that can be relied on",
    hint: "put the newest revocation list of {trustDomain} beside the trust root, or name it with `revocations`",
    explanation: {
      cause: "The trust root requires revocations and there is no list, or the one that is there does not hold.",
      example: "policy.revocation.required on a site without revocations.json, or a list that was not renewed in time",
      fix: "Configure the site's revocation list; `packrun trust check` says what is wrong with it."
    }
  },
  APPROVAL_REVOKED: {
    severity: "error",
    exitCode: 5,
    message: "the decision does not count: {problem}",
    hint: "{problem} ({code})",
    explanation: {
      cause: "The run, its plan, its pack, the key that signed, or the very decision stands in the revocation list.",
      example: "packrun approve RUN GATE --key alice.key --reason checked   # the key was revoked: a laptop was stolen",
      fix: "Decide with another key. A revoked run, plan or pack takes no decision at all: cancel the run."
    }
  },
  REQUESTER_UNKNOWN: {
    severity: "error",
    exitCode: 5,
    message: "the run was requested by {requester}, whom trust domain {trustDomain} does not know",
    hint: "request the run with a key or token of a principal of the trust root",
    explanation: {
      cause: "Who may not approve cannot be told when nobody knows who asked; such a run takes no approvals.",
      example: "a run requested with a development key, its approvals judged by the production trust root",
      fix: "Add the requester to the trust root, or run again with a key that it knows: `packrun run PACK --as KEY`."
    }
  }
});

// src/trust/approval-mismatch.ts
var BINDINGS = [
  ["runId", "APPROVAL_WRONG_RUN"],
  ["gateId", "APPROVAL_WRONG_GATE"],
  ["tenantId", "APPROVAL_WRONG_TENANT"],
  ["trustDomain", "APPROVAL_WRONG_DOMAIN"],
  ["nonce", "APPROVAL_WRONG_NONCE"],
  ["planHash", "APPROVAL_WRONG_PLAN"]
];
function approvalMismatch(claim, request) {
  return BINDINGS.find(([member]) => claim[member] !== request[member])?.[1];
}

// src/attest/approval-request.ts
var text5 = string({ min: 1 });
var approvalRequestFileShape = object(
  {
    schema: literal("packrun.approval-request/v1"),
    runId: runIdShape,
    gateId: text5,
    tenantId: tenantIdShape,
    trustDomain: trustDomainShape,
    planHash: digest(),
    approval: text5,
    requestedBy: text5,
    requestedAt: timestamp(),
    notAfter: timestamp(),
    nonce: nonceShape,
    pack: object({ name: text5, version: text5, digest: digest() }),
    inputs: array(object({ name: text5, digest: digest() }))
  },
  { message: string() }
);
function readApprovalRequest(bytes) {
  const read = readCanonicalJson(bytes, "request.json");
  if (!read.ok) {
    return refuse6(read.fault.message);
  }
  const [misfit2] = misfitsOf(approvalRequestFileShape, read.value);
  return misfit2 === void 0 ? ok(read.value) : refuse6(describeMisfit(misfit2));
}
function refuse6(problem) {
  return fail(faultOf(attestCodes, "REQUEST_FILE", { problem }));
}

// src/attest/run-request.ts
var authnShape = tagged("kind", {
  key: object({ kind: literal("key") }),
  token: object({ kind: literal("token"), issuer: string({ min: 1 }), subject: string({ min: 1 }) })
});
var runRequestShape = object({
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  requestedBy: string({ min: 1 }),
  authn: authnShape,
  requestedAt: timestamp(),
  nonce: nonceShape
});
var runRequestPredicate = {
  type: `${PREDICATE_BASE}run-request/v1`,
  shape: runRequestShape,
  maxSubjects: 1
};

// src/verify/check-requests.ts
async function checkRunRequest(given) {
  const { checks, reader, trustRoot, manifest } = given;
  if (!reader.has(RUN_REQUEST_PATH)) {
    if (given.requireDsse) {
      checks.fail("run-request", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: RUN_REQUEST_PATH }));
    }
    checks.skip("run-request", "unsigned: nobody is on record as having asked for this run");
    return;
  }
  if (trustRoot === void 0) {
    checks.skip("run-request", "no trust root to check it with");
    return;
  }
  const sidecar = await reader.document(RUN_REQUEST_PATH);
  if (!sidecar.ok) {
    checks.fail("run-request", sidecar.fault);
    return;
  }
  const signed = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: manifest.planHash,
    predicate: runRequestPredicate,
    roles: ["requester", "run-attestor"],
    scope: { tenant: manifest.tenantId, pack: given.plan.pack.name },
    trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256
  });
  if (signed.status === "fail") {
    checks.fail("run-request", { code: signed.code, message: signed.why });
    return;
  }
  const wrong = runRequestProblem(given, trustRoot, signed);
  if (wrong !== void 0) {
    checks.fail("run-request", faultOf(verifyCodes, "RUN_REQUEST_MISMATCH", { problem: wrong }));
  } else if (signed.status === "stale") {
    checks.stale("run-request", { code: signed.code, message: signed.why });
  }
  checks.pass("run-request", `requested by ${signed.statement.predicate.requestedBy}`);
}
function runRequestProblem({ manifest, ledger }, trustRoot, signed) {
  const { predicate } = signed.statement;
  const { authn, requestedBy } = predicate;
  const created = ledger.facts.created;
  const { tokens = [] } = trustRoot.document;
  const bearer = authn.kind === "token" ? tokens.find(({ iss, sub }) => iss === authn.issuer && sub === authn.subject)?.principal : signed.principal;
  const fitting = [
    [predicate.runId === manifest.runId, "it is for another run"],
    [predicate.tenantId === manifest.tenantId, "it is for another tenant"],
    [predicate.trustDomain === manifest.trustDomain, "it is for another trust domain"],
    [predicate.planHash === manifest.planHash, "it is for another plan"],
    [created?.requestDigest === signed.payloadDigest, "it is not the request that the ledger names"],
    [created?.requestedBy === requestedBy, "the ledger names another requester"],
    [signed.role === "requester" === (authn.kind === "key"), `a ${authn.kind} request is not signed so`],
    [bearer === requestedBy, "the requester is not who signed, nor whom the token stands for"]
  ];
  return fitting.find(([fits2]) => !fits2)?.[1];
}
async function readGateRequest(given, gateId, node, opened) {
  const { checks, reader, requireDsse } = given;
  const path = gateRequestPath(gateId, given.sha256);
  const mismatch2 = (problem) => fail(faultOf(verifyCodes, "APPROVAL_REQUEST_MISMATCH", { gate: gateId, problem }));
  const bytes = await reader.document(path);
  const request = bytes.ok ? readApprovalRequest(bytes.value) : bytes;
  if (!bytes.ok || !request.ok) {
    return request;
  }
  const digest2 = digestOf(bytes.value, given.sha256);
  const wrong = digest2 === opened.requestDigest ? requestProblem(given, gateId, node, opened, request.value) : "the ledger names another request";
  if (wrong !== void 0) {
    return mismatch2(wrong);
  }
  if (!reader.has(path + SIDECAR)) {
    if (requireDsse) {
      return fail(faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: path + SIDECAR }));
    }
    checks.skip("approval-requests", "unsigned");
    return request;
  }
  const sidecar = await reader.document(path + SIDECAR);
  if (!sidecar.ok || given.trustRoot === void 0) {
    return sidecar.ok ? request : sidecar;
  }
  const signed = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: digest2,
    predicate: approvalRequestPredicate,
    roles: ["run-attestor"],
    scope: { tenant: given.manifest.tenantId, gate: gateId, pack: given.plan.pack.name },
    trustRoot: given.trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: `gate ${gateId}: ${signed.why}` });
  }
  if (signed.status === "stale") {
    checks.stale("approval-requests", { code: signed.code, message: `gate ${gateId}: ${signed.why}` });
  }
  const claim = signed.statement.predicate;
  const members = ["runId", "gateId", "tenantId", "trustDomain", "planHash", "nonce"];
  const differing = members.find((member) => claim[member] !== request.value[member]);
  return differing === void 0 ? request : mismatch2(`its signature speaks of another ${differing}`);
}
function requestProblem({ manifest, plan, ledger, sha256 }, gateId, node, opened, request) {
  const rule = plan.approvals[node.approval];
  const until = (millisecondsOf(request.requestedAt) ?? 0) + (rule?.ttlMs ?? 0);
  const fitting = [
    [request.runId === manifest.runId, "it is for another run"],
    [request.gateId === gateId, "it is for another gate"],
    [request.tenantId === manifest.tenantId, "it is for another tenant"],
    [request.trustDomain === manifest.trustDomain, "it is for another trust domain"],
    [request.planHash === manifest.planHash, "it is for another plan"],
    [request.approval === node.approval, "it names another rule"],
    [request.requestedBy === ledger.facts.created?.requestedBy, "it names another requester"],
    [canonicalJson(request.pack) === canonicalJson(plan.pack), "it names another pack"],
    [canonicalJson(request.inputs) === canonicalJson(inputDigests(plan, sha256)), "it names other inputs"],
    [request.notAfter === opened.notAfter, "it ends at another time than the ledger says"],
    [millisecondsOf(request.notAfter) === until, "it is open for another time than the plan says"],
    [typeof node.message !== "string" || request.message === node.message, "it shows another message"],
    [node.message !== void 0 || request.message === void 0, "it shows a message that the plan does not have"]
  ];
  return fitting.find(([fits2]) => !fits2)?.[1];
}

// src/verify/check-gates.ts
async function checkGates(given) {
  const { checks, ledger, tree, plan, trustRoot } = given;
  const judged = [];
  let requests = 0;
  for (const [id, gate] of [...ledger.gates.gates].toSorted(([a], [b]) => compareUtf8(a, b))) {
    const node = tree.nodes.get(templateOf(id));
    if (node?.kind !== "gate.approval" || gate.opened === void 0) {
      continue;
    }
    const rule = ruleOf(plan, node);
    const request = await readGateRequest(given, id, node, gate.opened);
    if (!request.ok) {
      checks.fail("approval-requests", request.fault);
      continue;
    }
    requests += 1;
    if (trustRoot === void 0) {
      checks.skip("approvals", "no trust root to check them with");
      continue;
    }
    judged.push(await checkGate(given, { id, node, rule, gate, request: request.value }));
  }
  checks.pass("approval-requests", `${counted(requests, "request")}, each true to run and plan`);
  checks.pass("approvals", judged.length === 0 ? "no gate asked for approvals" : judged.join("; "));
}
function ruleOf({ approvals }, { id, approval }) {
  const rule = Object.hasOwn(approvals, approval) ? approvals[approval] : void 0;
  if (rule === void 0) {
    throw new Error(`gate ${id} has no rule`);
  }
  return rule;
}
async function checkGate(given, gateCase) {
  const { checks } = given;
  const { id, gate, rule } = gateCase;
  const decided = /* @__PURE__ */ new Set();
  const principals = /* @__PURE__ */ new Set();
  const keys = /* @__PURE__ */ new Set();
  let rejected = false;
  let until = gateCase.request.notAfter;
  for (const decision of gate.decisions) {
    const judged = await judge(given, gateCase, decision, decided);
    if (!judged.ok) {
      const { code: code2, message } = judged.fault;
      checks.fail("approvals", { code: code2, message: `gate ${id}, decision ${decision.number}: ${message}` });
      continue;
    }
    if (decision.void !== void 0) {
      continue;
    }
    decided.add(judged.value.principal);
    rejected ||= decision.decision === "reject";
    if (decision.decision === "approve") {
      principals.add(judged.value.principal);
      keys.add(judged.value.keyid);
      until = earlier(until, judged.value.statement.predicate.notAfter);
    }
  }
  const have = Math.min(principals.size, keys.size);
  const problem = endProblem(gateCase, { have, rejected, until });
  if (problem !== void 0) {
    checks.fail("approvals", problem);
  }
  const names = [...principals].toSorted(compareUtf8).join(", ");
  const end = gate.end === void 0 ? "not ended" : gate.end.type.slice("gate.".length);
  return `${id} ${end}: ${have} of ${rule.required}${names === "" ? "" : ` (${names})`}`;
}
function endProblem({ id, gate, rule }, { have, rejected, until }) {
  const unfounded = (problem) => faultOf(verifyCodes, "GATE_END_UNFOUNDED", { gate: id, problem });
  switch (gate.end?.type) {
    case void 0:
      return void 0;
    case "gate.passed":
      if (rejected) {
        return unfounded("it passed although it was rejected");
      }
      if (have < rule.required) {
        return faultOf(verifyCodes, "QUORUM_MISSING", { gate: id, have, need: rule.required });
      }
      return gate.end.at < until ? void 0 : unfounded(`it passed at ${gate.end.at}, its approvals held until ${until}`);
    case "gate.rejected":
      return rejected ? void 0 : unfounded("it was rejected, but nobody rejected it");
    case "gate.expired":
      return gate.opened !== void 0 && gate.end.at >= gate.opened.notAfter ? void 0 : unfounded("it expired before its time");
  }
}
function earlier(one, other) {
  return one < other ? one : other;
}
async function judge(given, gateCase, decision, decided) {
  const { trustRoot, manifest, reader, checks } = given;
  const { id, rule, request } = gateCase;
  const path = gateResponsePath(id, decision.number, given.sha256);
  const response = await reader.document(path);
  if (!response.ok) {
    return response;
  }
  if (trustRoot === void 0) {
    return fail(faultOf(verifyCodes, "VERIFY_TRUST_MISSING"));
  }
  const signed = await checkSigned({
    sidecar: response.value,
    profile: "interop",
    file: manifest.planHash,
    predicate: approvalPredicate,
    roles: rule.from,
    scope: { tenant: manifest.tenantId, gate: id, pack: given.plan.pack.name },
    trustRoot,
    revocations: decision.void === void 0 ? given.revocations : void 0,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: signed.why });
  }
  const { predicate } = signed.statement;
  const differing = approvalMismatch(predicate, request);
  if (differing !== void 0) {
    return fail(faultOf(approvalCodes, differing, { ...request, pack: "", inputs: "" }));
  }
  const wrong = recordProblem(decision, signed) ?? ruleProblem(given, gateCase, decision, signed, decided);
  const window = signed.status === "stale" ? { code: signed.code, message: signed.why } : lapsed(trustRoot, decision, signed);
  if (wrong === void 0 && window !== void 0 && decision.void === void 0) {
    checks.stale("approvals", { ...window, message: `gate ${id}: ${window.message}` });
  }
  return wrong === void 0 ? ok(signed) : fail(wrong);
}
function lapsed(root, { at }, { keyid: keyid3 }) {
  const key = root.keys.get(keyid3);
  const held2 = key === void 0 || !isTimestamp(at) ? void 0 : checkKeyWindow(key, at);
  return held2 === void 0 || held2.ok ? void 0 : held2.fault;
}
function recordProblem(decision, signed) {
  const { predicate } = signed.statement;
  const fitting = [
    [decision.payloadDigest === signed.payloadDigest, "the ledger names another response"],
    [decision.decision === predicate.decision, "the ledger tells the decision in another way"],
    [decision.principal === signed.principal, "the ledger names another person"]
  ];
  const wrong = fitting.find(([fits2]) => !fits2);
  return wrong === void 0 ? void 0 : faultOf(verifyCodes, "DECISION_MISMATCH", { problem: wrong[1] });
}
function ruleProblem({ trustRoot, ledger }, { rule, request }, decision, { statement, principal: principal2, keyid: keyid3 }, decided) {
  const { approver, reason: reason2, notAfter } = statement.predicate;
  const requester = ledger.facts.created?.requestedBy ?? "";
  const until = earlier(notAfter, request.notAfter);
  const counts = decision.void === void 0;
  if (trustRoot !== void 0 && !isPrincipal(trustRoot, requester)) {
    const { trustDomain } = trustRoot.document;
    return faultOf(approvalCodes, "REQUESTER_UNKNOWN", { requester, trustDomain });
  }
  const key = trustRoot?.keys.get(keyid3);
  if (counts && key !== void 0 && decision.at < key.validFrom) {
    const { validFrom, validUntil } = key;
    return faultOf(approvalCodes, "APPROVAL_KEY_WINDOW", { principal: principal2, validFrom, validUntil });
  }
  if (approver !== principal2) {
    return faultOf(approvalCodes, "APPROVAL_APPROVER", { approver, principal: principal2 });
  }
  if (counts && decision.at >= until) {
    return faultOf(approvalCodes, "APPROVAL_LATE", { now: decision.at, notAfter: until });
  }
  if (decided.has(principal2)) {
    return faultOf(approvalCodes, "APPROVAL_ALREADY_DECIDED", { principal: principal2 });
  }
  if (rule.separationOfDuties && principal2 === requester) {
    return faultOf(approvalCodes, "APPROVAL_SELF", { principal: principal2 });
  }
  return rule.reasonRequired && reason2.trim() === "" ? faultOf(approvalCodes, "APPROVAL_REASON_MISSING") : void 0;
}

// src/run/codes.ts
var runCodes = codeTable({
  STEP_EXIT: {
    severity: "error",
    exitCode: 1,
    message: "step {stepId} ended with exit code {exitCode}",
    hint: "read its output with `packrun runs logs RUN --step STEP`",
    explanation: {
      cause: "The command or script of a step ended with an exit code other than 0, in its last attempt.",
      example: 'run: {command: ["false"]}',
      fix: "Read the step's output, correct what it reports, and run again; `packrun run PACK --from RUN` takes over what succeeded."
    }
  },
  STEP_LOST: {
    severity: "error",
    exitCode: 1,
    message: "step {stepId} was cut off with its runner and may not be repeated",
    hint: "check what it had done; mark the step `idempotent: true` or give it `retry` if it may run again",
    explanation: {
      cause: "The process that ran the step died or lost its lease, and the step has no attempts left.",
      example: "the machine lost power during a step with `retry: {maxAttempts: 1}`",
      fix: "Find out how far the step came. If repeating it is harmless, say `idempotent: true` in the pack."
    }
  },
  STEP_REPORT: {
    severity: "error",
    exitCode: 1,
    message: "the runner's report about step {stepId} has no valid form",
    hint: "the outputs of an attempt must be values that the ledger can hold",
    explanation: {
      cause: "What carried out an attempt reported results that do not have the form of a value.",
      example: 'an output of {"type": "integer"} without a value',
      fix: "Report this as a fault of the runner or built-in that carried out the step."
    }
  },
  WHEN_FALSE: {
    severity: "info",
    exitCode: 0,
    message: "step {stepId} was skipped: its `when` is false",
    hint: "nothing to do; dependents run and see the status skipped",
    explanation: {
      cause: "The step's condition gave false.",
      example: `when: "\${{ inputs.channel == 'stable' }}" with the channel beta`,
      fix: "None is needed. Change the inputs or the condition if the step should have run."
    }
  },
  UPSTREAM_FAILED: {
    severity: "info",
    exitCode: 1,
    message: "step {stepId} was skipped: something that it needs failed",
    hint: "look at the first failed step of the run",
    explanation: {
      cause: "A step that this one needs failed, or was itself skipped because of a failure.",
      example: "build fails; test, which comes after it, is skipped",
      fix: "Correct the failed step, or give it `continueOnError: true` if the rest does not depend on it."
    }
  },
  RUN_STOPPING: {
    severity: "info",
    exitCode: 1,
    message: "step {stepId} did not run: the run was stopping",
    hint: "look at the reason of the run",
    explanation: {
      cause: "The run was cancelled, drifted, ran out of time, or its failure policy stopped it before this step began.",
      example: "failurePolicy: {onFailure: drain} and a failed step in another branch",
      fix: "Correct what stopped the run, and run again; `packrun run PACK --from RUN` takes over what succeeded."
    }
  },
  RUN_WALL_CLOCK: {
    severity: "error",
    exitCode: 124,
    message: "the run used up its wall clock",
    hint: "raise `sandbox.wallClock` or make the steps faster",
    explanation: {
      cause: "The run was driven for longer than `sandbox.wallClock`; time in which it only waited for approvals is not counted.",
      example: "wallClock: 15m and a step that hangs",
      fix: "Give single steps a `timeout` below the wall clock, so that the step that hangs is named."
    }
  },
  RUN_CANCELLED: {
    severity: "error",
    exitCode: 130,
    message: "the run was cancelled",
    hint: "run again; `packrun run PACK --from RUN` takes over what had succeeded",
    explanation: {
      cause: "Somebody asked for the run to be cancelled.",
      example: "packrun cancel RUN",
      fix: "Nothing has to be mended. `packrun runs show RUN` says how far it came."
    }
  },
  RUN_FINISHED: {
    severity: "error",
    exitCode: 5,
    message: "run {runId} has ended",
    hint: "nothing can be added to a finished run; start a new one",
    explanation: {
      cause: "A decision or command came after the run's end. A finished ledger never grows.",
      example: "packrun approve RUN GATE --key alice.key --reason checked   # the gate expired and the run ended",
      fix: "Start a new run; its gates need new approvals."
    }
  },
  RUN_NOT_FINISHED: {
    severity: "error",
    exitCode: 2,
    message: "run {runId} has not ended",
    hint: "wait for its end, or take what there is so far: `packrun evidence export {runId} --snapshot -o FILE`",
    explanation: {
      cause: "Evidence is sealed, and steps are taken over by another run, once a run has ended. Before that there are snapshots only.",
      example: "packrun evidence export RUN -o run.tar   # a gate is still open",
      fix: "See with `packrun runs show RUN` what it waits for. `packrun resume RUN` or `packrun cancel RUN` bring it to its end; `packrun evidence snapshot RUN` shows what there is so far."
    }
  },
  TIMELINE_INCOMPLETE: {
    severity: "error",
    exitCode: 7,
    message: "the ledger of run {runId} leaves {steps} without an end",
    hint: "the ledger was not written by a whole run; do not trust it",
    explanation: {
      cause: "The run is said to have ended, but a step in it never did.",
      example: "a ledger with run.finished in which step.succeeded of one step was left out",
      fix: "Take the ledger from its source again; if it is the source, the run has to be repeated."
    }
  },
  POLICY_DENIED: {
    severity: "error",
    exitCode: 5,
    message: "the policy of gate {stepId} denied the run",
    hint: "look at the evaluated context in the evidence, `policies/<gate>.json`",
    explanation: {
      cause: "The policy gave a clean false.",
      example: 'expression: "steps.scan.outputs.critical == 0" with one critical finding',
      fix: "Correct what the policy found. A policy that shall only warn says `failAction: continue`."
    }
  },
  POLICY_UNDECIDED: {
    severity: "error",
    exitCode: 5,
    message: "the policy of gate {stepId} gave neither true nor false",
    hint: "guard values that may be missing with `has()`",
    explanation: {
      cause: "The policy failed, met a missing value, or gave something that is no boolean. Missing evidence never passes.",
      example: 'expression: "steps.scan.outputs.critical == 0" where scan was skipped',
      fix: "Make the policy answer for every case, or make the steps before it produce what it reads."
    }
  },
  GATE_REJECTED: {
    severity: "error",
    exitCode: 5,
    message: "gate {stepId} was rejected",
    hint: "see who decided with `packrun runs show RUN`",
    explanation: {
      cause: "One person who may decide on the gate rejected it.",
      example: 'packrun reject RUN release --key alice.key --reason "wrong artifact"',
      fix: "Correct what was objected to and start a new run."
    }
  },
  GATE_EXPIRED: {
    severity: "error",
    exitCode: 5,
    message: "gate {stepId} expired without the approvals that it needs",
    hint: "start a new run; consider a longer `ttl`",
    explanation: {
      cause: "The time to live of the approval request passed before enough people approved.",
      example: "approvals: {release: {required: 2, ttl: 24h}} and one approval within 24 hours",
      fix: "Start a new run and have it approved in time, or raise `ttl` in the pack."
    }
  },
  GATE_UNKNOWN: {
    severity: "error",
    exitCode: 5,
    message: "the run has no approval gate {gate}",
    hint: "see its gates with `packrun runs show RUN`",
    explanation: {
      cause: "A decision named a gate that the plan of the addressed run does not have.",
      example: "packrun approve RUN relase --key alice.key --reason checked   # the gate is called release",
      fix: "Use the gate's id as `packrun plan` and `packrun runs show` show it."
    }
  },
  GATE_CLOSED: {
    severity: "error",
    exitCode: 5,
    message: "gate {gate} takes no decisions now",
    hint: "see where the run stands with `packrun runs show RUN`",
    explanation: {
      cause: "The gate is not open yet, has passed, was rejected, has expired, or the run is stopping.",
      example: "packrun approve RUN release --key alice.key --reason checked   # the step before the gate still runs",
      fix: "Decide while the gate is open; a gate that ended stays as it is."
    }
  },
  APPROVAL_DUPLICATE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} has already decided on gate {gate}",
    hint: "another person has to approve; every person counts once",
    explanation: {
      cause: "Two answers of one person came in the same moment, and the first of them was recorded. A second one that comes later is APPROVAL_ALREADY_DECIDED.",
      example: "two approvals of one run with two keys of the same principal, sent at once",
      fix: "Have somebody else approve."
    }
  },
  MAP_TOO_MANY: {
    severity: "error",
    exitCode: 1,
    message: "map {stepId} has {count} items, more than its maxItems of {maxItems}",
    hint: "raise `maxItems`, or produce fewer items",
    explanation: {
      cause: "The items of a map became known while it ran, and there are more of them than the pack allows.",
      example: "maxItems: 10 over a step's output that lists 12 hosts",
      fix: "Raise `maxItems` in the pack, or make the step before produce at most that many."
    }
  },
  MAP_INSTANCES: {
    severity: "error",
    exitCode: 1,
    message: "the items of map {stepId} would make {made} steps; all maps of a run together make at most {limit}",
    hint: "produce fewer items, or do more of the work in one step",
    explanation: {
      cause: "Every item of a map makes each step inside it once. Nested maps multiply, and their sum is bounded.",
      example: "a map over 2,000 hosts with a map over 600 files inside it",
      fix: "Split the work over several runs, or let one step work through a list by itself."
    }
  },
  MAP_ITEMS: {
    severity: "error",
    exitCode: 1,
    message: "the items of map {stepId} are no list",
    hint: "let `items` give a list",
    explanation: {
      cause: "The expression in `items` gave something other than a list while the run was on its way.",
      example: 'items: "${{ steps.find.outputs.hosts }}" where hosts is an object',
      fix: "Declare the output as `{type: array}`, and let the step write a list."
    }
  },
  LEDGER_BROKEN: {
    severity: "error",
    exitCode: 7,
    message: "the ledger does not hold: {problem}",
    hint: "the file was changed or damaged; look at it with `packrun runs ledger RUN`",
    explanation: {
      cause: "An event is missing, was changed, moved or does not have the form of an event.",
      example: "one character of a message was edited in ledger.jsonl",
      fix: "Restore the ledger from a backup; nothing else can make it whole."
    }
  },
  CLOCK_BEHIND: {
    severity: "error",
    exitCode: 10,
    message: "the clock of this machine is {seconds} s behind the ledger of run {runId}",
    hint: "set the clock, then resume the run",
    explanation: {
      cause: "The last event was recorded at a time that lies more than a minute in this machine's future.",
      example: "a run continued on a machine whose clock lost its time",
      fix: "Set the clock (`timedatectl` shows whether it is synchronised), then `packrun resume RUN`. Times in a ledger never go back."
    }
  }
});

// src/run/ledger-chain.ts
var NEWLINE2 = 10;
function genesisHash(identity, sha256) {
  const { runId, tenantId, trustDomain, planHash } = identity;
  return digestOfJson({ runId, tenantId, trustDomain, planHash }, sha256);
}
function genesisHead(identity, sha256) {
  return { sequence: 0, hash: genesisHash(identity, sha256), timestamp: 0 };
}
function headOf(event) {
  return { sequence: event.sequence, hash: event.hash, timestamp: millisecondsOf(event.timestamp) ?? 0 };
}
function partsOf2(event) {
  const { attempt: attempt2, eventType, level, message, metadata, prev, sequence, stepId: stepId2, timestamp: timestamp2 } = event;
  const before = `${attempt2 === void 0 ? "" : `"attempt":${attempt2},`}"eventType":"${eventType}",`;
  const step = stepId2 === void 0 ? "" : `"stepId":${JSON.stringify(stepId2)},`;
  try {
    const after = `"level":"${level}","message":${canonicalJson(message)},"metadata":${canonicalJson(metadata)},"prev":"${prev}","sequence":${sequence},${step}"timestamp":"${timestamp2}"`;
    return { before, after, event };
  } catch {
    return void 0;
  }
}
function textOf({ before, after }, hash2) {
  return `{${before}"hash":"${hash2}",${after}}`;
}
function hashOf({ before, after }, sha256) {
  return digestOf(encodeUtf8(`{${before}${after}}`), sha256);
}
function checkParts(event, head, sha256) {
  const misfit2 = eventMisfit(event);
  if (misfit2 !== void 0) {
    return broken(head, misfit2);
  }
  const found = event;
  if (found.sequence !== head.sequence + 1) {
    return broken(head, `sequence ${found.sequence} stands where ${head.sequence + 1} belongs`);
  }
  if (found.prev !== head.hash) {
    return broken(head, "prev is not the hash of the event before");
  }
  if ((millisecondsOf(found.timestamp) ?? 0) < head.timestamp) {
    return broken(head, "its timestamp lies before that of the event before");
  }
  const parts = partsOf2(found);
  if (parts === void 0 || hashOf(parts, sha256) !== found.hash) {
    return broken(head, "hash is not that of its content");
  }
  return ok(parts);
}
function readLedgerLine(line, head, sha256) {
  const text9 = decodeUtf8(line.at(-1) === NEWLINE2 ? line.subarray(0, -1) : line);
  const read = text9 === void 0 ? void 0 : parsed2(text9);
  if (read === void 0) {
    return broken(head, "the line is not JSON in UTF-8");
  }
  const checked = checkParts(read.value, head, sha256);
  if (!checked.ok) {
    return checked;
  }
  const event = checked.value.event;
  return textOf(checked.value, event.hash) === text9 ? ok(event) : broken(head, "its bytes are not canonical JSON");
}
function parsed2(text9) {
  try {
    return { value: JSON.parse(text9) };
  } catch {
    return void 0;
  }
}
function broken(head, problem) {
  return fail(faultOf(runCodes, "LEDGER_BROKEN", { problem: `event ${head.sequence + 1}: ${problem}` }));
}
var LONE2 = new RegExp("\\p{Surrogate}", "gu");

// src/verify/gate-log.ts
function logGate(log, event) {
  const { timestamp: at, stepId: id = "" } = event;
  if (event.eventType === "gate.opened") {
    gateOf(log, id).opened ??= { ...event.metadata, at };
  } else if (event.eventType === "gate.decision") {
    const { decisions, byCommand } = gateOf(log, id);
    const decision = { ...event.metadata, number: decisions.length + 1, at };
    decisions.push(decision);
    byCommand.set(decision.commandId, byCommand.get(decision.commandId) ?? decision);
  } else if (event.eventType === "gate.refused") {
    const counted3 = log.gates.get(id)?.byCommand.get(event.metadata.commandId);
    if (counted3 !== void 0) {
      counted3.void = event.metadata.code;
    }
  } else if (isEnd(event)) {
    endGate(log.gates.get(id), { type: event.eventType, at });
  } else if (event.eventType === "policy.evaluated" && !log.contexts.has(id)) {
    log.contexts.set(id, event.metadata.contextDigest);
  }
}
function endGate(gate, end) {
  if (gate?.opened !== void 0) {
    gate.end ??= end;
  }
}
function isEnd(event) {
  const { eventType } = event;
  return eventType === "gate.passed" || eventType === "gate.rejected" || eventType === "gate.expired";
}
function gateOf(log, id) {
  const known = log.gates.get(id);
  if (known !== void 0) {
    return known;
  }
  const made = { decisions: [], byCommand: /* @__PURE__ */ new Map() };
  log.gates.set(id, made);
  return made;
}

// src/run/named-output.ts
var ONE_OUTPUT = /^steps(?:\.(?<plain>[A-Za-z_][A-Za-z0-9_]*)|\["(?<quoted>[^"\\]*)"\])\.outputs(?:\.(?<name>[A-Za-z_][A-Za-z0-9_]*)|\["(?<key>[^"\\]*)"\])$/;
function namedOutput(from) {
  const [part] = isCel(from) && from.$cel.length === 1 ? from.$cel : [];
  const { plain, quoted, name: name2, key } = typeof part === "object" && ONE_OUTPUT.exec(part.expr)?.groups || {};
  const step = plain ?? quoted;
  const output = name2 ?? key;
  return step === void 0 || output === void 0 ? void 0 : { step, name: output };
}

// src/verify/output-log.ts
var OutputLog = class {
  uncaptured = [];
  #plan;
  /** By instance, then by name: artifacts of the attempt that runs. */
  #running = /* @__PURE__ */ new Map();
  /** Files and directories that steps ended with, as canonical JSON. */
  #references = /* @__PURE__ */ new Set();
  /** Outputs of the steps that outputs of the pack name. */
  #named = /* @__PURE__ */ new Map();
  constructor(plan) {
    this.#plan = plan;
    for (const { from } of Object.values(plan.outputs)) {
      const named = namedOutput(from);
      if (named !== void 0) {
        this.#named.set(named.step, {});
      }
    }
  }
  take(event) {
    const { stepId: stepId2 = "" } = event;
    if (event.eventType === "step.started") {
      this.#running.set(stepId2, /* @__PURE__ */ new Map());
    } else if (event.eventType === "step.artifact") {
      this.#running.get(stepId2)?.set(event.metadata.name, event.metadata);
    } else if (event.eventType === "step.succeeded") {
      this.#end(stepId2, event.metadata);
      this.#running.delete(stepId2);
    }
  }
  #end(stepId2, { outputs, reusedFrom }) {
    for (const [name2, value] of Object.entries(outputs)) {
      if (isReference(value)) {
        this.#references.add(canonicalJson(value));
        if (reusedFrom === void 0 && !isSame2(value, this.#running.get(stepId2)?.get(name2))) {
          this.uncaptured.push({ digest: value.digest, problem: `output ${name2} of ${stepId2} was not captured so` });
        }
      }
    }
    if (this.#named.has(stepId2)) {
      this.#named.set(stepId2, outputs);
    }
  }
  /** The first thing that is wrong with the outputs that the run ended with. */
  problemOf(outputs) {
    const strange = Object.keys(outputs).find((name2) => !Object.hasOwn(this.#plan.outputs, name2));
    if (strange !== void 0) {
      return `the plan has no output ${strange}`;
    }
    for (const [name2, { from }] of Object.entries(this.#plan.outputs)) {
      const value = memberOf(outputs, name2);
      const named = namedOutput(from);
      const source = named === void 0 ? void 0 : this.#named.get(named.step);
      if (named !== void 0 && textOf2(value) !== textOf2(memberOf(source ?? {}, named.name))) {
        return `output ${name2} is not what ${named.step} gave`;
      }
      if (value !== void 0 && isReference(value) && !this.#references.has(canonicalJson(value))) {
        return `output ${name2} is no file or directory that a step gave`;
      }
    }
    return void 0;
  }
};
function isReference(value) {
  return value.type === "file" || value.type === "directory";
}
function isSame2(value, captured) {
  if (captured?.status !== "captured" || captured.digest !== value.digest) {
    return false;
  }
  return value.type === "directory" || captured.size === value.size && captured.mediaType === value.mediaType;
}
function memberOf(values2, name2) {
  return Object.hasOwn(values2, name2) ? values2[name2] : void 0;
}
function textOf2(value) {
  return value === void 0 ? "" : canonicalJson(value);
}

// src/verify/attempt-rules.ts
function order(problem) {
  return { check: "order", problem };
}
function notInPlan(problem) {
  return { check: "nodes", problem };
}
function beginAttempt(at, attempt2) {
  const { node, stage } = at.record;
  const again = node.kind === "run" && (stage === "retry" || stage === "lost" && node.idempotent);
  if (stage !== "none" && !again) {
    return order(`${at.id} starts again although it may not`);
  }
  if (attempt2 !== at.record.attempt + 1) {
    return order(`attempt ${attempt2} of ${at.id} follows attempt ${at.record.attempt}`);
  }
  return void 0;
}
function endAttempt(at, attempt2, status) {
  const { node, stage } = at.record;
  if (status === "succeeded" && node.kind !== "run") {
    return notInPlan(`step.succeeded names ${at.id}, which is no run step`);
  }
  const runs = stage === "running" || stage === "lost" && status === "failed";
  return runs && at.record.attempt === attempt2 ? settle(at, status) : order(`attempt ${attempt2 ?? 0} of ${at.id} ends although it does not run`);
}
function loseAttempt(at, attempt2) {
  if (at.record.stage !== "running" || at.record.attempt !== attempt2) {
    return order(`step.lost of ${at.id} comes outside its attempt`);
  }
  at.record.stage = "lost";
  return void 0;
}
function retryAttempt(at, attempt2) {
  const { record: record2 } = at;
  const { node, stage } = record2;
  if (node.kind !== "run" || stage !== "running" && stage !== "lost" || record2.attempt !== attempt2) {
    return order(`step.retry of ${at.id} follows no attempt that ended`);
  }
  if (attempt2 >= node.retry.maxAttempts && !(stage === "lost" && node.idempotent)) {
    return order(`${at.id} is tried again after its last attempt`);
  }
  record2.stage = "retry";
  return void 0;
}
function reuse(at, attempt2) {
  if (at.record.node.kind !== "run") {
    return notInPlan(`${at.id} is taken over, which is no run step`);
  }
  return at.record.stage === "none" && attempt2 === void 0 ? settle(at, "succeeded") : order(`${at.id} is taken over although it ran`);
}
function settle(at, status) {
  if (at.record.count !== void 0) {
    return order(`${at.id} ends by an event of its own although it was expanded`);
  }
  if (at.record.status !== void 0) {
    return order(`${at.id} ends a second time`);
  }
  at.record.status = status;
  at.record.stage = "ended";
  return void 0;
}

// src/verify/holds-expression.ts
function holdsExpression(value) {
  const waiting = [value];
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (Array.isArray(each)) {
      each.forEach((item) => waiting.push(item));
    } else if (isJsonObject(each)) {
      if (Object.hasOwn(each, "$cel")) {
        return true;
      }
      Object.values(each).forEach((item) => waiting.push(item));
    }
  }
  return false;
}

// src/verify/gate-rules.ts
function takeGate(event, at) {
  const { record: record2 } = at;
  const { eventType } = event;
  if (record2.node.kind !== "gate.approval") {
    return notInPlan(`${eventType} names ${at.id}, which is no approval gate`);
  }
  if (eventType === "gate.refused") {
    record2.refusal = event.metadata.code;
    return void 0;
  }
  const open5 = record2.stage === "open" && record2.status === void 0;
  switch (eventType) {
    case "gate.opened":
      if (record2.stage !== "none") {
        return order(`${at.id} opens a second time`);
      }
      record2.stage = "open";
      return void 0;
    case "gate.decision":
      return open5 ? takeDecision(at, event.metadata.commandId) : order(`${at.id} is decided while it is not open`);
    case "gate.passed":
      return open5 ? settle(at, "succeeded") : order(`${at.id} passes while it is not open`);
    case "gate.expired":
      record2.reason = "GATE_EXPIRED";
      return open5 ? settle(at, "failed") : order(`${at.id} expires while it is not open`);
    case "gate.rejected":
      return rejectGate(at, open5);
  }
}
function takeDecision({ id, record: record2 }, commandId2) {
  record2.commands ??= /* @__PURE__ */ new Set();
  if (record2.commands.has(commandId2)) {
    return order(`${id} is decided twice by command ${commandId2}`);
  }
  record2.commands.add(commandId2);
  return void 0;
}
function rejectGate(at, open5) {
  const { record: record2 } = at;
  if (!open5 && (record2.stage !== "none" || record2.refusal === void 0)) {
    return order(`${at.id} is rejected while it is not open`);
  }
  record2.reason = open5 ? "GATE_REJECTED" : record2.refusal ?? "GATE_REJECTED";
  return settle(at, "failed");
}
function judgePolicy(at, found, plan) {
  const { node } = at.record;
  if (node.kind !== "gate.policy") {
    return notInPlan(`policy.evaluated names ${at.id}, which is no policy gate`);
  }
  if (plan.policies[node.policy]?.digest !== found.policyDigest) {
    return notInPlan(`${at.id} evaluated another policy than the plan's`);
  }
  if (found.allowed !== (found.code === void 0)) {
    return order(`${at.id} is neither clearly allowed nor clearly refused`);
  }
  const passes = found.allowed || found.code === "POLICY_DENIED" && node.failAction === "continue";
  if (found.code !== void 0) {
    at.record.reason = found.code;
  }
  return settle(at, passes ? "succeeded" : "failed");
}
function expandMap(at, found, how) {
  const { record: record2, id } = at;
  const { node } = record2;
  if (node.kind !== "map") {
    return notInPlan(`map.expanded names ${id}, which is no map`);
  }
  if (record2.count !== void 0 || record2.status !== void 0) {
    return order(`${id} is expanded a second time`);
  }
  if (found.count > node.maxItems) {
    return notInPlan(`${id} is expanded to ${found.count} items, its limit is ${node.maxItems}`);
  }
  const { items } = node;
  const asPlanned = holdsExpression(items) ? Array.isArray(found.items) && found.items.length === found.count : Array.isArray(items) && items.length === found.count && found.items === digestOfJson(items, how.sha256);
  if (!asPlanned) {
    return notInPlan(`${id} is expanded to other items than the plan's`);
  }
  if (how.instances + found.count * how.perItem > MAX_INSTANCES) {
    return { check: "size", problem: `with the items of ${id} the run has more than ${MAX_INSTANCES} steps in maps` };
  }
  record2.count = found.count;
  return void 0;
}

// src/verify/run-stop.ts
var RunStop = class {
  #stopsOnFailure;
  #last;
  #isMainOver;
  #main;
  #finally;
  #cancelled = false;
  constructor(plan, isMainOver) {
    this.#stopsOnFailure = plan.failurePolicy.onFailure !== "skip-dependents";
    this.#last = new Set(plan.finally.map((node) => node.id));
    this.#isMainOver = isMainOver;
  }
  isLast(node) {
    return this.#last.has(node.id);
  }
  /** An event of the run as a whole. */
  take(event) {
    if (event.eventType === "plan.drift") {
      this.#main ??= "the plan drifted";
      this.#finally ??= "the plan drifted";
    } else if (event.eventType === "run.cancelRequested") {
      const byClock = event.metadata.commandId === WALL_CLOCK_COMMAND;
      if (this.#cancelled && !byClock && this.#isMainOver()) {
        this.#finally ??= "finally was cancelled";
      }
      this.#main ??= byClock ? "the wall clock ran out" : "the run was cancelled";
      this.#cancelled = true;
    }
  }
  /** An instance failed by an event of its own; `isShielded`: by itself or by a container around it. */
  fail({ id, record: record2 }, isShielded) {
    if (this.#stopsOnFailure && !isShielded && !this.isLast(record2.node)) {
      this.#main ??= `${id} failed`;
    }
  }
  /** Why nothing may begin any more where this instance is. */
  problemOf(id, node) {
    const why = this.isLast(node) ? this.#finally : this.#main;
    return why === void 0 ? void 0 : order(`${id} goes on although ${why}`);
  }
};

// src/verify/step-record.ts
var StepRecords = class {
  #tree;
  #records = /* @__PURE__ */ new Map();
  #derived = /* @__PURE__ */ new Map();
  #progress = /* @__PURE__ */ new Map();
  #takenOver = /* @__PURE__ */ new Set();
  constructor(tree) {
    this.#tree = tree;
  }
  /** The record of an instance, or undefined when no such instance is in the plan and its expansions so far. */
  record(instance) {
    const known = this.#records.get(instance);
    if (known !== void 0) {
      return known;
    }
    const node = this.#tree.nodes.get(templateOf(instance));
    if (node === void 0 || instance.includes("[*]") || !this.#isExpanded(node, instance)) {
      return void 0;
    }
    const record2 = this.#takenOver.has(instance) ? { node, attempt: 0, stage: "ended", status: "succeeded" } : { node, attempt: 0, stage: "none" };
    this.#records.set(instance, record2);
    return record2;
  }
  /** Every map above it was expanded, to more items than its number here. */
  #isExpanded(node, instance) {
    const indices = indicesOf(instance);
    if (instanceOf(node.id, indices) !== instance) {
      return false;
    }
    return indices.every((index, depth) => {
      const map = node.id.split("[*]").slice(0, depth + 1).join("[*]");
      const count6 = this.#records.get(instanceOf(map, indices))?.count;
      return count6 !== void 0 && index < count6;
    });
  }
  /** Undefined while it is not terminal. */
  statusOf(instance) {
    const derived = this.#derived.get(instance);
    if (derived !== void 0) {
      return derived;
    }
    const record2 = this.record(instance);
    if (record2 === void 0 || record2.status !== void 0) {
      return record2?.status;
    }
    const { kind } = record2.node;
    const status = kind === "parallel" || kind === "map" ? this.#derive(instance, record2) : void 0;
    if (status !== void 0) {
      this.#derived.set(instance, status);
    }
    return status;
  }
  /** The status at the end of a run: what is inside a container that never opened is skipped with it. */
  finalStatusOf(instance) {
    const own = this.statusOf(instance);
    if (own === void 0) {
      for (const [around] of this.around(instance)) {
        if (this.#records.get(around)?.status !== void 0) {
          return "skipped";
        }
      }
    }
    return own;
  }
  /** A step inside a map that is not expanded yet was taken over from another run: it has ended when it comes to be. */
  takeOverLater(instance) {
    this.#takenOver.add(instance);
  }
  #derive(instance, record2) {
    if (record2.node.kind === "map" && record2.count === void 0) {
      return void 0;
    }
    const progress = this.#progressOf(instance);
    for (; progress.next !== void 0; progress.next = nextOf(progress.left)) {
      const [child, node] = progress.next;
      const status = this.statusOf(child);
      if (status === void 0 || !isTerminal(status)) {
        return void 0;
      }
      progress.failed ||= status === "failed" && !node.continueOnError;
      progress.cancelled ||= status === "cancelled";
    }
    return progress.failed ? "failed" : progress.cancelled ? "cancelled" : "succeeded";
  }
  #progressOf(instance) {
    const known = this.#progress.get(instance);
    if (known !== void 0) {
      return known;
    }
    const left = this.childrenOf(instance)[Symbol.iterator]();
    const made = { left, next: nextOf(left), failed: false, cancelled: false };
    this.#progress.set(instance, made);
    return made;
  }
  /** The children of an instance in canonical order: none below a map that was not expanded. */
  *childrenOf(instance) {
    const record2 = this.record(instance);
    const indices = indicesOf(instance);
    const below = record2 === void 0 ? [] : this.#tree.children.get(record2.node.id) ?? [];
    const isMap = record2?.node.kind === "map";
    for (let item = 0; item < (isMap ? record2.count ?? 0 : 1); item += 1) {
      for (const node of below) {
        yield [instanceOf(node.id, isMap ? [...indices, item] : indices), node];
      }
    }
  }
  /** All instances in canonical order, each before what is inside it; `finally` last. */
  *instances() {
    for (const node of [...this.#tree.roots, ...this.#tree.last]) {
      yield* this.#under(node.id, node);
    }
  }
  *#under(instance, node) {
    yield [instance, node];
    for (const [child, below] of this.childrenOf(instance)) {
      yield* this.#under(child, below);
    }
  }
  /** The instances around it, nearest first. */
  *around(instance) {
    const indices = indicesOf(instance);
    let node = this.#tree.nodes.get(templateOf(instance));
    while (node !== void 0 && node.parent !== null) {
      const parent = this.#tree.nodes.get(node.parent);
      if (parent !== void 0) {
        yield [instanceOf(parent.id, indices), parent];
      }
      node = parent;
    }
  }
};
function nextOf(left) {
  const found = left.next();
  return found.done === true ? void 0 : found.value;
}

// src/verify/run-order.ts
var RunOrder = class {
  records;
  #tree;
  #plan;
  #sha256;
  #stage = { created: false, verified: false, started: false, finished: false };
  /** How many the expansions so far have made. */
  #instances = 0;
  /** Top-level nodes of `steps` that are known to be over. */
  #over = 0;
  #stop;
  constructor(plan, tree, sha256) {
    this.#plan = plan;
    this.#tree = tree;
    this.#sha256 = sha256;
    this.records = new StepRecords(tree);
    this.#stop = new RunStop(plan, () => this.#isMainOver());
  }
  /** The first thing that is wrong with the next event. */
  take(event) {
    const stage = this.#stage;
    if (stage.finished) {
      return order(`${event.eventType} follows run.finished`);
    }
    if (stage.created === (event.eventType === "run.created")) {
      return order(stage.created ? "run.created comes twice" : "run.created is not the first event");
    }
    if (event.stepId === void 0) {
      return this.#takeRun(event);
    }
    const record2 = this.records.record(event.stepId);
    if (record2 !== void 0) {
      return this.#takeStep(event, { id: event.stepId, record: record2 });
    }
    return this.#takeUnknown(event, event.stepId);
  }
  /** A refusal may name a gate that does not exist; a step may be taken over before its map is expanded. */
  #takeUnknown(event, id) {
    const node = this.#tree.nodes.get(templateOf(id));
    const isEarly = event.eventType === "step.succeeded" && event.metadata.reusedFrom !== void 0;
    if (isEarly && node?.kind === "run") {
      this.records.takeOverLater(id);
      return void 0;
    }
    const stopped = node !== void 0 && isBeginning(event) ? this.#stop.problemOf(id, node) : void 0;
    if (stopped !== void 0) {
      return stopped;
    }
    return event.eventType === "gate.refused" ? void 0 : notInPlan(`${event.eventType} names ${id}, which the plan does not have`);
  }
  #takeRun(event) {
    const stage = this.#stage;
    this.#stop.take(event);
    if (event.eventType === "run.created") {
      stage.created = true;
    } else if (event.eventType === "plan.verified") {
      stage.verified = true;
    } else if (event.eventType === "run.started") {
      if (stage.started || !stage.verified) {
        return order(stage.started ? "run.started comes twice" : "run.started comes before plan.verified");
      }
      stage.started = true;
    } else if (event.eventType === "run.finished") {
      stage.finished = true;
      return this.#unended();
    }
    return void 0;
  }
  /** A run is over only when every step is. */
  #unended() {
    for (const [id] of this.records.instances()) {
      if (this.records.finalStatusOf(id) === void 0) {
        return order(`run.finished comes before the end of ${id}`);
      }
    }
    return void 0;
  }
  #takeStep(event, at) {
    const stopped = isBeginning(event) ? this.#stop.problemOf(at.id, at.record.node) : void 0;
    const wrong = stopped === void 0 || event.eventType === "step.started" ? this.#takeOne(event, at) : void 0;
    if (stopped !== void 0) {
      return stopped;
    }
    if (wrong === void 0 && at.record.status === "failed") {
      const around = [...this.records.around(at.id)];
      this.#stop.fail(at, at.record.node.continueOnError || around.some(([, node]) => node.continueOnError));
    }
    return wrong;
  }
  #takeOne(event, at) {
    switch (event.eventType) {
      case "step.started":
        return this.#begin(at, event.attempt ?? 0);
      case "step.succeeded":
        return event.metadata.reusedFrom === void 0 ? endAttempt(at, event.attempt, "succeeded") : reuse(at, event.attempt);
      case "step.failed":
        at.record.reason = event.metadata.reason;
        return endAttempt(at, event.attempt, "failed");
      case "step.lost":
        return loseAttempt(at, event.attempt);
      case "step.retry":
        return retryAttempt(at, event.attempt);
      case "step.cancelled":
        at.record.reason = event.metadata.reason;
        return settle(at, "cancelled");
      case "step.skipped":
        return this.#skip(at, event.metadata.reason);
      case "map.expanded":
        return this.#blockOf(at) ?? this.#expand(at, event.metadata);
      case "policy.evaluated":
        return this.#blockOf(at) ?? judgePolicy(at, event.metadata, this.#plan);
      case "gate.opened":
        return this.#blockOf(at) ?? takeGate(event, at);
      case "gate.decision":
      case "gate.refused":
      case "gate.passed":
      case "gate.rejected":
      case "gate.expired":
        return takeGate(event, at);
      case "step.output":
      case "step.artifact":
      case "sandbox.enforced":
      case "egress.denied":
      case "secret.resolved":
        return at.record.node.kind === "run" && at.record.stage === "running" && at.record.attempt === event.attempt ? void 0 : order(`${event.eventType} of ${at.id} comes outside its attempt`);
      case "run.created":
      case "run.started":
      case "run.resumed":
      case "run.waiting":
      case "run.cancelRequested":
      case "run.finished":
      case "plan.verified":
      case "plan.drift":
      case "lease.acquired":
      case "evidence.snapshot":
      case "incident.opened":
      case "incident.closed":
        return order(`${event.eventType} names a step`);
    }
  }
  #begin(at, attempt2) {
    const wrong = beginAttempt(at, attempt2) ?? this.#blockOf(at);
    at.record.stage = "running";
    at.record.attempt = attempt2;
    return wrong;
  }
  #expand(at, found) {
    const perItem = this.#tree.perItem.get(at.record.node.id) ?? 0;
    const wrong = expandMap(at, found, { instances: this.#instances, perItem, sha256: this.#sha256 });
    this.#instances += wrong === void 0 ? found.count * perItem : 0;
    return wrong;
  }
  #skip(at, reason2) {
    const { node, status, stage } = at.record;
    if (status !== void 0 || stage === "running" || stage === "lost") {
      return order(`${at.id} is skipped after it had begun`);
    }
    if (reason2 === "WHEN_FALSE" && !("when" in node && node.when !== void 0 && node.when !== true)) {
      return order(`${at.id} is skipped by a condition that it does not have`);
    }
    if (reason2 === "UPSTREAM_FAILED" && this.#blockOf(at) === void 0) {
      return order(`${at.id} is skipped although nothing that it needs has failed`);
    }
    at.record.reason = reason2;
    return settle(at, "skipped");
  }
  /** Why this may not begin now: something before it, or before a container around it, does not let it. */
  #blockOf(at) {
    if (!this.#stage.started) {
      return order(`${at.id} begins before run.started`);
    }
    const path = [[at.id, at.record.node], ...this.records.around(at.id)];
    const isLast = this.#stop.isLast(at.record.node);
    if (isLast && !this.#isMainOver()) {
      return order(`${at.id} begins before the steps ahead of finally are over`);
    }
    for (const [id, node] of path) {
      const status = this.records.record(id)?.status;
      if (status !== void 0 || "when" in node && node.when === false) {
        return order(`${at.id} begins although ${id} is ${status ?? "switched off"}`);
      }
      const ahead = node.needs.map((need) => instanceOf(need, indicesOf(id)));
      const waits = ahead.find((needed) => !this.#letsPass(needed, isLast && node.parent === null));
      if (waits !== void 0) {
        return order(`${at.id} begins before ${waits} lets it`);
      }
    }
    return void 0;
  }
  /** What was skipped by its own condition, or may fail, holds nobody up; in `finally` no end does. */
  #letsPass(needed, anyEnd) {
    const status = this.records.statusOf(needed);
    const record2 = this.records.record(needed);
    if (status === "skipped") {
      return anyEnd || record2?.reason === "WHEN_FALSE";
    }
    return status === "failed" || status === "cancelled" ? anyEnd || record2?.node.continueOnError === true : status === "succeeded";
  }
  #isMainOver() {
    const { roots } = this.#tree;
    for (let root = roots[this.#over]; root !== void 0; root = roots[this.#over]) {
      if (this.records.finalStatusOf(root.id) === void 0) {
        return false;
      }
      this.#over += 1;
    }
    return true;
  }
};
function isBeginning({ eventType }) {
  return BEGINNINGS.has(eventType);
}
var BEGINNINGS = /* @__PURE__ */ new Set([
  "step.started",
  "step.retry",
  "map.expanded",
  "gate.opened",
  "gate.passed",
  "policy.evaluated"
]);

// src/verify/check-ledger.ts
async function foldLedger(manifest, planned, reader, checks, sha256) {
  let head = genesisHead(manifest, sha256);
  let broken3;
  const facts = noFacts();
  const gates = { gates: /* @__PURE__ */ new Map(), contexts: /* @__PURE__ */ new Map() };
  const order2 = planned === void 0 ? void 0 : new RunOrder(planned.plan, planned.tree, sha256);
  const outputs = planned === void 0 ? void 0 : new OutputLog(planned.plan);
  const egress2 = planned === void 0 ? void 0 : new EgressLog(planned.plan, planned.tree);
  const splitter = lineSplitter(DOCUMENT_LIMIT, (line) => {
    const read = broken3 === void 0 ? readLedgerLine(line, head, sha256) : fail(broken3);
    if (!read.ok) {
      broken3 ??= read.fault;
      return;
    }
    const event = read.value;
    head = headOf(event);
    addEvent(facts, event);
    logGate(gates, event);
    outputs?.take(event);
    egress2?.take(event);
    report(order2?.take(event), event.sequence, checks);
  });
  const streamed = await reader.stream(LEDGER_PATH, splitter.push);
  const ending = splitter.overflowed() ? "a line has no end" : splitter.rest() > 0 ? "its last line is cut off" : void 0;
  if (streamed.ok && broken3 === void 0 && ending !== void 0) {
    broken3 = faultOf(runCodes, "LEDGER_BROKEN", { sequence: head.sequence + 1, problem: ending });
  }
  const wrong = streamed.ok ? broken3 : streamed.fault;
  if (!streamed.ok || wrong !== void 0) {
    checks.fail("ledger-chain", wrong ?? faultOf(verifyCodes, "LEDGER_UNFINISHED"));
    return void 0;
  }
  if (manifest.final && facts.finished === void 0) {
    checks.fail("ledger-fold", faultOf(verifyCodes, "LEDGER_UNFINISHED"));
  }
  checks.pass("ledger-chain", `${head.sequence} events, head ${head.hash}`);
  const digest2 = digestOfHex(streamed.value.sha256);
  const ofPlan = order2 === void 0 || outputs === void 0 || egress2 === void 0 ? {} : { records: order2.records, outputs, egress: egress2 };
  return { facts, gates, head, digest: digest2, ...ofPlan };
}
function report(wrong, line, checks) {
  if (wrong?.check === "nodes") {
    checks.fail("plan-nodes", faultOf(verifyCodes, "NODE_UNKNOWN", { line, problem: wrong.problem }));
  } else if (wrong?.check === "size") {
    checks.fail("plan-nodes", faultOf(verifyCodes, "INSTANCES_TOO_MANY", { line, problem: wrong.problem }));
  } else if (wrong !== void 0) {
    checks.fail("order", faultOf(verifyCodes, "ORDER_VIOLATED", { line, problem: wrong.problem }));
  }
}

// src/verify/check-list.ts
var CHECK_NAMES = [
  "sizes",
  "trust-root",
  "envelope",
  "payload-type",
  "signature",
  "role",
  "window",
  "revocation",
  "quorum",
  "payload",
  "schema",
  "subject",
  "bindings",
  "plan-hash",
  "manifest",
  "ledger-chain",
  "ledger-fold",
  "statement",
  "outputs",
  "artifacts",
  "pack",
  "pack-source",
  "pack-attestation",
  "sbom",
  "inputs-lock",
  "plan",
  "plan-nodes",
  "order",
  "conditions",
  "reuse",
  "run-request",
  "approval-requests",
  "approvals",
  "policies",
  "outcome",
  "redaction",
  "egress",
  "anchor",
  "freshness"
];
var CheckList = class {
  #found = /* @__PURE__ */ new Map();
  #more = /* @__PURE__ */ new Map();
  /** A failure stands; a stale finding is only replaced by a failure. */
  pass(name2, why) {
    if (!this.#found.has(name2)) {
      this.#found.set(name2, { name: name2, status: "pass", why });
    }
  }
  skip(name2, why) {
    if (!this.#found.has(name2)) {
      this.#found.set(name2, { name: name2, status: "skipped", why });
    }
  }
  stale(name2, fault) {
    const before = this.#found.get(name2)?.status;
    if (before !== "fail" && before !== "stale") {
      this.#found.set(name2, { name: name2, status: "stale", code: fault.code, why: fault.message });
    }
  }
  /** The first failure of a check is what it reports; further ones are counted. */
  fail(name2, fault) {
    if (this.failed(name2)) {
      this.#more.set(name2, (this.#more.get(name2) ?? 0) + 1);
    } else {
      this.#found.set(name2, { name: name2, status: "fail", code: fault.code, why: fault.message });
    }
  }
  failed(name2) {
    return this.#found.get(name2)?.status === "fail";
  }
  /** All checks in their order. */
  report() {
    return CHECK_NAMES.map((name2) => {
      const check = this.#found.get(name2) ?? { name: name2, status: "skipped", why: "not reached" };
      const more = this.#more.get(name2);
      return more === void 0 ? check : { ...check, why: `${check.why} (and ${more} more)` };
    });
  }
};

// src/evidence/evidence-manifest.ts
var hex = string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" });
var fileShape = object({
  path: string({ min: 1, max: 255 }),
  sha256: hex,
  size: integer({ min: 0 }),
  mediaType: string({ min: 1 }),
  role: literal(...ROLES)
});
var verifierShape = object({ name: string({ min: 1 }), version: string({ min: 1 }), digest: digest() });
var evidenceManifestShape = object({
  schema: literal("packrun.evidence/v1"),
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  plan: object({ hash: digest(), canonicalPlanPath: literal("plan.canonical.json") }),
  final: boolean(),
  hashes: array(fileShape),
  verifier: verifierShape
});

// src/verify/check-manifest.ts
var NEEDED = [PLAN_PATH, INPUTS_LOCK_PATH, LEDGER_PATH, PACK_MANIFEST_PATH];
var OF_AN_END = [OUTPUTS_PATH, EGRESS_PATH];
async function readManifest(reader, sha256) {
  const bytes = await reader.document(MANIFEST_PATH);
  if (!bytes.ok) {
    return bytes;
  }
  const read = readCanonicalJson(bytes.value, MANIFEST_PATH);
  if (!read.ok) {
    return invalid("it is not canonical JSON");
  }
  const [misfit2] = misfitsOf(evidenceManifestShape, read.value);
  if (misfit2 !== void 0) {
    return invalid(describeMisfit(misfit2));
  }
  const manifest = read.value;
  const wrong = listProblem(manifest);
  if (wrong !== void 0) {
    return invalid(wrong);
  }
  return ok({ manifest, digest: digestOf(bytes.value, sha256) });
}
function listProblem({ hashes, plan, planHash, final }) {
  if (plan.hash !== planHash) {
    return "plan.hash is not planHash";
  }
  for (const [at, file] of hashes.entries()) {
    const before = hashes[at - 1];
    if (before !== void 0 && compareUtf8(before.path, file.path) >= 0) {
      return `${shown2(file.path)} is listed twice or out of order`;
    }
    if (roleOf(file.path) !== file.role) {
      return `${shown2(file.path)} has no such name or role in a bundle`;
    }
    if (file.role !== "artifact" && mediaTypeOf(file.path) !== file.mediaType) {
      return `${shown2(file.path)} has another media type`;
    }
  }
  const paths = new Set(hashes.map((file) => file.path));
  const absent = (final ? [...NEEDED, OUTPUTS_PATH] : NEEDED).find((path) => !paths.has(path));
  if (absent !== void 0) {
    return `${absent} is not listed`;
  }
  const early = final ? void 0 : OF_AN_END.find((path) => paths.has(path));
  return early === void 0 ? void 0 : `a snapshot lists ${early}`;
}
async function checkFiles(manifest, reader, checks) {
  const listed = /* @__PURE__ */ new Set([MANIFEST_PATH, ATTESTATION_PATH]);
  for (const file of manifest.hashes) {
    listed.add(file.path);
    const present = reader.files.get(file.path);
    if (present === void 0) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path: file.path }));
      continue;
    }
    if (present.size === file.size && reader.seen(file.path) === void 0) {
      const streamed = await reader.stream(file.path, () => void 0);
      if (!streamed.ok) {
        checks.fail("manifest", streamed.fault);
        continue;
      }
    }
    const seen = reader.seen(file.path);
    if (seen?.sha256 !== file.sha256 || seen.size !== file.size) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_CHANGED", { path: file.path }));
    }
  }
  for (const path of [...reader.files.keys()].toSorted(compareUtf8)) {
    if (!listed.has(path)) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_EXTRA", { path: shown2(path) }));
    }
  }
  checks.pass("manifest", `${manifest.hashes.length} files, none missing, none extra, none different`);
}
function invalid(problem) {
  return fail(faultOf(bundleCodes, "EVIDENCE_MANIFEST_INVALID", { problem }));
}

// src/verify/check-outcome.ts
function checkOutcome(given) {
  const { checks, ledger } = given;
  const { finished, stops } = ledger.facts;
  if (finished === void 0) {
    checks.skip("outcome", "the ledger has no end");
    return;
  }
  const broken3 = ["plan-nodes", "order"].find((name2) => checks.failed(name2));
  if (broken3 !== void 0) {
    checks.skip("outcome", `nothing follows from steps that are wrong: ${broken3} failed`);
    return;
  }
  const { failure, cutShort } = readSteps(given);
  const found = `${finished.status}${finished.reason === void 0 ? "" : ` (${finished.reason})`}`;
  const allowed = [
    ...failure === void 0 ? [] : [`failed (${failure})`],
    ...stops.has("cancel") ? ["cancelled (RUN_CANCELLED)"] : [],
    ...stops.has("wallClock") ? ["failed (RUN_WALL_CLOCK)"] : [],
    ...stops.has("drift") ? ["failed (PLAN_DRIFT)"] : []
  ];
  const wasRefused = failure === void 0 && cutShort && stops.size === 0 && finished.status === "failed";
  const wasGood = failure === void 0 && !cutShort && !stops.has("drift");
  const fits2 = allowed.includes(found) || wasGood && found === "succeeded" || wasRefused && found !== "failed";
  if (!fits2) {
    const expected = wasGood ? "succeeded" : allowed[0] ?? "failed";
    checks.fail("outcome", faultOf(verifyCodes, "OUTCOME_MISMATCH", { found, expected }));
  }
  checks.pass("outcome", `${found}, as the steps say`);
}
function readSteps({ ledger }) {
  const { records } = ledger;
  let failure;
  let cutShort = false;
  for (const [id, node] of records.instances()) {
    const record2 = records.record(id);
    const status = records.finalStatusOf(id);
    const shielded = node.continueOnError || [...records.around(id)].some(([, around]) => around.continueOnError);
    const own = record2?.status === "failed";
    if (own && !shielded) {
      failure ??= record2.reason ?? "";
    }
    cutShort ||= status === "cancelled" && !shielded || status === "skipped" && record2?.reason === "RUN_STOPPING";
  }
  return { failure, cutShort };
}

// src/attest/pack-bundle.ts
var text6 = string({ min: 1 });
var packBundleShape = object(
  {
    name: text6,
    version: text6,
    packDigest: digest(),
    trustDomain: trustDomainShape,
    referrers: array(object({ digest: digest(), artifactType: text6 })),
    createdAt: timestamp()
  },
  { plan: object({ hash: digest(), canonicalPlanPath: text6 }) }
);
var packBundlePredicate = {
  type: `${PREDICATE_BASE}pack-bundle/v1`,
  shape: packBundleShape,
  maxSubjects: 1
};

// src/layout/codes.ts
var AGAIN2 = "Take the file from its publisher again, and find out who changed it.";
var layoutCodes = codeTable({
  PACK_CLAIM_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the publisher attests another {member} than the pack here has",
    hint: "do not use this file",
    explanation: {
      cause: "Name, version, pack digest and trust domain are attested and must be those of the bundle.",
      example: "an attestation for version 1.0.0 in a bundle of 1.1.0",
      fix: AGAIN2
    }
  },
  PACK_REFERRERS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "what came with the pack is not what its publisher put in: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "The publisher's attestation lists everything that came with the pack; something was taken out, put in or exchanged.",
      example: "a bundle whose SBOM was stripped",
      fix: AGAIN2
    }
  },
  PACK_SBOM_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM of the pack cannot be read: {problem}",
    hint: "make the bundle again with `packrun bundle create`",
    explanation: {
      cause: "The SBOM is canonical JSON of CycloneDX 1.6 with the members that packrun writes.",
      example: "an SBOM of another tool or version",
      fix: AGAIN2
    }
  },
  PACK_SBOM_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM does not match the pack: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "Every file of the pack is in the SBOM with its digest, and nothing else is.",
      example: "a file that was added to the pack after its SBOM was made",
      fix: AGAIN2
    }
  },
  PACK_SBOM_TOOLS: {
    severity: "error",
    exitCode: 7,
    message: "the SBOM does not name the tools of the pack: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "Every program that a plan of the pack names is in the SBOM, marked with what it is used for, and no other: commands, shells and policy modules, by digest where they are files of the pack.",
      example: "a step that runs curl, of which the SBOM does not speak",
      fix: AGAIN2
    }
  },
  PACK_SBOM_UNATTESTED: {
    severity: "error",
    exitCode: 7,
    message: "nobody attests the SBOM of the pack: {problem}",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "The SBOM counts with an attestation of the publisher that holds these very bytes.",
      example: "a bundle whose second attestation was stripped",
      fix: "Make it with `packrun bundle create PACK --key KEY`."
    }
  }
});

// src/layout/publisher.ts
var PUBLISHER_ROLE = "pack-publisher";
var BOUND = ["name", "version", "packDigest", "trustDomain"];
function checkClaim(claim, expected) {
  const other = BOUND.find((member) => claim[member] !== expected[member]);
  return other === void 0 ? ok(void 0) : fail(faultOf(layoutCodes, "PACK_CLAIM_MISMATCH", { member: other }));
}
function checkClaimed(claim, { digest: digest2, artifactType }) {
  const isListed = claim.referrers.some((each) => each.digest === digest2 && each.artifactType === artifactType);
  const problem = `the publisher put in no ${artifactType} that is this one`;
  return isListed ? ok(void 0) : fail(faultOf(layoutCodes, "PACK_REFERRERS_MISMATCH", { problem }));
}

// src/pack/pack-files.ts
var PACK_FILE = "pack.yaml";
var MAX_PACK_FILE = 8 * 1024 * 1024;
function treeDigest(listing, sha256) {
  return digestOfJson(listing, sha256);
}

// src/layout/pack-tools.ts
var TOOL_USES = ["command", "policy", "shell"];

// src/layout/pack-sbom.ts
var text7 = string({ min: 1 });
var PACK_REF = "pack";
var DIGEST_PROPERTY = "packrun:packDigest";
var TOOL_PROPERTY = "packrun:tool";
var toolProperties = array(object({ name: literal(TOOL_PROPERTY), value: literal(...TOOL_USES) }), {
  min: 1,
  max: TOOL_USES.length
});
var required = literal("required");
var sbomShape = object({
  $schema: literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: literal("CycloneDX"),
  specVersion: literal("1.6"),
  version: literal(1),
  serialNumber: string({ pattern: /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }),
  metadata: object({
    component: object({
      type: literal("application"),
      name: text7,
      version: text7,
      "bom-ref": literal(PACK_REF),
      properties: array(object({ name: literal(DIGEST_PROPERTY), value: text7 }), { min: 1, max: 1 })
    })
  }),
  components: array(
    tagged("type", {
      file: object(
        {
          type: literal("file"),
          name: text7,
          "bom-ref": text7,
          hashes: array(object({ alg: literal("SHA-256"), content: text7 }), { min: 1, max: 1 })
        },
        { scope: required, properties: toolProperties }
      ),
      application: object({
        type: literal("application"),
        name: text7,
        "bom-ref": text7,
        scope: required,
        properties: toolProperties
      })
    }),
    { min: 1 }
  ),
  dependencies: array(object({ ref: text7 }))
});
var sbomPredicate = {
  type: "https://cyclonedx.org/bom",
  shape: sbomShape,
  maxSubjects: 1,
  takesOlder: true
};
function readSbom(bytes) {
  const read = readCanonicalJson(bytes, "SBOM");
  if (!read.ok) {
    return fail(faultOf(layoutCodes, "PACK_SBOM_INVALID", { problem: read.fault.message }));
  }
  const [misfit2] = misfitsOf(sbomShape, read.value);
  return misfit2 === void 0 ? ok(read.value) : fail(faultOf(layoutCodes, "PACK_SBOM_INVALID", { problem: describeMisfit(misfit2) }));
}
function checkSbom(sbom, { name: name2, version: version2, packDigest, listing }) {
  const { component } = sbom.metadata;
  const stated = component.properties[0]?.value;
  if (component.name !== name2 || component.version !== version2 || stated !== packDigest) {
    return mismatch("it is of another pack");
  }
  const left = new Map(listing.map((file) => [file.path, file.sha256]));
  for (const component2 of sbom.components) {
    if (component2.type !== "file") {
      continue;
    }
    const { name: path, hashes } = component2;
    const sha256 = left.get(path);
    if (sha256 === void 0) {
      return mismatch(`"${path}" is listed twice or is not in the pack`);
    }
    if (hashes[0]?.content !== sha256) {
      return mismatch(`"${path}" has another digest`);
    }
    left.delete(path);
  }
  const [missing] = left.keys();
  return missing === void 0 ? ok(void 0) : mismatch(`"${missing}" is not listed`);
}
function mismatch(problem) {
  return fail(faultOf(layoutCodes, "PACK_SBOM_MISMATCH", { problem }));
}

// src/layout/oci.ts
var IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
var IMAGE_INDEX = "application/vnd.oci.image.index.v1+json";
var PACK_ARTIFACT = "application/vnd.packrun.pack.v1+json";
var PACK_FILE_MEDIA_TYPE = "application/vnd.packrun.pack.file.v1";
var EMPTY_MEDIA_TYPE = "application/vnd.oci.empty.v1+json";
var TITLE = "org.opencontainers.image.title";
var MODE = "dev.packrun.file.mode";
var VERSION = "org.opencontainers.image.version";
var REF_NAME = "org.opencontainers.image.ref.name";
var NAME2 = "dev.packrun.pack.name";
var PACK_DIGEST = "dev.packrun.pack.digest";
var CONTENT = "dev.sigstore.bundle.content";
var PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";
var LAYOUT_BYTES = canonicalBytes({ imageLayoutVersion: "1.0.0" });
var EMPTY_CONFIG = encodeUtf8("{}");
var REFERRER_KINDS = [
  "sbom",
  "sbom-attestation",
  "spdx",
  "spdx3",
  "revocations",
  "plan",
  "inputs-lock",
  "publisher"
];
var ATTACHMENT_KINDS = ["spdx", "spdx3"];
function attestationForm(title, predicateType) {
  return {
    artifactType: BUNDLE_MEDIA_TYPE,
    annotations: { [CONTENT]: "dsse-envelope", [PREDICATE_TYPE]: predicateType },
    files: [{ title, mediaType: BUNDLE_MEDIA_TYPE }]
  };
}
var CYCLONEDX = "application/vnd.cyclonedx+json";
var SPDX = "application/spdx+json";
var SPDX3 = "application/spdx3+json";
var REVOCATIONS = "application/vnd.packrun.revocations.v1+json";
var PLAN = "application/vnd.packrun.plan.v1+json";
var INPUTS_LOCK = "application/vnd.packrun.inputs-lock.v1+json";
var REFERRER_FORMS = {
  sbom: { artifactType: CYCLONEDX, files: [{ title: "pack.sbom.cdx.json", mediaType: CYCLONEDX }] },
  "sbom-attestation": attestationForm("pack.sbom.cdx.json.sigstore.json", sbomPredicate.type),
  spdx: { artifactType: SPDX, files: [{ title: "pack.spdx.json", mediaType: SPDX }] },
  spdx3: { artifactType: SPDX3, files: [{ title: "pack.spdx3.json", mediaType: SPDX3 }] },
  revocations: {
    artifactType: REVOCATIONS,
    files: [
      { title: "revocations.json", mediaType: REVOCATIONS },
      { title: "revocations.json.sigstore.json", mediaType: BUNDLE_MEDIA_TYPE }
    ]
  },
  plan: { artifactType: PLAN, files: [{ title: "plan.canonical.json", mediaType: PLAN }] },
  "inputs-lock": { artifactType: INPUTS_LOCK, files: [{ title: "inputs.lock", mediaType: INPUTS_LOCK }] },
  publisher: attestationForm("pack.attestation.sigstore.json", packBundlePredicate.type)
};
var text8 = string({ min: 1 });
var size = integer({ min: 0 });
var emptyConfigShape = object({ mediaType: literal(EMPTY_MEDIA_TYPE), digest: digest(), size: literal(2) });
var packAnnotationsShape = object({
  [NAME2]: string({ pattern: PACK_NAME, expected: "the name of a pack" }),
  [PACK_DIGEST]: digest(),
  [VERSION]: string({ pattern: SEM_VER, expected: "a semantic version" })
});
var packManifestShape = object({
  schemaVersion: literal(2),
  mediaType: literal(IMAGE_MANIFEST),
  artifactType: literal(PACK_ARTIFACT),
  config: emptyConfigShape,
  layers: array(
    object({
      mediaType: literal(PACK_FILE_MEDIA_TYPE),
      digest: digest(),
      size,
      annotations: object({ [MODE]: literal("644", "755"), [TITLE]: text8 })
    }),
    { min: 1 }
  ),
  annotations: packAnnotationsShape
});
var referrerDescriptor = object({
  mediaType: literal(IMAGE_MANIFEST),
  digest: digest(),
  size,
  artifactType: text8,
  annotations: object({ [REF_NAME]: text8 })
});
var indexShape = object({
  schemaVersion: literal(2),
  mediaType: literal(IMAGE_INDEX),
  manifests: array(referrerDescriptor, { min: 1, max: 1 + REFERRER_KINDS.length })
});
var referrerManifestShape = object(
  {
    schemaVersion: literal(2),
    mediaType: literal(IMAGE_MANIFEST),
    artifactType: text8,
    config: emptyConfigShape,
    subject: object({ mediaType: literal(IMAGE_MANIFEST), digest: digest(), size }),
    layers: array(object({ mediaType: text8, digest: digest(), size, annotations: object({ [TITLE]: text8 }) }), {
      min: 1,
      max: 2
    })
  },
  { annotations: object({ [CONTENT]: text8, [PREDICATE_TYPE]: text8 }) }
);
function blobPath(named) {
  return `blobs/sha256/${hexOf(named)}`;
}
function blobOf(bytes, sha256) {
  return { digest: digestOf(bytes, sha256), size: bytes.length };
}
function packManifest({ name: name2, version: version2, packDigest, listing }, sha256) {
  const manifest = {
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    artifactType: PACK_ARTIFACT,
    config: emptyConfig(sha256),
    layers: listing.map((file) => ({
      mediaType: PACK_FILE_MEDIA_TYPE,
      digest: digestOfHex(file.sha256),
      size: file.size,
      annotations: { [MODE]: file.mode, [TITLE]: file.path }
    })),
    annotations: { [NAME2]: name2, [PACK_DIGEST]: packDigest, [VERSION]: version2 }
  };
  return manifestOf(manifest, { artifactType: PACK_ARTIFACT, refName: version2 }, sha256);
}
function contentOf(manifest, sha256) {
  const listing = manifest.layers.map(({ digest: named, size: length, annotations }) => ({
    path: annotations[TITLE],
    mode: annotations[MODE],
    size: length,
    sha256: hexOf(named)
  }));
  const { [NAME2]: name2, [VERSION]: version2 } = manifest.annotations;
  return { name: name2, version: version2, listing, packDigest: treeDigest(listing, sha256) };
}
function referrerManifest(kind, subject, files, sha256) {
  const { artifactType, annotations, files: forms } = REFERRER_FORMS[kind];
  const manifest = {
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    artifactType,
    config: emptyConfig(sha256),
    subject: { mediaType: IMAGE_MANIFEST, digest: subject.digest, size: subject.size },
    layers: files.map((file, at) => ({
      mediaType: forms[at]?.mediaType,
      digest: file.digest,
      size: file.size,
      annotations: { [TITLE]: forms[at]?.title }
    })),
    ...annotations === void 0 ? {} : { annotations }
  };
  return manifestOf(manifest, { artifactType, refName: `${subject.refName}.${kind}` }, sha256);
}
function indexBytes(manifests) {
  return canonicalBytes({
    schemaVersion: 2,
    mediaType: IMAGE_INDEX,
    manifests: manifests.map(({ digest: named, size: length, artifactType, refName }) => ({
      mediaType: IMAGE_MANIFEST,
      digest: named,
      size: length,
      artifactType,
      annotations: { [REF_NAME]: refName }
    }))
  });
}
function filesOfKind(kind) {
  return REFERRER_FORMS[kind].files.length;
}
function kindOfReferrer(manifest) {
  return REFERRER_KINDS.find((kind) => {
    const { artifactType, annotations } = REFERRER_FORMS[kind];
    const predicateType = manifest.annotations?.[PREDICATE_TYPE];
    return artifactType === manifest.artifactType && annotations?.[PREDICATE_TYPE] === predicateType;
  });
}
function emptyConfig(sha256) {
  return { mediaType: EMPTY_MEDIA_TYPE, digest: digestOf(EMPTY_CONFIG, sha256), size: 2 };
}
function manifestOf(value, named, sha256) {
  const bytes = canonicalBytes(value);
  return { ...blobOf(bytes, sha256), ...named, bytes };
}

// src/verify/pack-listing.ts
var listingShape = array(
  object({
    path: string({ min: 1 }),
    mode: literal("644", "755"),
    size: integer({ min: 0 }),
    sha256: string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" })
  }),
  { min: 1 }
);
function readPackListing(bytes) {
  const invalid2 = (problem) => fail(faultOf(verifyCodes, "PACK_LISTING_INVALID", { problem }));
  const read = readCanonicalJson(bytes, "listing");
  if (!read.ok) {
    return invalid2("it is not canonical JSON");
  }
  const [misfit2] = misfitsOf(listingShape, read.value);
  if (misfit2 !== void 0) {
    return invalid2(describeMisfit(misfit2));
  }
  const listing = read.value;
  const isSorted = listing.every(({ path }, at) => at === 0 || compareUtf8(listing[at - 1]?.path ?? "", path) < 0);
  return isSorted ? ok(listing) : invalid2("its files are not sorted, or one comes twice");
}

// src/verify/signed-image.ts
async function signedImage({ reader, plan, sha256 }) {
  const bytes = await reader.document(PACK_MANIFEST_PATH);
  if (!bytes.ok) {
    return bytes;
  }
  const listing = readPackListing(bytes.value);
  if (!listing.ok) {
    return listing;
  }
  const { name: name2, version: version2 } = plan.pack;
  const pack = { name: name2, version: version2, listing: listing.value, packDigest: digestOf(bytes.value, sha256) };
  return ok({ pack, image: packManifest(pack, sha256) });
}
function checkPublished(given, { image }, signed) {
  const { trustRoot, revocations, at, timestamps, verifySignature, sha256, plan } = given;
  return checkSigned({
    ...signed,
    file: image.digest,
    roles: [PUBLISHER_ROLE],
    scope: { pack: plan.pack.name },
    trustRoot,
    revocations,
    at,
    timestamps,
    verifySignature,
    sha256
  });
}

// src/verify/check-pack-attestation.ts
async function checkPackAttestation(given) {
  const { checks, reader, trustRoot, plan, manifest } = given;
  if (!reader.has(PACK_ATTESTATION_PATH)) {
    sayUnattested(given);
    return void 0;
  }
  if (trustRoot === void 0) {
    checks.skip("pack-attestation", "no trust root to check it with");
    return void 0;
  }
  const image = await signedImage(given);
  const sidecar = image.ok ? await reader.document(PACK_ATTESTATION_PATH) : image;
  if (!image.ok || !sidecar.ok) {
    const broken3 = image.ok ? sidecar : image;
    if (!broken3.ok) {
      checks.fail("pack-attestation", broken3.fault);
    }
    return void 0;
  }
  const own = { sidecar: sidecar.value, profile: "own", predicate: packBundlePredicate };
  const signed = await checkPublished({ ...given, trustRoot }, image.value, own);
  if (signed.status === "fail") {
    checks.fail("pack-attestation", { code: signed.code, message: signed.why });
    return void 0;
  }
  const claim = signed.statement.predicate;
  const { name: name2, version: version2, digest: packDigest } = plan.pack;
  const claimed = checkClaim(claim, { name: name2, version: version2, packDigest, trustDomain: manifest.trustDomain });
  if (!claimed.ok) {
    checks.fail("pack-attestation", claimed.fault);
    return void 0;
  }
  if (signed.status === "stale") {
    checks.stale("pack-attestation", { code: signed.code, message: signed.why });
  }
  checks.pass("pack-attestation", `published by ${signed.principal} (${signed.keyid})`);
  return claim;
}
function sayUnattested({ checks, ledger, requireDsse }) {
  const isRegistered = ledger.facts.created?.packSource === "registry";
  if (isRegistered && requireDsse) {
    checks.fail("pack-attestation", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: PACK_ATTESTATION_PATH }));
  }
  const why = isRegistered ? "the runner took the pack from its registry, and nothing here shows who published it" : "there is none";
  checks.skip("pack-attestation", `unsigned: ${why}`);
}

// src/plan/plan-file-codes.ts
var planFileCodes = codeTable({
  PLAN_FILE: {
    severity: "error",
    exitCode: 6,
    message: "{file} is no plan: {problem}",
    hint: "use the file exactly as packrun wrote it; any edit makes it another plan",
    explanation: {
      cause: "The file is not the canonical JSON of a plan: it was edited, cut off, or is something else.",
      example: "a plan that an editor reformatted",
      fix: "Take the plan from its source again, or compile it anew with `packrun plan`."
    }
  },
  INPUTS_LOCK_FILE: {
    severity: "error",
    exitCode: 6,
    message: "inputs.lock is no inputs lock: {problem}",
    hint: "use the file exactly as packrun wrote it; any edit makes it another one",
    explanation: {
      cause: "The file is not the canonical JSON of an inputs lock, or a value in it is not that of its digest.",
      example: "an inputs.lock in which a value was changed by hand",
      fix: "Take the file from its source again, or plan anew."
    }
  }
});

// src/plan/read-plan.ts
function readPlan(bytes, file = "plan.canonical.json") {
  const read = readCanonicalJson(bytes, file);
  if (!read.ok) {
    return fail(faultOf(planFileCodes, "PLAN_FILE", { file, problem: read.fault.message }));
  }
  const [misfit2] = misfitsOf(planShape, read.value);
  return misfit2 === void 0 ? ok(read.value) : fail(faultOf(planFileCodes, "PLAN_FILE", { file, problem: describeMisfit(misfit2) }));
}

// src/verify/check-plan.ts
async function checkPlan(given) {
  const { checks, reader, manifest, sha256 } = given;
  const bytes = await reader.document(PLAN_PATH);
  if (!bytes.ok) {
    checks.fail("plan", bytes.fault);
    return void 0;
  }
  const found = digestOf(bytes.value, sha256);
  if (found !== manifest.planHash) {
    const data = { found, expected: manifest.planHash };
    checks.fail("plan", faultOf(verifyCodes, "PLAN_BYTES_MISMATCH", data));
  }
  const plan = readPlan(bytes.value);
  if (!plan.ok) {
    checks.fail("plan", plan.fault);
    return void 0;
  }
  const tree = planTree(plan.value);
  if (typeof tree === "string") {
    checks.fail("plan", faultOf(verifyCodes, "PLAN_REFUSED", { problem: tree }));
    return void 0;
  }
  checks.pass("plan", `canonical, ${found}`);
  return { ...given, plan: plan.value, tree };
}
function checkAssertedPlan({ checks, manifest }, asserted) {
  const found = manifest.planHash;
  if (asserted === void 0) {
    checks.skip("plan-hash", "no hash was asserted with --plan-hash");
  } else if (asserted === found) {
    checks.pass("plan-hash", "the plan is the asserted one");
  } else {
    checks.fail("plan-hash", faultOf(verifyCodes, "ASSERTED_PLAN_MISMATCH", { found, expected: asserted }));
  }
}

// src/run/policy-context-path.ts
var LONGEST = 90;
function policyContextPath(stepId2, sha256) {
  const bytes = encodeUtf8(stepId2);
  return `policies/${bytes.length > LONGEST ? hexOf(digestOf(bytes, sha256)) : stepId2}.json`;
}

// src/verify/check-policies.ts
async function checkPolicies(given) {
  const { checks, ledger } = given;
  for (const [gate, digest2] of [...ledger.gates.contexts].toSorted(([a], [b]) => compareUtf8(a, b))) {
    const problem = await contextProblem(given, gate, digest2);
    if (problem !== void 0) {
      checks.fail("policies", faultOf(verifyCodes, "POLICY_CONTEXT_MISMATCH", { gate, problem }));
    }
  }
  const { size: size2 } = ledger.gates.contexts;
  checks.pass(
    "policies",
    size2 === 0 ? "no policy was evaluated" : `${counted(size2, "context")}, each the recorded one`
  );
}
async function contextProblem({ reader, sha256 }, gate, digest2) {
  const bytes = await reader.document(policyContextPath(gate, sha256));
  if (!bytes.ok) {
    return bytes.fault.message;
  }
  if (digestOf(bytes.value, sha256) !== digest2) {
    return "the ledger names another context";
  }
  return readCanonicalJson(bytes.value, "context").ok ? void 0 : "its context is not canonical JSON";
}
function checkNamed({ checks, manifest, ledger, sha256 }) {
  const named = /* @__PURE__ */ new Set();
  for (const [id, { opened, decisions }] of ledger.gates.gates) {
    const request = gateRequestPath(id, sha256);
    [request, request + SIDECAR].forEach((path) => opened !== void 0 && named.add(path));
    decisions.forEach(({ number: number2 }) => named.add(gateResponsePath(id, number2, sha256)));
  }
  for (const id of ledger.gates.contexts.keys()) {
    named.add(policyContextPath(id, sha256));
  }
  for (const { path, role } of manifest.hashes) {
    const ofGate = role === "approval-request" || role === "approval";
    if ((ofGate || role === "policy-context") && !named.has(path)) {
      checks.fail(ofGate ? "approvals" : "policies", faultOf(bundleCodes, "EVIDENCE_FILE_UNNAMED", { path }));
    }
  }
}

// src/attest/revocation-claim.ts
var revocationClaimShape = object({ trustDomain: trustDomainShape, sequence: integer({ min: 1 }) });
var revocationListPredicate = {
  type: `${PREDICATE_BASE}revocation-list/v1`,
  shape: revocationClaimShape,
  maxSubjects: 1
};

// src/trust/check-revocations.ts
var HOUR_MS = 36e5;
async function checkRevocations({ list, sidecar }, tools) {
  const read = readRevocations(list, tools.sha256);
  if (!read.ok) {
    return read;
  }
  const { trustDomain, sequence } = read.value.document;
  const expected = tools.trustRoot.document.trustDomain;
  if (trustDomain !== expected) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_DOMAIN", { found: trustDomain, expected }));
  }
  if (sidecar === void 0) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_UNSIGNED"));
  }
  const signed = await checkSigned({
    ...tools,
    sidecar,
    profile: "own",
    file: read.value.digest,
    predicate: revocationListPredicate,
    roles: ["revoker"],
    scope: {},
    // What revokes is not held against itself: a revoker may revoke the very key that signs.
    revocations: void 0
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: signed.why });
  }
  const claim = signed.statement.predicate;
  const signer = tools.trustRoot.keys.get(signed.keyid);
  if (signer === void 0) {
    throw new Error("a signature counts only by a key of the root");
  }
  if (claim.trustDomain !== trustDomain || claim.sequence !== sequence) {
    const member = claim.trustDomain === trustDomain ? "sequence" : "trustDomain";
    return fail(faultOf(revocationCodes, "REVOCATIONS_MISMATCH", { member }));
  }
  return ok({ ...read.value, signer });
}
function checkLeastSequence({ document }, root) {
  const { sequence } = document;
  const lowest = root.document.policy?.revocation?.minSequence ?? 0;
  const why = "the trust root's policy says so";
  return sequence < lowest ? fail(faultOf(revocationCodes, "REVOCATIONS_ROLLBACK", { sequence, lowest, why })) : ok(void 0);
}
function revocationsStaleness(list, root, at) {
  const { sequence, nextUpdate, issuedAt } = list.document;
  const stale = (why) => faultOf(revocationCodes, "REVOCATIONS_STALE", { sequence, why });
  if (at >= nextUpdate) {
    return stale(`it was to be renewed by ${nextUpdate}`);
  }
  const hours = root.document.policy?.revocation?.maxAgeHours;
  const age = (millisecondsOf(at) ?? 0) - (millisecondsOf(issuedAt) ?? 0);
  if (hours !== void 0 && age >= hours * HOUR_MS) {
    return stale(`it was issued at ${issuedAt}, and the trust root takes none of ${hours} hours or older`);
  }
  const window = checkKeyWindow(list.signer, at);
  return window.ok ? void 0 : window.fault;
}

// src/verify/check-revocation.ts
async function checkRevocation(given, site, pack) {
  const { checks, reader, requireDsse, trustRoot, manifest } = given;
  if (requireDsse && !reader.has(REVOCATIONS_PATH + SIDECAR)) {
    checks.fail("revocation", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: REVOCATIONS_PATH + SIDECAR }));
  }
  if (trustRoot === void 0) {
    checks.skip("revocation", "no trust root to check it with");
    return given;
  }
  const rooted = { ...given, trustRoot };
  const own = await signedList(rooted, site);
  const files = await bundledFiles(given);
  if (!files.ok) {
    checks.fail("revocation", files.fault);
  }
  const floor = await signedList(rooted, files.ok ? files.value : void 0);
  const list = inForce(own, floor);
  if (list === void 0) {
    sayNone(rooted);
    return given;
  }
  judgeList(rooted, list);
  const { runId: run, planHash: plan } = manifest;
  const revoked = findRevoked(list, { run, plan, ...pack === void 0 ? {} : { pack } });
  if (revoked !== void 0) {
    checks.fail("revocation", revoked);
  }
  const { sequence, nextUpdate } = list.document;
  const whose = list === own ? "the site's list" : "the bundle's own list";
  checks.pass("revocation", `nothing here is revoked by ${whose}, sequence ${sequence}, good until ${nextUpdate}`);
  return { ...given, revocations: list };
}
async function signedList(given, files) {
  const read = files === void 0 ? void 0 : await checkRevocations(files, given);
  if (read?.ok === false) {
    given.checks.fail("revocation", read.fault);
  }
  return read?.ok === true ? read.value : void 0;
}
async function bundledFiles({ reader }) {
  const sidecarPath = REVOCATIONS_PATH + SIDECAR;
  if (!reader.has(REVOCATIONS_PATH) && !reader.has(sidecarPath)) {
    return ok(void 0);
  }
  const list = await reader.document(REVOCATIONS_PATH);
  if (!list.ok || !reader.has(sidecarPath)) {
    return list.ok ? ok({ list: list.value }) : list;
  }
  const sidecar = await reader.document(sidecarPath);
  return sidecar.ok ? ok({ list: list.value, sidecar: sidecar.value }) : sidecar;
}
function inForce(own, floor) {
  if (own === void 0 || floor === void 0) {
    return own ?? floor;
  }
  const distrusted = findRevoked(own, { key: floor.signer.key.keyid }) !== void 0;
  return distrusted || floor.document.sequence <= own.document.sequence ? own : floor;
}
function sayNone({ checks, trustRoot }) {
  if (!needsRevocations(trustRoot)) {
    checks.skip("revocation", "no revocation list was given, none is in the bundle, and the trust root demands none");
    return;
  }
  const { trustDomain } = trustRoot.document;
  const why = "its trust root demands one";
  checks.fail("revocation", faultOf(revocationCodes, "REVOCATIONS_MISSING", { trustDomain, why }));
}
function judgeList({ checks, trustRoot, at }, list) {
  const least = checkLeastSequence(list, trustRoot);
  if (!least.ok) {
    checks.fail("revocation", least.fault);
  }
  const stale = revocationsStaleness(list, trustRoot, at);
  if (stale !== void 0) {
    checks.stale("revocation", stale);
  }
}

// src/verify/check-sbom.ts
var SIDECAR_PATH = SBOM_PATH + SIDECAR;
function demandSbom({ checks, reader, requireDsse }) {
  if (requireDsse && !reader.has(SIDECAR_PATH)) {
    checks.fail("sbom", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: SIDECAR_PATH }));
  }
}
async function checkInventory(given, claim) {
  const { checks, reader, trustRoot } = given;
  if (!reader.has(SBOM_PATH)) {
    if (reader.has(SIDECAR_PATH)) {
      checks.fail("sbom", faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path: SBOM_PATH }));
    }
    checks.skip("sbom", "unsigned: there is none");
    return;
  }
  const image = await signedImage(given);
  const bytes = image.ok ? await reader.document(SBOM_PATH) : image;
  const held2 = image.ok && bytes.ok ? await holdSbom(given, image.value, bytes.value, claim) : bytes;
  if (!held2.ok) {
    checks.fail("sbom", held2.fault);
  } else if (!reader.has(SIDECAR_PATH)) {
    checks.skip("sbom", "unsigned");
  } else if (trustRoot === void 0) {
    checks.skip("sbom", "it fits the pack; no trust root to check its signature with");
  } else if (image.ok && bytes.ok) {
    await checkAttested({ ...given, trustRoot }, image.value, bytes.value);
  }
}
async function holdSbom({ reader, plan, sha256 }, { pack, image }, bytes, claim) {
  const sbom = readSbom(bytes);
  const fits2 = sbom.ok ? checkSbom(sbom.value, { ...pack, packDigest: plan.pack.digest }) : sbom;
  if (!fits2.ok || claim === void 0) {
    return fits2;
  }
  const listed = checkClaimed(claim, referrerManifest("sbom", image, [blobOf(bytes, sha256)], sha256));
  if (!listed.ok || !reader.has(SIDECAR_PATH)) {
    return listed;
  }
  const sidecar = await reader.document(SIDECAR_PATH);
  return sidecar.ok ? checkClaimed(claim, referrerManifest("sbom-attestation", image, [blobOf(sidecar.value, sha256)], sha256)) : sidecar;
}
async function checkAttested(given, image, sbom) {
  const { checks, reader } = given;
  const sidecar = await reader.document(SIDECAR_PATH);
  if (!sidecar.ok) {
    checks.fail("sbom", sidecar.fault);
    return;
  }
  const made = { sidecar: sidecar.value, profile: "interop", predicate: sbomPredicate };
  const signed = await checkPublished(given, image, made);
  if (signed.status === "fail") {
    checks.fail("sbom", { code: signed.code, message: signed.why });
    return;
  }
  if (!equalBytes(canonicalBytes(signed.statement.predicate), sbom)) {
    const problem = "another SBOM is attested";
    checks.fail("sbom", faultOf(layoutCodes, "PACK_SBOM_UNATTESTED", { problem }));
  } else if (signed.status === "stale") {
    checks.stale("sbom", { code: signed.code, message: signed.why });
  }
  checks.pass("sbom", `every file of the pack, and no others; attested by ${signed.principal}`);
}

// src/verify/check-snapshot.ts
var OF_AN_END2 = ["statement", "outputs", "artifacts", "redaction", "egress"];
function checkSnapshot({ checks, ledger }, statement) {
  OF_AN_END2.forEach((name2) => checks.skip(name2, "the run had not ended"));
  if (statement === void 0) {
    return;
  }
  const { count: count6, headHash, digest: digest2 } = statement.predicate.ledger;
  const { head } = ledger;
  if (count6 !== head.sequence || headHash !== head.hash || digest2 !== ledger.digest) {
    checks.fail("ledger-fold", faultOf(verifyCodes, "STATEMENT_MISMATCH", { member: "ledger" }));
  }
  checks.pass("ledger-fold", "the ledger so far is the attested one");
}

// src/evidence/pack-run-statement.ts
function packRunOf(sources, sha256) {
  const { identity, plan, facts, steps, files } = sources;
  const { created, started, finished } = facts;
  if (created === void 0 || finished === void 0) {
    return void 0;
  }
  return {
    schemaVersion: 1,
    runId: identity.runId,
    tenantId: identity.tenantId,
    trustDomain: identity.trustDomain,
    planHash: identity.planHash,
    pack: plan.pack,
    packSource: created.packSource,
    inputs: inputDigests(plan, sha256),
    inputsLock: { digest: created.inputsLock },
    outcome: finished.status,
    ...finished.reason === void 0 ? {} : { reason: finished.reason },
    steps,
    approvals: facts.decisions,
    ledger: { count: facts.count, headHash: facts.head, digest: sources.ledgerDigest },
    evidence: {
      manifestDigest: sources.manifestDigest,
      fileCount: files.length,
      totalBytes: files.reduce((total, file) => total + file.size, 0)
    },
    redaction: { policy: plan.security.secretsRedactionPolicy },
    sandbox: { mode: plan.sandbox.mode, enforcement: Object.fromEntries(facts.enforcement) },
    engine: started?.engine ?? sources.sealer,
    requestedAt: timeOf(created.at),
    ...started === void 0 ? {} : { startedAt: timeOf(started.at) },
    completedAt: timeOf(finished.at)
  };
}
function packRunSubjects(manifestDigest, outputs) {
  const further = Object.entries(outputs).toSorted(([a], [b]) => compareUtf8(a, b)).flatMap(
    ([name2, value]) => value.type === "file" || value.type === "directory" ? [{ name: name2, digest: { sha256: hexOf(value.digest) } }] : []
  );
  return [{ name: MANIFEST_PATH, digest: { sha256: hexOf(manifestDigest) } }, ...further];
}
function timeOf(text9) {
  if (!isTimestamp(text9)) {
    throw new Error("an event has no timestamp");
  }
  return text9;
}

// src/verify/check-statement.ts
var MEMBERS = [
  [
    "ledger-fold",
    ["steps", "approvals", "ledger", "engine", "sandbox", "requestedAt", "startedAt", "completedAt"],
    "statuses, decisions, times and outputs of the ledger are the attested ones"
  ],
  [
    "statement",
    ["schemaVersion", "pack", "packSource", "inputs", "inputsLock", "outcome", "reason", "evidence"],
    "every other member is what the bundle shows"
  ],
  ["redaction", ["redaction"], "the attested policy is the plan's"]
];
function checkBindings(given, statement) {
  const { checks, manifest, trustRoot } = given;
  const differ = (what, where, found, expected) => {
    if (found !== expected) {
      checks.fail("bindings", faultOf(verifyCodes, "BINDING_MISMATCH", { what, where, found, expected }));
    }
  };
  if (trustRoot !== void 0) {
    differ("trustDomain", "the bundle", manifest.trustDomain, trustRoot.document.trustDomain);
  }
  if (statement === void 0) {
    checks.skip("bindings", "there is no attestation to rely on");
    return;
  }
  for (const member of ["runId", "tenantId", "trustDomain", "planHash"]) {
    differ(member, "the attestation", statement.predicate[member], manifest[member]);
  }
  const { runId, tenantId, trustDomain } = manifest;
  checks.pass("bindings", `run ${runId}, tenant ${tenantId}, trust domain ${trustDomain}`);
}
function checkStatement(given, statement) {
  const { checks, ledger, manifest, plan, sha256 } = given;
  const sources = {
    identity: manifest,
    plan,
    facts: ledger.facts,
    steps: stepsOf(given),
    ledgerDigest: ledger.digest,
    manifestDigest: given.manifestDigest,
    files: manifest.hashes,
    sealer: statement.predicate.engine
  };
  const expected = packRunOf(sources, sha256);
  const differ = (name2, member) => checks.fail(name2, faultOf(verifyCodes, "STATEMENT_MISMATCH", { member }));
  if (expected === void 0) {
    differ("ledger-fold", "completedAt");
    return;
  }
  const subjects = packRunSubjects(given.manifestDigest, ledger.facts.finished?.outputs ?? {});
  if (canonicalJson(subjects) !== canonicalJson(statement.subject)) {
    differ("ledger-fold", "its subjects");
  }
  for (const [name2, members, why] of MEMBERS) {
    for (const member of members) {
      if (textOf3(expected[member]) !== textOf3(statement.predicate[member])) {
        differ(name2, member);
      }
    }
    checks.pass(name2, why);
  }
}
function textOf3(member) {
  return member === void 0 ? "" : canonicalJson(member);
}
function stepsOf({ ledger }) {
  return [...ledger.records.instances()].map(([id, node]) => ({
    id,
    kind: node.kind,
    status: ledger.records.finalStatusOf(id) ?? "pending"
  }));
}

// src/verify/objections.ts
function failObjections({ trustRoot, revocations }, fail2) {
  if (trustRoot !== void 0) {
    fail2("trust-root", trustRoot);
  }
  if (revocations !== void 0) {
    fail2("revocation", revocations);
  }
}

// src/verify/verdict.ts
function wordOf(checks) {
  if (checks.some((check) => check.status === "fail")) {
    return "failed";
  }
  return checks.some((check) => check.status === "stale") ? "stale" : "verified";
}
function exitCodeOf(verdict) {
  switch (verdict.verdict) {
    case "verified":
      return 0;
    case "failed":
      return 7;
    case "stale":
      return 11;
  }
}

// src/verify/verify.ts
async function verify(source, options, host) {
  const checks = new CheckList();
  failObjections(options.objections ?? {}, (name2, fault) => checks.fail(name2, fault));
  const root = checkRoot(options, host, checks);
  const subject = await checkBundle(source, options, host, checks, root).catch((error) => {
    const problem = readingProblem(error);
    checks.fail("sizes", faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path: "the bundle", problem }));
    return { type: "evidence" };
  });
  const list = checks.report();
  const domain = root === void 0 ? {} : { trustDomain: root.document.trustDomain };
  return { schemaVersion: 1, verdict: wordOf(list), subject, ...domain, checks: list };
}
function checkRoot({ trustRoot: bytes, at }, host, checks) {
  if (bytes === void 0) {
    checks.fail("trust-root", faultOf(verifyCodes, "VERIFY_TRUST_MISSING"));
    return void 0;
  }
  const read = readTrustRoot(bytes, host.sha256);
  if (!read.ok) {
    checks.fail("trust-root", read.fault);
    return void 0;
  }
  const { trustDomain, version: version2, expires } = read.value.document;
  const kind = trustDomain === "development" ? "development trust: made on first use, known to nobody else; " : "";
  checks.pass("trust-root", `${kind}${trustDomain}, version ${version2}`);
  const fresh = checkRootExpiry(read.value, at);
  if (!fresh.ok) {
    checks.stale("freshness", fresh.fault);
  }
  checks.pass("freshness", `the trust root is valid until ${expires}`);
  return read.value;
}
async function checkBundle(source, options, host, checks, trustRoot) {
  const files = await source.list();
  if (!files.ok) {
    checks.fail("sizes", files.fault);
    return { type: "evidence" };
  }
  const reader = new BundleReader(source, files.value, host.startHash);
  const total = files.value.reduce((sum, file) => sum + file.size, 0);
  checks.pass("sizes", `${files.value.length} files, ${total} bytes`);
  const read = await readManifest(reader, host.sha256);
  if (!read.ok) {
    checks.fail("manifest", read.fault);
    if (!reader.has(ATTESTATION_PATH)) {
      checks.fail("envelope", faultOf(verifyCodes, "ATTESTATION_MISSING", { path: ATTESTATION_PATH }));
    }
    return { type: "evidence" };
  }
  const { manifest, digest: manifestDigest } = read.value;
  const { sha256, verifySignature } = host;
  const { at, requireDsse } = options;
  const base = { checks, reader, manifest, manifestDigest, at, requireDsse, sha256, verifySignature, timestamps: [] };
  const given = trustRoot === void 0 ? base : { ...base, trustRoot };
  const timestamps = await checkAnchor(given, options.anchor, host.proveAnchor);
  await checkEvidence({ ...given, timestamps }, options);
  await checkFiles(manifest, reader, checks);
  const { runId, planHash } = manifest;
  return { type: "evidence", runId, planHash, manifestDigest };
}
async function checkEvidence(unheld, options) {
  const { checks, manifest, reader, sha256 } = unheld;
  if (!manifest.final) {
    checks.stale("outcome", faultOf(bundleCodes, "EVIDENCE_NOT_FINAL"));
  }
  const planOf = await checkPlan(unheld);
  const given = await checkRevocation(unheld, options.revocations, planOf?.plan.pack);
  const planned = planOf === void 0 ? void 0 : { ...planOf, ...given };
  const pack = planned?.plan.pack.name;
  const statement = manifest.final ? await checkAttestation(given, packRunPredicate, pack) : void 0;
  const soFar = manifest.final ? void 0 : await checkAttestation(given, evidenceSnapshotPredicate, pack);
  checkBindings(given, statement ?? soFar);
  checkAssertedPlan(given, options.planHash);
  const ledger = await foldLedger(manifest, planned, reader, checks, sha256);
  demandSbom(given);
  const { records, outputs, egress: egress2 } = ledger ?? {};
  if (planned === void 0 || ledger === void 0 || records === void 0 || outputs === void 0 || egress2 === void 0) {
    return;
  }
  const trees = await readTrees(ledger.facts, planned.plan, reader);
  const folded = { ...planned, ledger: { ...ledger, records, outputs, egress: egress2 }, trees };
  sayPlanned(folded);
  if (manifest.final) {
    await checkEnd(folded, statement);
  } else {
    checkSnapshot(folded, soFar);
  }
  await checkPack(folded);
  checkPackSource(folded);
  await checkInventory(folded, await checkPackAttestation(folded));
  await checkInputsLock(folded);
  await checkRunRequest(folded);
  await checkGates(folded);
  await checkPolicies(folded);
  checkNamed(folded);
}
async function checkEnd(folded, statement) {
  if (statement !== void 0) {
    checkStatement(folded, statement);
  }
  await checkOutputs(folded);
  checkArtifacts(folded);
  checkOutcome(folded);
  await checkEgress(folded);
}
function sayPlanned({ checks, ledger, plan }) {
  const { reused } = ledger.facts;
  const nodes = plan.steps.length + plan.finally.length;
  checks.pass("plan-nodes", `every step and expansion is one of the plan's ${nodes} nodes`);
  checks.pass("order", "nothing began before what it needs had let it");
  const runs = [...new Set(reused.values())].join(", ");
  if (reused.size === 0) {
    checks.pass("reuse", "no step was taken over from another run");
  } else {
    checks.skip("reuse", `${reused.size} steps: proven in ${runs}`);
  }
  if (holdsExpression(plan) || Object.keys(plan.policies).length > 0) {
    checks.skip("conditions", "expressions and policies are not evaluated again");
  } else {
    checks.pass("conditions", "the plan has none");
  }
}

// src/app/anchor-path.ts
import { basename, dirname, join } from "node:path";
function anchorPath(bundle) {
  return join(dirname(bundle), `${basename(bundle)}.anchor.sigstore.json`);
}

// src/app/open-bundle.ts
import { open as open3, stat as stat2 } from "node:fs/promises";

// src/app/bundle-folder.ts
import { lstat } from "node:fs/promises";
import { join as join2 } from "node:path";

// src/verify/bundle-source.ts
var MAX_BUNDLE_FILES = 4e5;

// src/app/raw-entries.ts
import { opendir as opendir2 } from "node:fs/promises";
async function* rawEntries(folder) {
  for await (const entry2 of await opendir2(folder, { encoding: "buffer" })) {
    yield entry2;
  }
}

// src/app/read-stretch.ts
import { constants } from "node:fs";
import { open as open2 } from "node:fs/promises";
var CHUNK = 1024 * 1024;
async function* readStretch(handle, start, size2) {
  const buffers = [new Uint8Array(Math.min(CHUNK, size2)), new Uint8Array(Math.min(CHUNK, Math.max(0, size2 - CHUNK)))];
  let at = 0;
  let turn = 0;
  const next = () => {
    const length = Math.min(CHUNK, size2 - at);
    const buffer = buffers[turn % 2];
    if (length === 0 || buffer === void 0) {
      return void 0;
    }
    const reading = readExactly(handle, buffer.subarray(0, length), start + at);
    reading.catch(() => void 0);
    at += length;
    turn += 1;
    return reading;
  };
  let ahead = next();
  try {
    while (ahead !== void 0) {
      const chunk = await ahead;
      ahead = next();
      yield chunk;
    }
  } finally {
    await ahead?.catch(() => void 0);
  }
}
async function* readWhole(path) {
  const handle = await open2(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size: size2 } = await handle.stat();
    yield* readStretch(handle, 0, size2);
  } finally {
    await handle.close();
  }
}
async function readExactly(handle, buffer, start) {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, start + done);
    if (bytesRead === 0) {
      throw new Error("the file ends too early");
    }
    done += bytesRead;
  }
  return buffer;
}

// src/app/bundle-folder.ts
function folderSource(root, limit = MAX_BUNDLE_FILES) {
  return { list: () => listFolder(root, limit), open: (path) => readWhole(join2(root, path)) };
}
async function listFolder(root, limit) {
  const walked = { found: [], left: limit };
  if (!await walk(root, "", walked)) {
    return fail(faultOf(bundleCodes, "BUNDLE_TOO_MANY", { limit }));
  }
  return walked.refused === void 0 ? ok(walked.found) : fail(walked.refused);
}
async function walk(root, under, walked) {
  for await (const entry2 of rawEntries(join2(root, under))) {
    const { name: bytes } = entry2;
    const name2 = decodeUtf8(bytes);
    const path = `${under}${name2 ?? bytes.toString("latin1")}`;
    if (walked.left === 0) {
      return false;
    }
    walked.left -= 1;
    if (name2 === void 0 || !(entry2.isDirectory() || entry2.isFile())) {
      walked.refused ??= faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: shown2(path) });
    } else if (entry2.isFile()) {
      walked.found.push({ path, size: (await lstat(join2(root, path))).size });
    } else if (!await walk(root, `${path}/`, walked)) {
      return false;
    }
  }
  return true;
}

// src/app/bundle-tar.ts
function tarSource(handle, limit = MAX_BUNDLE_FILES) {
  let reading;
  const index = () => {
    reading ??= readIndex(handle, limit).then(
      (read) => read.ok ? ok(new Map(read.value.map((entry2) => [entry2.path, entry2]))) : read
    );
    return reading;
  };
  return {
    list: async () => {
      const read = await index();
      return read.ok ? ok([...read.value.values()].map(({ path, size: size2 }) => ({ path, size: size2 }))) : read;
    },
    open: async function* open5(path) {
      const read = await index();
      const entry2 = read.ok ? read.value.get(path) : void 0;
      if (entry2 === void 0) {
        throw new Error(`${path} is not in the archive`);
      }
      yield* readStretch(handle, entry2.start, entry2.size);
    }
  };
}
async function readIndex(handle, limit) {
  const { size: length } = await handle.stat();
  const entries = [];
  let at = 0;
  for (; ; ) {
    if (at + BLOCK > length) {
      return bad(at, "it ends without two zero blocks");
    }
    const read = readUstarHeader(await readExactly(handle, new Uint8Array(BLOCK), at));
    if (read.kind === "bad") {
      return bad(at, read.problem);
    }
    if (read.kind === "zero") {
      return closeIndex(handle, at, length, entries);
    }
    const { path, size: size2 } = read.entry;
    const end = at + BLOCK + size2;
    const disorder = entries.length === 0 ? void 0 : disorderOf(entries[entries.length - 1]?.path ?? "", path);
    if (disorder !== void 0) {
      return bad(at, disorder);
    }
    if (end + paddingOf(size2) > length) {
      return bad(at, `${path} is cut off`);
    }
    if (!await isZero(handle, end, paddingOf(size2))) {
      return bad(end, `there are bytes between ${path} and the next file`);
    }
    if (entries.length === limit) {
      return fail(faultOf(bundleCodes, "BUNDLE_TOO_MANY", { limit }));
    }
    entries.push({ path, size: size2, start: at + BLOCK });
    at = end + paddingOf(size2);
  }
}
async function closeIndex(handle, at, length, entries) {
  if (length !== at + 2 * BLOCK) {
    return bad(at, length < at + 2 * BLOCK ? "it ends without two zero blocks" : "something follows its end");
  }
  return await isZero(handle, at, 2 * BLOCK) ? ok(entries) : bad(at, "it does not end in two zero blocks");
}
function disorderOf(before, path) {
  if (before === path) {
    return `${path} comes twice`;
  }
  return compareArchived(before, path) < 0 ? void 0 : `${path} is out of order`;
}
function compareArchived(a, b) {
  return placeOf3(a) - placeOf3(b) || compareUtf8(a, b);
}
function placeOf3(path) {
  return path === MANIFEST_PATH ? 0 : path === ATTESTATION_PATH ? 1 : 2;
}
async function isZero(handle, at, length) {
  const bytes = await readExactly(handle, new Uint8Array(length), at);
  return bytes.every((byte) => byte === 0);
}
function bad(at, problem) {
  return fail(faultOf(bundleCodes, "BUNDLE_TAR_INVALID", { at, problem }));
}

// src/app/open-bundle.ts
async function openBundle(path) {
  try {
    const found = await stat2(path);
    if (found.isDirectory()) {
      return ok({ source: folderSource(path), close: () => Promise.resolve() });
    }
    if (found.isFile()) {
      const handle = await open3(path, "r");
      return ok({ source: tarSource(handle), close: () => handle.close() });
    }
  } catch {
  }
  return fail(faultOf(bundleCodes, "BUNDLE_NOT_FOUND", { path }));
}

// src/app/read-bounded.ts
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
var CHUNK_BYTES = 64 * 1024;
async function readBounded(path, most) {
  const chunks = createReadStream(path, { end: most });
  return whole(await Array.fromAsync(chunks), most);
}
function whole(chunks, most) {
  const bytes = Buffer.concat(chunks);
  if (bytes.length > most) {
    throw Object.assign(new Error(`more than ${most} bytes`), { code: "EFBIG" });
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

// src/app/start-node-hash.ts
import { createHash } from "node:crypto";
function startNodeHash() {
  const hash2 = createHash("sha256");
  return { update: (bytes) => void hash2.update(bytes), digest: () => hash2.digest() };
}

// src/canon/spoken-timestamp.ts
var SPOKEN_TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?Z$/;
function spokenTimestamp(text9) {
  const [, seconds, fraction = ""] = SPOKEN_TIMESTAMP.exec(text9) ?? [];
  const full = `${seconds}.${fraction.padEnd(3, "0")}Z`;
  return isTimestamp(full) ? full : void 0;
}

// src/app/verify-options.ts
function readVerifyWords({ planHash, at }, now) {
  const digest2 = planHash === void 0 ? void 0 : parseDigest(planHash);
  if (planHash !== void 0 && digest2 === void 0) {
    const data = { option: "--plan-hash", expected: "sha256: and 64 lower-case hex digits" };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  const time = at === void 0 ? timestampOf(now()) : spokenTimestamp(at);
  if (time === void 0) {
    const data = { option: "--at", expected: "a UTC time, as 2026-01-05T08:00:00Z" };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  return ok({ at: time, ...digest2 === void 0 ? {} : { planHash: digest2 } });
}

// src/app/verify-evidence.ts
async function verifyEvidence(request, tools) {
  const { path, trustRoot, requireDsse = false, revocations, objections = {} } = request;
  const words = readVerifyWords(request, tools.now);
  if (!words.ok) {
    return words;
  }
  const files = typeof revocations === "string" ? await readRevocationFiles(revocations) : ok(revocations);
  if (!files.ok) {
    return files;
  }
  const anchor = tools.proveAnchor === void 0 ? ok(void 0) : await readAnchor(path);
  if (!anchor.ok) {
    return anchor;
  }
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return bundle;
  }
  const options = {
    ...words.value,
    requireDsse,
    objections,
    ...trustRoot === void 0 ? {} : { trustRoot },
    ...files.value === void 0 ? {} : { revocations: files.value },
    ...anchor.value === void 0 ? {} : { anchor: anchor.value }
  };
  try {
    const { now: _, ...host } = tools;
    return ok(await verify(bundle.value.source, options, { ...host, startHash: startNodeHash }));
  } finally {
    await bundle.value.close();
  }
}
async function readRevocationFiles(path) {
  const list = await readUpTo(path, DOCUMENT_LIMIT);
  const beside = path + SIDECAR_SUFFIX;
  const isSigned = await lstat2(beside).then(
    () => true,
    () => false
  );
  const sidecar = isSigned ? await readUpTo(beside, DOCUMENT_LIMIT) : void 0;
  if (list === void 0 || isSigned && sidecar === void 0) {
    const data = {
      option: "--revocations",
      expected: "a file that can be read, as its sidecar if there is one, each of at most 64 MiB"
    };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  return ok(sidecar === void 0 ? { list } : { list, sidecar });
}
async function readAnchor(path) {
  const file = anchorPath(path);
  if (!existsSync(file)) {
    return ok(void 0);
  }
  const bytes = await readUpTo(file, DOCUMENT_LIMIT);
  const data = { option: "PATH", expected: `a bundle whose anchor ${file} can be read, of at most 64 MiB` };
  return bytes === void 0 ? fail(faultOf(verifyCodes, "VERIFY_OPTION", data)) : ok(bytes);
}
function readUpTo(path, limit) {
  return readBounded(path, limit).catch(() => void 0);
}

// src/trust/check-pack-version.ts
function checkPackVersion(root, { name: name2, version: version2 }) {
  const { minVersion = {} } = root.document.policy ?? {};
  const least = Object.hasOwn(minVersion, name2) ? minVersion[name2] : void 0;
  return least !== void 0 && isEarlierVersion(version2, least) ? fail(faultOf(revocationCodes, "PACK_BELOW_MINIMUM", { name: name2, version: version2, least })) : ok(void 0);
}

// src/bundle/codes.ts
var AGAIN3 = "Take the file from its publisher again, and find out who changed it.";
var packBundleCodes = codeTable({
  PACK_BUNDLE_DOCUMENT: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle is refused: {problem}",
    hint: "use the file exactly as `packrun bundle create` wrote it",
    explanation: {
      cause: "oci-layout, index.json and manifests are canonical JSON of one closed form.",
      example: "an index.json with a member that nobody knows",
      fix: AGAIN3
    }
  },
  PACK_BUNDLE_BLOB_UNLISTED: {
    severity: "error",
    exitCode: 7,
    message: "{path} is in the pack bundle, but no manifest lists it",
    hint: "do not use this file",
    explanation: {
      cause: "Every blob belongs to a manifest; one that does not was added later.",
      example: "a blob that another tool pushed into the layout",
      fix: AGAIN3
    }
  },
  PACK_BUNDLE_BLOB_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is listed, but not in the pack bundle",
    hint: "copy the file again",
    explanation: {
      cause: "A manifest lists a blob that is not there.",
      example: "a layout from which a file of the pack was taken out",
      fix: AGAIN3
    }
  },
  PACK_BUNDLE_BLOB_SIZE: {
    severity: "error",
    exitCode: 7,
    message: "{path} has {found} bytes in the pack bundle, not the {expected} that its manifest says",
    hint: "do not use this file",
    explanation: {
      cause: "Archive and manifest say different sizes of one blob.",
      example: "a manifest that understates a large blob",
      fix: AGAIN3
    }
  },
  PACK_BUNDLE_BLOB_DIGEST: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle does not have this digest",
    hint: "do not use this file",
    explanation: {
      cause: "Blobs stand under the SHA-256 of their bytes; these bytes are others.",
      example: "an edited script",
      fix: AGAIN3
    }
  },
  PACK_ATTESTATION_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no attestation of a publisher",
    hint: "ask the publisher for the whole bundle; a folder can still be run as a folder",
    explanation: {
      cause: "Without the word of a pack publisher nobody stands for what the pack does.",
      example: "a layout that was made with another tool",
      fix: "Make it with `packrun bundle create PACK --key KEY`."
    }
  },
  PACK_SBOM_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no SBOM",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "Packs come with a CycloneDX inventory of their files.",
      example: "a bundle whose SBOM was stripped",
      fix: "Make it with `packrun bundle create PACK --key KEY`."
    }
  },
  PACK_ATTACHMENT_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "{path} of the pack bundle is of a kind that nobody knows: {type}",
    hint: "do not use this file; of other documents only SPDX goes along, put in by `packrun bundle create --attach`",
    explanation: {
      cause: "What comes with a pack is of a closed list of kinds, each with its artifactType and one form.",
      example: "a container image that another tool attached to the pack",
      fix: AGAIN3
    }
  },
  PACK_REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the pack bundle has no revocation list",
    hint: "ask the publisher for the whole bundle",
    explanation: {
      cause: "A pack bundle carries the publisher's revocation list, as a floor for sites that have none as new.",
      example: "a bundle whose list was stripped, to hide that the pack was revoked",
      fix: "Make it with `packrun bundle create PACK --key KEY`."
    }
  },
  PACK_CONTENT_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "the pack in the bundle is not what its manifest says: {problem}",
    hint: "do not use this file",
    explanation: {
      cause: "pack.yaml must be a pack without findings, with the name and version of the manifest.",
      example: "a manifest that calls version 1.0.0 what pack.yaml calls 0.9.0",
      fix: AGAIN3
    }
  },
  PACK_PLAN_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the plan in the pack bundle does not fit: {problem}",
    hint: "do not use this plan",
    explanation: {
      cause: "The canonical plan has the attested hash and is of this very pack; its inputs lock names that hash.",
      example: "a plan of another version of the pack",
      fix: AGAIN3
    }
  }
});

// src/bundle/check-publisher.ts
async function checkPublisher(given) {
  const { findings, layout, document } = given;
  const [blob] = layout.referrers.get("publisher")?.files ?? [];
  if (blob === void 0) {
    findings.fail("publisher", faultOf(packBundleCodes, "PACK_ATTESTATION_MISSING"));
    return void 0;
  }
  const sidecar = await document(blob);
  if (!sidecar.ok) {
    findings.fail("publisher", sidecar.fault);
    return void 0;
  }
  const signed = await checkSigned({
    ...given,
    sidecar: sidecar.value,
    profile: "own",
    file: layout.manifest.digest,
    predicate: packBundlePredicate,
    roles: [PUBLISHER_ROLE],
    scope: { pack: layout.pack.name },
    revocations: given.revocations
  });
  if (signed.status === "fail") {
    findings.fail("publisher", { code: signed.code, message: signed.why });
    return void 0;
  }
  if (signed.status === "stale") {
    findings.stale("publisher", { code: signed.code, message: signed.why });
  }
  findings.pass("publisher", `${signed.principal} (${signed.keyid})`);
  checkReferrers(given, signed.statement.predicate);
  return signed.statement.predicate;
}
function checkReferrers({ findings, layout }, claim) {
  const found = [...layout.referrers].filter(([kind]) => kind !== "publisher").map(([, { manifest }]) => manifest);
  const listed = claim.referrers.map(({ digest: digest2 }) => digest2);
  const missing = listed.find((digest2) => !found.some((manifest) => manifest.digest === digest2));
  const extra = found.find((manifest) => !listed.includes(manifest.digest));
  const exact = found.map(({ digest: digest2, artifactType }) => ({ digest: digest2, artifactType }));
  const problem = missing !== void 0 ? `${blobPath(missing)} is missing` : extra !== void 0 ? `${blobPath(extra.digest)} was added` : canonicalJson(exact) === canonicalJson(claim.referrers) ? void 0 : "it lists them otherwise";
  if (problem === void 0) {
    findings.pass("referrers", `${listed.length}, all that the publisher put in`);
  } else {
    findings.fail("referrers", faultOf(layoutCodes, "PACK_REFERRERS_MISMATCH", { problem }));
  }
}

// src/plan/inputs-lock.ts
var inputsLockShape = object({
  schema: literal("packrun.inputs-lock/v1"),
  planHash: digest(),
  tenantId: tenantIdShape,
  inputs: record(
    NAME,
    object(
      {
        type: literal(...VALUE_TYPES, "file", "directory"),
        source: literal("cli", "file", "api", "default"),
        digest: digest()
      },
      { value: anything() }
    ),
    "a name"
  ),
  secrets: record(NAME, object({ provider: string({ min: 1 }), redacted: literal(true) }), "a name")
});
function readInputsLock(bytes) {
  const read = readCanonicalJson(bytes, "inputs.lock");
  if (!read.ok) {
    return broken2(read.fault.message, "/inputs");
  }
  const [misfit2] = misfitsOf(inputsLockShape, read.value);
  return misfit2 === void 0 ? ok(read.value) : broken2(describeMisfit(misfit2), pointerOf(misfit2.path));
}
function broken2(problem, pointer) {
  return fail(faultOf(planFileCodes, "INPUTS_LOCK_FILE", { problem }, { place: { file: "inputs.lock", pointer } }));
}

// src/bundle/check-plan.ts
async function checkPlan2(given, claim, asserted) {
  const { findings, layout } = given;
  const [blob] = layout.referrers.get("plan")?.files ?? [];
  if (asserted !== void 0 && blob?.digest !== asserted) {
    const found = blob?.digest ?? "none";
    findings.fail("plan", faultOf(verifyCodes, "ASSERTED_PLAN_MISMATCH", { found, expected: asserted }));
  }
  const hasPlan = layout.referrers.has("plan") || layout.referrers.has("inputs-lock");
  if (!hasPlan && claim?.plan === void 0) {
    findings.skip("plan", "the bundle was made without inputs and has none");
    return;
  }
  const checked = await planProblem(given, claim);
  if (typeof checked === "string") {
    findings.fail("plan", faultOf(packBundleCodes, "PACK_PLAN_MISMATCH", { problem: checked }));
  } else if (checked.ok) {
    findings.pass("plan", `${claim?.plan?.hash ?? ""} is of this pack`);
  } else {
    findings.fail("plan", checked.fault);
  }
}
async function planProblem({ layout, document, sha256 }, claim) {
  const [planBlob] = layout.referrers.get("plan")?.files ?? [];
  const [lockBlob] = layout.referrers.get("inputs-lock")?.files ?? [];
  const attested = claim?.plan;
  if (planBlob === void 0 || lockBlob === void 0 || attested === void 0) {
    return "plan, inputs lock and their attestation come together, or not at all";
  }
  const bytes = await document(planBlob);
  const lock = await document(lockBlob);
  if (!bytes.ok || !lock.ok) {
    return bytes.ok ? lock.ok ? ok(void 0) : lock : bytes;
  }
  const hash2 = digestOf(bytes.value, sha256);
  if (hash2 !== attested.hash || blobPath(hash2) !== attested.canonicalPlanPath) {
    return "it has another hash than the publisher attests";
  }
  const plan = readPlan(bytes.value);
  if (!plan.ok) {
    return plan;
  }
  const { name: name2, version: version2, digest: digest2 } = plan.value.pack;
  if (name2 !== layout.pack.name || version2 !== layout.pack.version || digest2 !== layout.pack.packDigest) {
    return "it is of another pack";
  }
  const locked = readInputsLock(lock.value);
  if (!locked.ok) {
    return locked;
  }
  return locked.value.planHash === hash2 ? ok(void 0) : "its inputs lock is of another plan";
}

// src/bundle/content-problem.ts
var LEFT_OUT = /* @__PURE__ */ new Set([".git", ".packrun"]);
var MAX_FOLDERS = 64;
function contentProblem({ listing }) {
  const file = listing.find(({ path }) => path === PACK_FILE);
  if (file === void 0 || file.size > MAX_PACK_FILE) {
    return file === void 0 ? `it has no ${PACK_FILE}` : `${PACK_FILE} has ${file.size} bytes`;
  }
  const names = new Set(listing.map(({ path }) => path));
  for (const { path } of listing) {
    const [first = "", ...more] = path.split("/");
    if (LEFT_OUT.has(first)) {
      return `a file lies in ${first}, which is not part of packs`;
    }
    if (more.length > MAX_FOLDERS) {
      return `a file lies below more than ${MAX_FOLDERS} folders`;
    }
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      if (names.has(path.slice(0, end))) {
        return "a file is also a folder with others";
      }
    }
  }
  return void 0;
}

// src/bundle/check-bundled-list.ts
async function checkBundledList(given, site) {
  const { findings, layout, trustRoot, at } = given;
  const floor = await bundledList(given);
  const own = site === void 0 ? void 0 : await signedList2(given, site);
  const list = inForce2(own, floor);
  if (list === void 0) {
    return void 0;
  }
  const least = checkLeastSequence(list, trustRoot);
  if (!least.ok) {
    findings.fail("revocation", least.fault);
  }
  const { name: name2, version: version2, packDigest } = layout.pack;
  const [plan] = layout.referrers.get("plan")?.files ?? [];
  const revoked = findRevoked(list, {
    pack: { name: name2, version: version2, digest: packDigest },
    ...plan === void 0 ? {} : { plan: plan.digest }
  });
  if (revoked !== void 0) {
    findings.fail("revocation", revoked);
  }
  const stale = revocationsStaleness(list, trustRoot, at);
  if (stale !== void 0) {
    findings.stale("revocation", stale);
  }
  const { sequence, nextUpdate } = list.document;
  const whose = list === own ? "the site's list" : "the bundle's own list";
  findings.pass("revocation", `nothing here is revoked by ${whose}, sequence ${sequence}, good until ${nextUpdate}`);
  return list;
}
async function bundledList(given) {
  const { findings, layout, document } = given;
  const [listBlob, sidecarBlob] = layout.referrers.get("revocations")?.files ?? [];
  if (listBlob === void 0 || sidecarBlob === void 0) {
    findings.fail("revocation", faultOf(packBundleCodes, "PACK_REVOCATIONS_MISSING"));
    return void 0;
  }
  const list = await document(listBlob);
  const sidecar = await document(sidecarBlob);
  if (!list.ok || !sidecar.ok) {
    const broken3 = list.ok ? sidecar : list;
    if (!broken3.ok) {
      findings.fail("revocation", broken3.fault);
    }
    return void 0;
  }
  return signedList2(given, { list: list.value, sidecar: sidecar.value });
}
async function signedList2(given, files) {
  const read = await checkRevocations(files, given);
  if (!read.ok) {
    given.findings.fail("revocation", read.fault);
    return void 0;
  }
  return read.value;
}
function inForce2(own, floor) {
  if (own === void 0 || floor === void 0) {
    return own ?? floor;
  }
  const distrusted = findRevoked(own, { key: floor.signer.key.keyid }) !== void 0;
  return distrusted || floor.document.sequence <= own.document.sequence ? own : floor;
}

// src/bundle/check-inventory.ts
async function checkInventory2(given) {
  const { findings, layout, document } = given;
  const [blob] = layout.referrers.get("sbom")?.files ?? [];
  if (blob === void 0) {
    findings.fail("sbom", faultOf(packBundleCodes, "PACK_SBOM_MISSING"));
    return;
  }
  const bytes = await document(blob);
  const sbom = bytes.ok ? readSbom(bytes.value) : bytes;
  const matches = sbom.ok ? checkSbom(sbom.value, layout.pack) : sbom;
  if (!matches.ok || !bytes.ok) {
    findings.fail("sbom", matches.ok ? faultOf(packBundleCodes, "PACK_SBOM_MISSING") : matches.fault);
    return;
  }
  findings.pass("sbom", "every file of the pack, and no others");
  await checkAttested2(given, bytes.value);
}
async function checkAttested2(given, sbom) {
  const { findings, layout, document } = given;
  const unattested = (problem) => findings.fail("sbom-attestation", faultOf(layoutCodes, "PACK_SBOM_UNATTESTED", { problem }));
  const [blob] = layout.referrers.get("sbom-attestation")?.files ?? [];
  if (blob === void 0) {
    unattested("there is no attestation of it");
    return;
  }
  const sidecar = await document(blob);
  if (!sidecar.ok) {
    findings.fail("sbom-attestation", sidecar.fault);
    return;
  }
  const signed = await checkSigned({
    ...given,
    sidecar: sidecar.value,
    profile: "interop",
    file: layout.manifest.digest,
    predicate: sbomPredicate,
    roles: [PUBLISHER_ROLE],
    scope: { pack: layout.pack.name },
    revocations: given.revocations
  });
  if (signed.status === "fail") {
    findings.fail("sbom-attestation", { code: signed.code, message: signed.why });
    return;
  }
  if (signed.status === "stale") {
    findings.stale("sbom-attestation", { code: signed.code, message: signed.why });
  }
  if (!equalBytes(canonicalBytes(signed.statement.predicate), sbom)) {
    unattested("another SBOM is attested");
    return;
  }
  findings.pass("sbom-attestation", `${signed.principal} (${signed.keyid})`);
}

// src/bundle/pack-verdict.ts
var PACK_CHECKS = [
  "trust-root",
  "archive",
  "blobs",
  "pack",
  "revocation",
  "publisher",
  "bindings",
  "referrers",
  "sbom",
  "sbom-attestation",
  "plan",
  "min-version",
  "freshness"
];
function packFindings() {
  const found = /* @__PURE__ */ new Map();
  const put2 = (name2, check) => {
    const rank2 = { skipped: 0, pass: 0, stale: 1, fail: 2 };
    const before = found.get(name2);
    if (before === void 0 || rank2[check.status] > rank2[before.status]) {
      found.set(name2, check);
    }
  };
  return {
    pass: (name2, why) => put2(name2, { name: name2, status: "pass", why }),
    skip: (name2, why) => put2(name2, { name: name2, status: "skipped", why }),
    stale: (name2, { code: code2, message }) => put2(name2, { name: name2, status: "stale", code: code2, why: message }),
    fail: (name2, { code: code2, message }) => put2(name2, { name: name2, status: "fail", code: code2, why: message }),
    verdict: (subject, trustDomain) => {
      const checks = PACK_CHECKS.map((name2) => found.get(name2) ?? notReached(name2));
      return {
        schemaVersion: 1,
        verdict: wordOf(checks),
        subject,
        ...trustDomain === void 0 ? {} : { trustDomain },
        checks
      };
    }
  };
}
function notReached(name2) {
  return { name: name2, status: "skipped", why: "not reached" };
}

// src/bundle/assemble.ts
var MAX_FILE_SIZE2 = 8 * 1024 ** 3 - 1;
function checkContent({ listing }) {
  if (listing.length > MAX_PACK_FILES) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_MANY", { limit: MAX_PACK_FILES }));
  }
  const twins = new PathTwins();
  for (const { path, size: size2 } of listing) {
    const problem = pathProblem(path) ?? twins.add(path);
    if (problem !== void 0) {
      return fail(faultOf(archiveCodes, problem, { path: path.replaceAll(new RegExp("\\p{Cc}", "gu"), "?") }));
    }
    if (size2 > MAX_FILE_SIZE2) {
      return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_LARGE", { what: path, size: size2, limit: MAX_FILE_SIZE2 }));
    }
  }
  return ok(void 0);
}

// src/bundle/read-layout.ts
var DOCUMENT_LIMIT2 = 32 * 1024 * 1024;
async function readLayout(source, sha256) {
  const files = await source.list();
  if (!files.ok) {
    return files;
  }
  const entries = new Map(files.value.map((entry2) => [entry2.path, entry2]));
  const layout = await readFixed(source, entries, LAYOUT_PATH);
  if (!layout.ok || !equalBytes(layout.value, LAYOUT_BYTES)) {
    return layout.ok ? refused(LAYOUT_PATH, "it is no layout of version 1.0.0") : layout;
  }
  const index = await readFixed(source, entries, INDEX_PATH);
  const read = index.ok ? shaped(index.value, indexShape, INDEX_PATH) : index;
  if (!read.ok) {
    return read;
  }
  const [first, ...others] = read.value.manifests;
  const pack = await readPackManifest(source, entries, first, sha256);
  if (!pack.ok) {
    return pack;
  }
  const referrers = await readReferrers(source, entries, others, pack.value.manifest, sha256);
  if (!referrers.ok) {
    return referrers;
  }
  const manifests = [pack.value.manifest, ...[...referrers.value.values()].map(({ manifest }) => manifest)];
  if (!index.ok || !equalBytes(indexBytes(manifests), index.value)) {
    return refused(INDEX_PATH, "it does not say of its manifests what they say of themselves");
  }
  const found = { ...pack.value, referrers: referrers.value, entries };
  const listed = checkListed(found, sha256);
  return listed.ok ? ok(found) : listed;
}
async function readDocument(source, entries, blob, sha256) {
  const path = blobPath(blob.digest);
  const placed = checkPlaced(entries, blob);
  if (!placed.ok) {
    return placed;
  }
  const bytes = await readFixed(source, entries, path);
  if (!bytes.ok) {
    return bytes;
  }
  return digestOf(bytes.value, sha256) === blob.digest ? bytes : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_DIGEST", { path }));
}
function openBlob(source, digest2) {
  return source.open(blobPath(digest2));
}
async function checkBlobs(source, { pack, referrers }, { sha256, startHash }) {
  const attached = ATTACHMENT_KINDS.flatMap((kind) => referrers.get(kind)?.files ?? []);
  const files = pack.listing.map(({ sha256: hex2 }) => hex2);
  const named = [hexOf(digestOf(EMPTY_CONFIG, sha256)), ...files, ...attached.map(({ digest: digest2 }) => hexOf(digest2))];
  for (const hex2 of new Set(named)) {
    const digest2 = digestOfHex(hex2);
    const hash2 = startHash();
    for await (const chunk of openBlob(source, digest2)) {
      hash2.update(chunk);
    }
    if (toHex(hash2.digest()) !== hex2) {
      return fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_DIGEST", { path: blobPath(digest2) }));
    }
  }
  return ok(void 0);
}
async function readPackManifest(source, entries, descriptor, sha256) {
  if (descriptor === void 0) {
    return refused(INDEX_PATH, "it lists no pack");
  }
  const path = blobPath(descriptor.digest);
  const bytes = await readDocument(source, entries, descriptor, sha256);
  const read = bytes.ok ? shaped(bytes.value, packManifestShape, path) : bytes;
  if (!bytes.ok || !read.ok) {
    return read.ok ? refused(path, "it cannot be read") : read;
  }
  const pack = contentOf(read.value, sha256);
  const content = checkContent(pack);
  if (!content.ok) {
    return content;
  }
  if (pack.listing.some((file, at) => at > 0 && compareUtf8(pack.listing[at - 1]?.path ?? "", file.path) >= 0)) {
    return refused(path, "its files are not sorted, or one comes twice");
  }
  const manifest = packManifest(pack, sha256);
  return equalBytes(manifest.bytes, bytes.value) ? ok({ pack, manifest }) : refused(path, "its pack digest is not that of its files, or its configuration is not empty");
}
async function readReferrers(source, entries, descriptors, subject, sha256) {
  const found = /* @__PURE__ */ new Map();
  let before = -1;
  for (const descriptor of descriptors) {
    const path = blobPath(descriptor.digest);
    const bytes = await readDocument(source, entries, descriptor, sha256);
    const read = bytes.ok ? shaped(bytes.value, referrerManifestShape, path) : bytes;
    if (!bytes.ok || !read.ok) {
      return read.ok ? refused(path, "it cannot be read") : read;
    }
    const kind = kindOfReferrer(read.value);
    const place = kind === void 0 ? -1 : REFERRER_KINDS.indexOf(kind);
    if (kind === void 0) {
      const type = read.value.artifactType.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
      return fail(faultOf(packBundleCodes, "PACK_ATTACHMENT_UNKNOWN", { path, type }));
    }
    if (place <= before) {
      return refused(path, `its kind ${kind} is out of place`);
    }
    before = place;
    const files = read.value.layers.map(({ digest: digest2, size: size2 }) => ({ digest: digest2, size: size2 }));
    if (files.length !== filesOfKind(kind)) {
      return refused(path, `what is of kind ${kind} has another number of files`);
    }
    const manifest = referrerManifest(kind, subject, files, sha256);
    if (!equalBytes(manifest.bytes, bytes.value)) {
      return refused(path, "it refers to another pack, or its files are named otherwise");
    }
    found.set(kind, { manifest, files });
  }
  return ok(found);
}
function checkListed({ pack, manifest, referrers, entries }, sha256) {
  const listed = [
    { digest: digestOf(EMPTY_CONFIG, sha256), size: EMPTY_CONFIG.length },
    manifest,
    ...pack.listing.map(({ sha256: hex2, size: size2 }) => ({ digest: digestOfHex(hex2), size: size2 })),
    ...[...referrers.values()].flatMap((referrer) => [referrer.manifest, ...referrer.files])
  ];
  const paths = /* @__PURE__ */ new Set([LAYOUT_PATH, INDEX_PATH]);
  for (const blob of listed) {
    const placed = checkPlaced(entries, blob);
    if (!placed.ok) {
      return placed;
    }
    paths.add(blobPath(blob.digest));
  }
  const unlisted = [...entries.keys()].find((path) => !paths.has(path));
  return unlisted === void 0 ? ok(void 0) : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_UNLISTED", { path: unlisted }));
}
function checkPlaced(entries, { digest: digest2, size: size2 }) {
  const path = blobPath(digest2);
  const entry2 = entries.get(path);
  if (entry2 === void 0) {
    return fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_MISSING", { path }));
  }
  return entry2.size === size2 ? ok(void 0) : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_SIZE", { path, found: entry2.size, expected: size2 }));
}
async function readFixed(source, entries, path) {
  const entry2 = entries.get(path);
  if (entry2 === void 0) {
    return refused(path, "it is not there");
  }
  const { size: size2 } = entry2;
  return size2 > DOCUMENT_LIMIT2 ? fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_LARGE", { what: path, size: size2, limit: DOCUMENT_LIMIT2 })) : ok(await readWhole2(source, path, size2));
}
async function readWhole2(source, path, size2) {
  const bytes = new Uint8Array(size2);
  let done = 0;
  for await (const chunk of source.open(path)) {
    bytes.set(chunk, done);
    done += chunk.length;
  }
  if (done !== size2) {
    throw new Error("a file became shorter while it was read");
  }
  return bytes;
}
function shaped(bytes, shape, path) {
  const read = readCanonicalJson(bytes, path);
  if (!read.ok) {
    return refused(path, "it is not canonical JSON");
  }
  const [misfit2] = misfitsOf(shape, read.value);
  return misfit2 === void 0 ? ok(read.value) : refused(path, describeMisfit(misfit2));
}
function refused(path, problem) {
  return fail(faultOf(packBundleCodes, "PACK_BUNDLE_DOCUMENT", { path, problem }));
}

// src/bundle/verify-pack-bundle.ts
async function verifyPackBundle(source, options, host) {
  const findings = packFindings();
  failObjections(options.objections ?? {}, findings.fail);
  const root = checkRoot2(options, host.sha256, findings);
  const unreadable = (error) => {
    findings.fail("archive", faultOf(archiveCodes, "PACK_BUNDLE_UNREADABLE", { problem: systemProblem(error) }));
    return {};
  };
  const checked = await checkBundle2(source, options, host, root, findings).catch(unreadable);
  const { layout } = checked;
  const subject = layout === void 0 ? { type: "pack" } : {
    type: "pack",
    name: layout.pack.name,
    version: layout.pack.version,
    packDigest: layout.pack.packDigest,
    manifestDigest: layout.manifest.digest
  };
  return { ...checked, verdict: findings.verdict(subject, root?.document.trustDomain) };
}
function checkRoot2({ trustRoot: bytes, at }, sha256, findings) {
  const read = bytes === void 0 ? fail(faultOf(verifyCodes, "VERIFY_TRUST_MISSING")) : readTrustRoot(bytes, sha256);
  if (!read.ok) {
    findings.fail("trust-root", read.fault);
    return void 0;
  }
  const { trustDomain, version: version2, expires } = read.value.document;
  findings.pass("trust-root", `${trustDomain}, version ${version2}`);
  const fresh = checkRootExpiry(read.value, at);
  if (fresh.ok) {
    findings.pass("freshness", `the trust root is valid until ${expires}`);
  } else {
    findings.stale("freshness", fresh.fault);
  }
  return read.value;
}
async function checkBundle2(source, options, host, trustRoot, findings) {
  const layout = await readLayout(source, host.sha256);
  if (!layout.ok) {
    findings.fail("archive", layout.fault);
    return {};
  }
  const { pack, entries } = layout.value;
  const bytes = [...entries.values()].reduce((total, { size: size2 }) => total + size2, 0);
  findings.pass("archive", `${entries.size} entries, ${bytes} bytes`);
  const document = (blob) => readDocument(source, entries, blob, host.sha256);
  await checkContents(source, layout.value, host, findings);
  if (trustRoot === void 0) {
    return { layout: layout.value };
  }
  const version2 = checkPackVersion(trustRoot, pack);
  if (version2.ok) {
    findings.pass("min-version", `the trust root takes ${pack.name} ${pack.version}`);
  } else {
    findings.fail("min-version", version2.fault);
  }
  const given = { ...host, at: options.at, findings, layout: layout.value, trustRoot, document };
  await checkTrust(given, options);
  return { layout: layout.value };
}
async function checkContents(source, layout, host, findings) {
  const blobs = await checkBlobs(source, layout, host);
  if (blobs.ok) {
    const attached = ATTACHMENT_KINDS.flatMap((kind) => layout.referrers.get(kind)?.manifest.artifactType ?? []);
    const more = attached.length === 0 ? "" : `; attached and not judged: ${attached.join(", ")}`;
    findings.pass("blobs", `${layout.pack.listing.length} files of the pack, as its manifest lists them${more}`);
  } else {
    findings.fail("blobs", blobs.fault);
  }
  const problem = contentProblem(layout.pack);
  if (problem === void 0) {
    findings.pass("pack", `${layout.pack.name} ${layout.pack.version}, ${layout.pack.packDigest}`);
  } else {
    findings.fail("pack", faultOf(packBundleCodes, "PACK_CONTENT_INVALID", { problem }));
  }
}
async function checkTrust(unheld, { revocations: site, planHash }) {
  const { findings, layout, trustRoot } = unheld;
  const revocations = await checkBundledList(unheld, site);
  const given = revocations === void 0 ? unheld : { ...unheld, revocations };
  const claim = await checkPublisher(given);
  const { trustDomain } = trustRoot.document;
  const claimed = claim === void 0 ? void 0 : checkClaim(claim, { ...layout.pack, trustDomain });
  if (claimed?.ok === true) {
    findings.pass("bindings", `attested for ${trustDomain}`);
  } else if (claimed !== void 0) {
    findings.fail("bindings", claimed.fault);
  }
  await checkInventory2(given);
  await checkPlan2(given, claim, planHash);
}

// src/app/pack-bundle-file.ts
import { open as open4, stat as stat3 } from "node:fs/promises";

// src/app/layout-folder.ts
import { lstat as lstat3 } from "node:fs/promises";
import { join as join3 } from "node:path";
var FOLDERS = /* @__PURE__ */ new Set(["blobs", "blobs/sha256"]);
function layoutFolder(root) {
  return { list: () => listLayout(root), open: (path) => readWhole(join3(root, path)) };
}
async function listLayout(root) {
  const found = [];
  if (!await walk2(root, "", found)) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_MANY", { limit: MAX_ENTRIES }));
  }
  const files = [];
  for (const { bytes, entry: entry2 } of found.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))) {
    const path = decodeUtf8(bytes);
    const taken = checkKind(entry2, path ?? bytes.toString("latin1"));
    const named = !taken.ok || !entry2.isFile() ? taken : checkEntryName(path);
    if (!named.ok) {
      return named;
    }
    if (entry2.isFile() && path !== void 0) {
      files.push({ path, size: (await lstat3(join3(root, path))).size });
    }
  }
  return ok(files.toSorted((a, b) => placeOf4(a.path) - placeOf4(b.path)));
}
async function walk2(root, under, found) {
  for await (const entry2 of rawEntries(join3(root, under))) {
    const bytes = Buffer.concat([Buffer.from(under), entry2.name]);
    found.push({ bytes, entry: entry2 });
    if (found.length > MAX_ENTRIES + FOLDERS.size) {
      return false;
    }
    const path = bytes.toString("latin1");
    if (entry2.isDirectory() && FOLDERS.has(path) && !await walk2(root, `${path}/`, found)) {
      return false;
    }
  }
  return true;
}
function checkKind(entry2, path) {
  const shown3 = path.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
  if (entry2.isSymbolicLink()) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_LINK", { entry: shown3 }));
  }
  const isFolder = entry2.isDirectory() && FOLDERS.has(path);
  const problem = entry2.isDirectory() ? "it is a folder" : "it is a device, a socket or a FIFO";
  return entry2.isFile() || isFolder ? ok(void 0) : fail(faultOf(archiveCodes, "PACK_BUNDLE_ENTRY_TYPE", { entry: shown3, problem }));
}
function placeOf4(path) {
  return path === LAYOUT_PATH ? 0 : path === INDEX_PATH ? 1 : 2;
}

// src/app/pack-bundle-file.ts
async function openPackBundle(path) {
  try {
    const found = await stat3(path);
    if (found.isDirectory()) {
      return ok({ source: layoutFolder(path), [Symbol.asyncDispose]: () => Promise.resolve() });
    }
    if (found.isFile()) {
      const handle = await open4(path, "r");
      const { size: size2 } = await handle.stat();
      const archive = { size: size2, read: (start, length) => readStretch(handle, start, length) };
      return ok({ source: archiveSource(archive), archive, [Symbol.asyncDispose]: () => handle.close() });
    }
  } catch {
  }
  return fail(faultOf(archiveCodes, "PACK_BUNDLE_NOT_FOUND", { path }));
}

// src/app/verify-pack.ts
async function verifyPack(request, { sha256, verifySignature, now }) {
  var _stack = [];
  try {
    const { path, bundle, trustRoot, revocations, objections = {} } = request;
    const words = readVerifyWords(request, now);
    if (!words.ok) {
      return words;
    }
    const files = typeof revocations === "string" ? await readRevocationFiles(revocations) : ok(revocations);
    if (!files.ok) {
      return files;
    }
    const opened = bundle === void 0 ? await openPackBundle(path) : ok(bundle);
    if (!opened.ok) {
      return opened;
    }
    const _closing = __using(_stack, bundle === void 0 ? opened.value : void 0, true);
    const options = {
      ...words.value,
      objections,
      ...trustRoot === void 0 ? {} : { trustRoot },
      ...files.value === void 0 ? {} : { revocations: files.value }
    };
    return ok(
      await verifyPackBundle(opened.value.source, options, { sha256, verifySignature, startHash: startNodeHash })
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}

// src/cli/version.ts
var version = "0.1.0";

// src/signer/node-crypto.ts
import { createPublicKey, hash, verify as verify2 } from "node:crypto";
var nodeSha256 = (bytes) => hash("sha256", bytes, "buffer");
var parsed3 = /* @__PURE__ */ new WeakMap();
function nodeVerifySignature(key, message, signature) {
  try {
    const digest2 = key.alg === "ed25519" ? null : "sha256";
    return verify2(digest2, message, { key: keyObject(key), dsaEncoding: "der" }, signature);
  } catch {
    return false;
  }
}
function keyObject(key) {
  const known = parsed3.get(key) ?? createPublicKey({ key: Buffer.from(key.spkiDer), format: "der", type: "spki" });
  parsed3.set(key, known);
  return known;
}

// src/view/visible-text.ts
function visibleText(text9) {
  return text9.replaceAll(UNSAFE, (character) => {
    const code2 = character.codePointAt(0) ?? 0;
    return code2 < 256 ? `\\x${code2.toString(16).padStart(2, "0")}` : `\\u{${code2.toString(16)}}`;
  });
}
var UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

// src/view/verdict-text.ts
var WIDTH = 18;
function verdictText(verdict) {
  const [title, ...more] = subjectLines(verdict.subject);
  const domain = `  trust domain ${verdict.trustDomain ?? "none: nobody is trusted"}`;
  return reportText([`${verdict.verdict}: ${title}`, ...more, domain], verdict.checks);
}
function subjectLines(subject) {
  switch (subject.type) {
    case "evidence": {
      const { runId = "unknown", planHash, manifestDigest } = subject;
      const plan = planHash === void 0 ? [] : [`  plan ${planHash}`];
      return [`run ${runId}`, ...plan, ...manifestDigest === void 0 ? [] : [`  manifest ${manifestDigest}`]];
    }
    case "pack": {
      const { name: name2 = "a pack that cannot be read", version: version2, packDigest } = subject;
      const title = version2 === void 0 ? name2 : `${name2}@${version2}`;
      return [title, ...packDigest === void 0 ? [] : [`  pack ${packDigest}`]];
    }
  }
}
function reportText(lines, checks) {
  const failed2 = checks.filter((check) => check.status === "fail").length;
  const skipped = checks.filter((check) => check.status === "skipped").length;
  const end = `${checks.length} checks, ${failed2} failed, ${skipped} not made`;
  return `${[...lines, "", ...checks.map(checkLine), "", end].map(visibleLine).join("\n")}
`;
}
function visibleLine(line) {
  return visibleText(line).replaceAll("\n", "\\x0a");
}
function checkLine(check) {
  const word = { pass: "ok  ", fail: "FAIL", stale: "OLD ", skipped: "–   " }[check.status];
  const code2 = check.status === "fail" || check.status === "stale" ? `${check.code}: ` : "";
  return `  ${word} ${check.name.padEnd(WIDTH)} ${code2}${check.why}`;
}
function verdictJson(verdict) {
  return `${JSON.stringify(verdict)}
`;
}

// scripts/verifier-main.ts
var USAGE = `usage: node verify_offline_bundle.mjs PATH [options]

Verifies a bundle of packrun without network and without packrun: evidence of a run, or a pack bundle. PATH is a
folder or a tar of any size, and tells which it is. It cannot be a pipe: parts of it are read more than once.

  --trust FILE         the trust root that you pinned; without it nothing is verified
  --plan-hash HASH     the plan that it must be, or hold: sha256:…
  --revocations FILE   your own revocation list, with FILE.sigstore.json beside it
  --at TIME            the time of verification, as 2026-01-05T08:00:00Z; now without it
  --require-dsse       every signature must be there, and the pack must come from a registry
  --format text|json   text without it
  --version            prints name, version and the digest of this file, which manifests name as their verifier

Ends with 0 verified, 2 wrong use, 7 failed, 11 verified but stale.
`;
async function main(args) {
  const given = readArguments(args);
  if (typeof given === "string") {
    complain(`verify_offline_bundle: ${given}

${USAGE}`);
    return 2;
  }
  const { values: values2, positionals } = given;
  if (values2.version === true) {
    process.stdout.write(`verify_offline_bundle.mjs ${version} ${ownDigest()}
`);
    return 0;
  }
  if (values2.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [path] = positionals;
  if (path === void 0 || positionals.length > 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { format = "text" } = values2;
  const trust = values2.trust === void 0 ? void 0 : readBytes2(values2.trust);
  if (trust === null || format !== "text" && format !== "json") {
    const problem = trust === null ? `${values2.trust} cannot be read` : `${format} is no format`;
    complain(`verify_offline_bundle: ${problem}

${USAGE}`);
    return 2;
  }
  const { "plan-hash": planHash, at, revocations, "require-dsse": requireDsse = false } = values2;
  const verdict = await verifyAny(
    {
      path,
      requireDsse,
      ...trust === void 0 ? {} : { trustRoot: trust },
      ...planHash === void 0 ? {} : { planHash },
      ...at === void 0 ? {} : { at },
      ...revocations === void 0 ? {} : { revocations }
    },
    { sha256: nodeSha256, verifySignature: nodeVerifySignature, now: Date.now }
  );
  if (!verdict.ok) {
    complain(`error[${verdict.fault.code}]: ${verdict.fault.message}
  = help: ${verdict.fault.hint}
`);
    return 2;
  }
  process.stdout.write(format === "json" ? verdictJson(verdict.value) : verdictText(verdict.value));
  return exitCodeOf(verdict.value);
}
function complain(words) {
  process.stderr.write(visibleText(words));
}
async function verifyAny(request, tools) {
  if (await bundleKind(request.path) === "evidence") {
    return verifyEvidence(request, tools);
  }
  const { requireDsse: _, ...rest2 } = request;
  const verified = await verifyPack(rest2, tools);
  return verified.ok ? { ok: true, value: verified.value.verdict } : verified;
}
function ownDigest() {
  return `sha256:${createHash2("sha256").update(readFileSync(new URL(import.meta.url))).digest("hex")}`;
}
function readArguments(args) {
  const text9 = { type: "string" };
  const flag = { type: "boolean" };
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        trust: text9,
        "plan-hash": text9,
        revocations: text9,
        at: text9,
        format: text9,
        "require-dsse": flag,
        version: flag,
        help: flag
      }
    });
  } catch (error) {
    return error instanceof Error ? error.message : "wrong arguments";
  }
}
function readBytes2(path) {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
process.exitCode = await main(process.argv.slice(2));
