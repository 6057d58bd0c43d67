import t from "tap";
import { isFilteredMachine, seccompFilter, type Machine } from "../../../src/sandbox/root/seccomp-filter.ts";
import { absent, forbidden, guarded } from "../../../src/sandbox/root/syscall-numbers.ts";

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refused = (errno: number): number => 0x00050000 + errno;
const audits = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** Runs the program as the kernel does, on a `struct seccomp_data` with these values. */
function judge(
  machine: Machine,
  number: number,
  args: readonly number[] = [],
  audit: number = audits[machine],
  mode: "sealed" | "restricted" = "sealed",
): number {
  const program = seccompFilter(machine, mode);
  const data = new Map([[0, number], [4, audit], ...args.map((value, at) => [16 + 8 * at, value] as const)]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const [yes, no] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const operand = program.readUInt32LE(at * 8 + 4);
    switch (code) {
      case 0x20:
        accumulator = data.get(operand) ?? 0;
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        break;
      case 0x15:
        at += accumulator === operand ? yes : no;
        break;
      case 0x35:
        at += accumulator >= operand ? yes : no;
        break;
      case 0x06:
        return operand;
      default:
        throw new Error(`no such instruction: ${code}`);
    }
  }
  throw new Error("the program has no end");
}

for (const machine of ["x64", "arm64"] as const) {
  const column = machine === "x64" ? 0 : 1;

  t.test(`${machine}: where folders of the host show, UNIX sockets come in connected pairs only`, async (t) => {
    const { socket, socketpair } = guarded;
    const restricted = (number: number | null, family: number): number =>
      judge(machine, number ?? -1, [family], audits[machine], "restricted");
    for (const family of [1, 2, 10, 16, 17, 40]) {
      t.equal(restricted(socket[column], family), [2, 10, 16].includes(family) ? ALLOW : refused(97), `${family}`);
    }
    t.equal(restricted(socketpair[column], 1), ALLOW);
  });

  t.test(`${machine}: each call of the tables gets its answer, all others are allowed`, async (t) => {
    const special = new Map<number, number>();
    for (const [table, answer] of [
      [forbidden, refused(1)],
      [absent, refused(38)],
    ] as const) {
      for (const [name, numbers] of Object.entries(table)) {
        const number = numbers[column];
        if (number !== null) {
          t.equal(judge(machine, number), answer, name);
          t.notOk(special.has(number), `${name} has a number of its own`);
          special.set(number, answer);
        }
      }
    }
    const checked = new Set<number>(Object.values(guarded).map((numbers) => numbers[column]));
    for (let number = 0; number < 470; number += 1) {
      if (!special.has(number) && !checked.has(number)) {
        t.equal(judge(machine, number), ALLOW);
      }
    }
  });

  t.test(`${machine}: some calls are allowed for some arguments only`, async (t) => {
    const { clone, ioctl, socket, socketpair } = guarded;
    t.equal(judge(machine, clone[column], [0x01200011]), ALLOW, "fork");
    t.equal(judge(machine, clone[column], [0x003d0f00]), ALLOW, "a thread");
    for (const flag of [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]) {
      t.equal(judge(machine, clone[column], [flag | 17]), refused(1));
    }
    t.equal(judge(machine, ioctl[column], [0, 0x5401]), ALLOW);
    t.equal(judge(machine, ioctl[column], [0, 0x5412]), refused(1), "TIOCSTI");
    t.equal(judge(machine, ioctl[column], [0, 0x541c]), refused(1), "TIOCLINUX");
    for (let family = 0; family < 46; family += 1) {
      t.equal(judge(machine, socket[column], [family]), [1, 2, 10, 16].includes(family) ? ALLOW : refused(97));
      t.equal(judge(machine, socketpair[column], [family]), family === 1 ? ALLOW : refused(97));
    }
  });

  t.test(`${machine}: calls of another architecture end the process`, async (t) => {
    t.equal(judge(machine, 1, [], 0x40000003), KILL, "i386");
    t.equal(judge(machine, 1, [], machine === "x64" ? audits.arm64 : audits.x64), KILL);
  });
}

t.test("the x32 numbers of x64 are refused", async (t) => {
  t.equal(judge("x64", 0x40000000 + 1), refused(1));
});

t.test("machines without a table are known to have none", async (t) => {
  t.ok(isFilteredMachine("x64"));
  t.notOk(isFilteredMachine("riscv64"));
  t.notOk(isFilteredMachine("toString"));
});
