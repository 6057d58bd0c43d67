/** A WebAssembly module with OPA's ABI that was made by hand: to be what no compiler would make. */
export type OddModule = {
  /** What the module says of itself, and its answer, as JSON texts. */
  readonly builtins?: string;
  readonly entrypoints?: string;
  readonly result?: string;
  /** The instructions of one of its functions; each must leave an i32. */
  readonly code?: Partial<Record<FunctionName, readonly number[]>>;
  readonly without?: FunctionName;
  readonly abi?: number;
  /** Functions of one i32 without a result that it imports besides a memory, such as `env.escape`. */
  readonly imports?: readonly string[];
  /** Pages of 64 KiB that it wants to begin with. */
  readonly pages?: number;
};
type FunctionName = keyof typeof FUNCTIONS;

/** What a module of version 1 begins with. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const AT = { builtins: 1024, entrypoints: 4096, result: 8192, heap: 131_072 };
/** Parameters, all of them i32 like the result, and what it does. */
const FUNCTIONS = {
  builtins: [0, constant(AT.builtins)],
  entrypoints: [0, constant(AT.entrypoints)],
  opa_json_dump: [1, [0x20, 0]],
  opa_malloc: [1, constant(AT.heap)],
  opa_json_parse: [2, constant(1)],
  opa_heap_ptr_get: [0, constant(AT.heap)],
  opa_eval: [7, constant(AT.result)],
} as const satisfies Record<string, readonly [parameters: number, code: readonly number[]]>;

/** Instructions: a loop without end. */
export const FOREVER = [0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00];
/** Instructions: takes memory until there is no more, then stops with an error. */
export const GREEDY = [0x03, 0x40, ...constant(64), 0x40, 0x00, ...constant(-1), 0x47, 0x0d, 0x00, 0x0b, 0x00];

/** Instructions: calls a function of its own, or an imported one, by index and with as many zeros. */
export function call(index: number, zeros: number): readonly number[] {
  return [...Array.from({ length: zeros }, () => constant(0)).flat(), 0x10, index];
}

/** The index of a function of a module that imports so many. */
export function indexOf(name: FunctionName, imports = 0): number {
  return imports + Object.keys(FUNCTIONS).indexOf(name);
}

export function oddModule(odd: OddModule): Uint8Array {
  const { builtins = "{}", entrypoints = '{"a/b":0}', result = '[{"result":true}]', imports = [], pages = 2 } = odd;
  const names = Object.keys(FUNCTIONS) as FunctionName[];
  const exported = names.filter((name) => name !== odd.without);
  const globals = ["opa_wasm_abi_version", "opa_wasm_abi_minor_version"];
  return Uint8Array.from([
    ...MAGIC,
    // Types: 0 to 7 take so many i32 and give one, 8 takes one and gives nothing.
    ...section(1, [
      ...range(8).map((count) => [0x60, count, ...range(count).map(() => 0x7f), 1, 0x7f]),
      [0x60, 1, 0x7f, 0],
    ]),
    ...section(2, [
      [...text("env"), ...text("memory"), 0x02, 0x00, ...unsigned(pages)],
      ...imports.map((name) => [...text(name.split(".")[0] ?? ""), ...text(name.split(".")[1] ?? ""), 0x00, 8]),
    ]),
    ...section(
      3,
      names.map((name) => [FUNCTIONS[name][0]]),
    ),
    ...section(
      6,
      [odd.abi ?? 1, 2].map((value) => [0x7f, 0x00, ...constant(value), 0x0b]),
    ),
    ...section(7, [
      ...exported.map((name) => [...text(name), 0x00, indexOf(name, imports.length)]),
      ...globals.map((name, index) => [...text(name), 0x03, index]),
    ]),
    ...section(
      10,
      names.map((name) => sized([0x00, ...(odd.code?.[name] ?? FUNCTIONS[name][1]), 0x0b])),
    ),
    ...section(
      11,
      Object.entries({ builtins, entrypoints, result }).map(([name, json]) => [
        0x00,
        ...constant(AT[name as keyof typeof AT]),
        0x0b,
        ...sized([...Buffer.from(`${json}\0`)]),
      ]),
    ),
  ]);
}

function section(id: number, items: readonly (readonly number[])[]): readonly number[] {
  return [id, ...sized([...unsigned(items.length), ...items.flat()])];
}

function sized(bytes: readonly number[]): readonly number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(value: string): readonly number[] {
  return sized([...Buffer.from(value)]);
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function constant(value: number): readonly number[] {
  const bytes: number[] = [0x41];
  for (let rest = value; ;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) {
      return bytes;
    }
  }
}
