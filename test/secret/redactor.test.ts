import * as fc from "fast-check";
import t from "tap";
import type { Redactor } from "#port/secrets.ts";
import { createRedactor } from "#secret/redactor.ts";
import { formsOf } from "#secret/secret-forms.ts";

function redactorOf(secrets: Readonly<Record<string, string>>): Redactor {
  const redactor = createRedactor();
  for (const [name, value] of Object.entries(secrets)) {
    redactor.add(name, value);
  }
  return redactor;
}

/** The text through a stream, cut at these places. */
function streamed(redactor: Redactor, bytes: Uint8Array, cuts: readonly number[]): Buffer {
  const stream = redactor.stream();
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const place of places) {
    // What was given out is copied at once, and the chunk is overwritten: neither side keeps the other's memory.
    const chunk = Uint8Array.from(bytes.subarray(at, place));
    parts.push(Uint8Array.from(stream.push(chunk)));
    chunk.fill(0x23);
    at = place;
  }
  return Buffer.concat([...parts, stream.end()]);
}

const text = (value: string): string => Buffer.from(value, "utf8").toString("base64");

t.test("a secret is replaced wherever its text stands", async (t) => {
  const redactor = redactorOf({ token: "hunter2!", other: 'pa/ss"wörd' });
  t.equal(redactor.redact("a hunter2! b"), "a [redacted:token] b");
  t.equal(redactor.redact("hunter2!hunter2!"), "[redacted:token][redacted:token]");
  t.equal(redactor.redact("hunter2"), "hunter2");
  t.equal(redactor.redact('say pa/ss"wörd'), "say [redacted:other]");
});

t.test("a secret is replaced as JSON, URLs and base64 show it", async (t) => {
  const value = 'pa/ss"wörd <&> +1';
  const redactor = redactorOf({ p: value });
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = plain.replace("ö", "\\u00f6");
  const shown = [
    plain,
    ascii,
    ascii.replace("00f6", "00F6"),
    plain.replace("/", "\\/"),
    ascii.replace("/", "\\/"),
    plain.replace("<&>", "\\u003c\\u0026\\u003e"),
    encodeURIComponent(value),
    encodeURIComponent(value).replaceAll("%20", "+"),
    text(value),
    text(value).replace(/=+$/, ""),
    Buffer.from(value).toString("base64url"),
  ];
  for (const form of shown) {
    t.equal(redactor.redact(`<${form}>`), "<[redacted:p]>", form);
  }
});

t.test("a secret inside longer base64 is found at every offset and in both alphabets", async (t) => {
  const value = "s3cr3t?value>>~~";
  const redactor = redactorOf({ s: value });
  for (const before of ["", "a", "ab", "abc", "user:"]) {
    for (const after of ["", "z", "yz", "\n"]) {
      for (const encoding of ["base64", "base64url"] as const) {
        const shown = Buffer.from(before + value + after).toString(encoding);
        const redacted = redactor.redact(shown);
        t.match(redacted, "[redacted:s]");
        t.ok(redacted.length < 12 + before.length * 2 + after.length * 2 + 8, `${shown} -> ${redacted}`);
      }
    }
  }
});

t.test("a secret is replaced as URLs of every library show it", async (t) => {
  const value = "a b/c?d=é~(1)*'!";
  const redactor = redactorOf({ p: value });
  const shown = [
    encodeURIComponent(value),
    encodeURI(value),
    new URLSearchParams({ q: value }).toString().slice(2),
    "a%20b/c%3Fd%3D%C3%A9~%281%29%2A%27%21",
    [...Buffer.from(value)].map((byte) => `%${byte.toString(16)}`).join(""),
  ];
  for (const form of shown) {
    t.equal(redactor.redact(`<${form}>`), "<[redacted:p]>", form);
    t.equal(
      redactor.redact(
        form.toLowerCase().startsWith("a%20b") ? form.replaceAll(/%../g, (byte) => byte.toLowerCase()) : form,
      ),
      "[redacted:p]",
    );
  }
});

t.test("a secret is replaced as JSON writers of other languages show it", async (t) => {
  const value = `"a'b+c<d>&e=\u007fé\u2028\\/`;
  const redactor = redactorOf({ p: value });
  const unit = (text: string): string => `\\u${(text.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  const plain = JSON.stringify(value).slice(1, -1);
  const shown = {
    python: plain.replace("é", "\\u00e9").replace("\u2028", "\\u2028").replace("\u007f", "\\u007f"),
    go: plain.replaceAll(/[<>&\u2028]/g, unit),
    php: plain.replaceAll("/", "\\/").replaceAll(/[^\x20-\x7e]/g, unit),
    net: plain
      .replaceAll('\\"', '"')
      .replaceAll(/[^\x20-\x7e]|["'+<>&]/g, (text) => unit(text).toUpperCase().replace("U", "u")),
    gson: plain.replaceAll(/[<>&=']/g, unit),
    all: Array.from({ length: value.length }, (_, at) => unit(value[at] ?? "")).join(""),
    twice: JSON.stringify(plain).slice(1, -1),
  };
  for (const [writer, form] of Object.entries(shown)) {
    t.equal(redactor.redact(`<${form}>`), "<[redacted:p]>", writer);
  }
});

t.test("a secret is replaced as `echo` of a shell shows it", async (t) => {
  const redactor = redactorOf({ p: "a\\b\\tc\\\\d\\0101\\x\\q", cut: "left\\cright", c: "a\\c" });
  t.equal(redactor.redact("<a\b\tc\\dA\\x\\q>"), "<[redacted:p]>");
  t.equal(redactor.redact("left a"), "[redacted:cut] a", "what is left of a text must be long enough");
});

t.test("a secret is replaced in hex of either case, as tools break it too", async (t) => {
  const value = "hunter2 is not enough for a line of sixty hex digits";
  const redactor = redactorOf({ p: value });
  const hex = Buffer.from(value).toString("hex");
  t.equal(redactor.redact(`0x${hex},`), "0x[redacted:p],");
  t.equal(redactor.redact(hex.toUpperCase()), "[redacted:p]");
  t.equal(redactor.redact(hex.replaceAll(/.{60}/g, "$&\n")), "[redacted:p]\n[redacted:p]");
});

t.test("long base64 is found as tools break it into lines", async (t) => {
  const value = Array.from({ length: 40 }, (_, n) => `part-${n * 7919}`).join("");
  const redactor = redactorOf({ key: value });
  for (const columns of [64, 76]) {
    const lines = text(`${value}\n`).match(new RegExp(`.{1,${columns}}`, "g")) ?? [];
    const redacted = redactor.redact(lines.join("\n")).split("\n");
    t.same(
      redacted.slice(0, -1),
      lines.slice(1).map(() => "[redacted:key]"),
    );
  }
});

t.test("each line of a secret, and each string of a JSON secret, is a secret of its own", async (t) => {
  const pem = "-----BEGIN KEY-----\nMIIEvQIBADAN\n  indented-line\r\nabc\n-----END KEY-----";
  const account = JSON.stringify({
    type: "svc",
    private_key: "line-one\nline-two",
    nested: [{ id: "client-id-1", pin: 20_461, on: true }],
  });
  const redactor = redactorOf({ pem, account });
  t.equal(redactor.redact("got MIIEvQIBADAN and indented-line"), "got [redacted:pem] and [redacted:pem]");
  t.equal(redactor.redact("abc svc"), "abc svc", "parts of fewer than four characters are no secrets");
  t.equal(redactor.redact("client-id-1 line-one\nline-two"), "[redacted:account] [redacted:account]");
  t.equal(redactor.redact("line-two"), "[redacted:account]", "a line of a string in JSON");
  t.equal(redactor.redact("pin 20461 true"), "pin [redacted:account] true");
  t.equal(redactor.redact(pem), "[redacted:pem]", "the longest form counts");
});

t.test("overlapping secrets leave nothing of either, and the longer one gives the name", async (t) => {
  const redactor = redactorOf({ a: "abcdefgh", b: "efghijklmnop", c: "cdef" });
  t.equal(redactor.redact("_abcdefghijklmnop_"), "_[redacted:b]_");
  t.equal(redactor.redact("_abcdefgh_"), "_[redacted:a]_");
  t.equal(redactor.redact("_cdefg_"), "_[redacted:c]g_");
});

t.test("JSON values are redacted in every string and member name, and are themselves where nothing is", async (t) => {
  const redactor = redactorOf({ token: "hunter2!" });
  const clean = { a: [1, "x", null, { b: true }] };
  t.equal(redactor.redactJson(clean), clean);
  t.same(redactor.redactJson({ a: ["x hunter2!", 5], "hunter2!": { b: "hunter2!" } }), {
    a: ["x [redacted:token]", 5],
    "[redacted:token]": { b: "[redacted:token]" },
  });
  t.equal(redactor.redactJson("hunter2!"), "[redacted:token]");
});

t.test(
  "a number that holds a secret becomes a redacted text where a step gave it, and stays where it is a count",
  async (t) => {
    const redactor = redactorOf({ pin: "86753091" });
    t.same(redactor.redactValue({ a: [86753091, -86753091.5, 8675309], b: { c: "86753091" } }), {
      a: ["[redacted:pin]", "-[redacted:pin].5", 8675309],
      b: { c: "[redacted:pin]" },
    });
    t.equal(redactor.redactValue(86753091), "[redacted:pin]");
    t.equal(createRedactor().redactValue(86753091), 86753091);
    const clean = { a: [1, 2.5, null, true] };
    t.equal(redactor.redactValue(clean), clean);
    t.same(redactor.redactJson({ port: 86753091 }), { port: 86753091 });
  },
);

t.test("without secrets, and without their forms, bytes pass as they are and at once", async (t) => {
  const chunk = Buffer.from([0xff, 0x00, 0x68, 0x75, 0x6e, 0x74]);
  t.equal(createRedactor().stream().push(chunk).buffer, chunk.buffer);
  t.equal(createRedactor().redact("lone \ud800 surrogate"), "lone \ud800 surrogate");
  t.equal(redactorOf({ token: "other" }).redact("lone \ud800 surrogate"), "lone \ud800 surrogate");
  const stream = redactorOf({ token: "hunter2!" }).stream();
  t.same(Buffer.from(stream.push(Buffer.from("a line\n"))).toString(), "a line\n");
  t.same(Buffer.from(stream.push(Buffer.from("x hunt"))).toString(), "x ", "no more is held back than may be a secret");
  t.same(Buffer.from(stream.push(Buffer.from("ing\n"))).toString(), "hunting\n");
  t.same(Buffer.from(stream.end()).toString(), "");
});

t.test(
  "a secret that is added while a stream is open is found from there on, also in what was held back",
  async (t) => {
    const redactor = redactorOf({ first: "abcdef" });
    const stream = redactor.stream();
    const parts = [stream.push(Buffer.from("xyz123 abc"))];
    redactor.add("second", "bcxyz");
    parts.push(stream.push(Buffer.from("xyz bcxyz xyz123 ")));
    redactor.add("third", "xyz123");
    parts.push(stream.push(Buffer.from("xyz123 abcdef")), stream.end());
    const redacted = Buffer.concat(parts).toString();
    t.equal(redacted, "xyz123 a[redacted:second] [redacted:second] xyz123 [redacted:third] [redacted:first]");
  },
);

t.test("in the name of a host a secret is found in any case and form, and as URLs spell it", async (t) => {
  const pem = "First-Line-of-it\nSecond-Line-of-it";
  const long = `Long${"x".repeat(300)}`;
  const redactor = redactorOf({ Token: "Hunter2!", number: "3232235777", wide: "Größe77", pem, dotted: "10.17", long });
  const hosts: Readonly<Record<string, string>> = {
    "a.HUNTER2!.Test": "a.[redacted:Token].test",
    [`${Buffer.from("Hunter2!").toString("hex").toUpperCase()}.test`]: "[redacted:Token].test",
    [`${text("Hunter2!").toLowerCase()}.test`]: "[redacted:Token].test",
    "second-line-of-it.first-line-of-it": "[redacted:pem].[redacted:pem]",
    "192.168.1.1": "[redacted:number]",
    [new URL("http://größe77.test").hostname]: "[redacted:wide].test",
    [long]: "[redacted:long]",
    "10.0.0.17": "10.0.0.17",
    "Nothing.Test": "Nothing.Test",
  };
  for (const [host, redacted] of Object.entries(hosts)) {
    t.equal(redactor.redactHost(host), redacted, host);
  }
  t.equal(redactor.redact("hunter2! 192.168.1.1"), "hunter2! 192.168.1.1", "elsewhere letters are what they are");
  redactor.add("later", "Nothing");
  t.equal(redactor.redactHost("nothing.test"), "[redacted:later].test");
  t.equal(createRedactor().redactHost("A.test"), "A.test");
});

t.test("a scanner names the first secret that passes, however it is cut", async (t) => {
  const redactor = redactorOf({ one: "hunter2!", two: "swordfish" });
  const scanner = redactor.scanner();
  for (const byte of Buffer.from("some swordfis hunter2")) {
    scanner.push(Buffer.from([byte]));
  }
  t.equal(scanner.found(), undefined);
  scanner.push(Buffer.from("! swordfish"));
  t.equal(scanner.found(), "one");
});

t.test("another mark may stand for secrets", async (t) => {
  const redactor = createRedactor({ mark: (name, value) => `<${name}:${value.length}>` });
  redactor.add("token", "hunter2!");
  t.equal(redactor.redact("a hunter2!"), "a <token:8>");
});

t.test("empty and repeated values are nothing new", async (t) => {
  const redactor = redactorOf({ empty: "", token: "hunter2!" });
  redactor.add("token", "hunter2!");
  t.equal(redactor.redact("a hunter2!"), "a [redacted:token]");
});

/** Few letters, so that forms overlap and begin again inside each other. */
const secretText = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b"), minLength: 4, maxLength: 9 }),
  fc.string({ unit: fc.constantFrom("a", "b", "/", '"', "é", "\n", "<"), minLength: 4, maxLength: 30 }),
  fc.string({ unit: "binary", minLength: 4, maxLength: 40 }).filter((value) => value.isWellFormed()),
  fc.json({ maxDepth: 2 }).filter((value) => value.length >= 4),
);

/** Noise with forms of the secrets planted in it, and places to cut it. */
const scene = fc.uniqueArray(secretText, { minLength: 1, maxLength: 4 }).chain((values) => {
  const forms = values.flatMap((value) => formsOf(value));
  const noise = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "/", "=", "\n"), maxLength: 12 }).map((part) => Buffer.from(part)),
    fc.uint8Array({ maxLength: 12 }),
  );
  const piece = fc.oneof(
    noise,
    fc.nat(forms.length - 1).map((at) => forms[at] ?? new Uint8Array(0)),
    fc
      .tuple(fc.nat(forms.length - 1), fc.nat(60))
      .map(([at, length]) => (forms[at] ?? new Uint8Array(0)).subarray(0, length)),
  );
  return fc.record({
    values: fc.constant(values),
    forms: fc.constant(forms.map((form) => Buffer.from(form))),
    bytes: fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces)),
    cuts: fc.array(fc.nat(200), { maxLength: 12 }),
  });
});

/** Which bytes belong to a form, found by trying every form at every place. */
function coveredBy(forms: readonly Buffer[], bytes: Buffer): readonly boolean[] {
  const covered = Array.from(bytes, () => false);
  for (const form of forms) {
    for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1)) {
      covered.fill(true, at, at + form.length);
    }
  }
  return covered;
}

t.test("law: a stream gives the same bytes however it is cut, and no form is left in what it leaves", async (t) => {
  fc.assert(
    fc.property(scene, ({ values, forms, bytes, cuts }) => {
      // A mark that the bytes do not hold themselves, so that what is left can be told from it.
      const mark = Buffer.from("\u{10ffff}");
      fc.pre(!bytes.includes(mark));
      const redactor = createRedactor({ mark: () => "\u{10ffff}" });
      values.forEach((value, at) => redactor.add(`s${at}`, value));
      const whole = streamed(redactor, bytes, []);
      t.ok(streamed(redactor, bytes, cuts).equals(whole));
      const left: Buffer[] = [];
      let rest = whole;
      for (let at = rest.indexOf(mark); at !== -1; at = rest.indexOf(mark)) {
        left.push(rest.subarray(0, at));
        rest = rest.subarray(at + mark.length);
      }
      left.push(rest);
      t.notOk(left.some((part) => forms.some((form) => part.includes(form))));
      const covered = coveredBy(forms, bytes);
      t.ok(Buffer.concat(left).equals(Buffer.from(bytes.filter((_, at) => covered[at] === false))));
    }),
    { numRuns: 250 },
  );
});

t.test("law: text is redacted as its bytes are", async (t) => {
  fc.assert(
    fc.property(scene, ({ values, bytes }) => {
      const redactor = redactorOf(Object.fromEntries(values.map((value, at) => [`s${at}`, value])));
      const plain = bytes.toString("utf8");
      t.equal(redactor.redact(plain), streamed(redactor, Buffer.from(plain), []).toString("utf8"));
    }),
    { numRuns: 200 },
  );
});
