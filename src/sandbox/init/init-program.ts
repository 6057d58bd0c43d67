import { elfFile, elfPlaces } from "./elf-file.ts";
import { encodeArm64 } from "./listener-arm64.ts";
import { assemble, type Instruction, type Operand } from "./listener-code.ts";
import { encodeX64 } from "./listener-x64.ts";
import { CHANNEL_FD } from "./launch-script.ts";
import type { Machine } from "./seccomp-filter.ts";

/** Where programs of a step find the way out. */
export const LISTENER_PORT = 3128;

/**
 * Node's own words for "here is a handle" on a channel between Node processes, in its JSON serialisation; the answer is
 * one line, too (lib/internal/child_process.js). Node makes a `net.Server` of it.
 */
const HANDLE = '{"cmd":"NODE_HANDLE","type":"net.Server","msg":{"packrun":"listening"}}\n';

/** From linux/socket.h, asm-generic/fcntl.h and linux/net.h: the same on both machines. */
const [AF_INET, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC] = [2, 1, 0o4000, 0o2000000];
const [SOL_SOCKET, SCM_RIGHTS, F_SETFD, FD_CLOEXEC] = [1, 1, 2, 1];
const BACKLOG = 511;
const NEWLINE = 10;

/**
 * An executable that runs first in a step's sandbox, as the step's user: it listens on 127.0.0.1, hands the socket to
 * the runner, waits for the answer and becomes the program that its arguments name.
 * 1. The socket and the channel are closed when it becomes the step: neither is the step's.
 * 2. When anything goes wrong it says so on the channel, in one line, and ends; the step's program does not run.
 * It is machine code made here because an interpreter would cost more than the whole rest of a step's start, and a
 * compiler is not there on most hosts.
 */
export function listenerProgram(machine: Machine): Buffer {
  const data = dataSegment();
  const address = data.add(socketAddress());
  const handle = data.add(Buffer.from(HANDLE));
  const part = data.add(words(handle, HANDLE.length));
  const rights = data.add(Buffer.concat([words(20), Buffer.from(Uint32Array.of(SOL_SOCKET, SCM_RIGHTS, 0, 0).buffer)]));
  const message = data.add(words(0, 0, part, 1, rights, 24, 0)); // struct msghdr
  const answered = data.add(Buffer.alloc(1));
  const failures: Instruction[] = [];
  const fails = (problem: string): string => {
    const text = `${JSON.stringify({ packrun: problem })}\n`;
    const code = 121 + failures.length / 3;
    failures.push(
      { kind: "label", label: problem },
      call("write", CHANNEL_FD, data.add(Buffer.from(text)), Buffer.byteLength(text)),
      call("exit", code),
    );
    return problem;
  };
  const program: readonly Instruction[] = [
    call("socket", AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    unless(0, fails("no TCP socket can be made")),
    { kind: "keep" },
    { kind: "store", address: rights + 16 },
    call("bind", "kept", address, 16),
    unless(0, fails(`127.0.0.1:${LISTENER_PORT} cannot be taken`)),
    call("listen", "kept", BACKLOG),
    unless(0, fails(`127.0.0.1:${LISTENER_PORT} cannot be listened on`)),
    call("sendmsg", CHANNEL_FD, message, 0),
    unless(1, fails("the listening socket cannot be handed out")),
    { kind: "label", label: "next byte" },
    call("read", CHANNEL_FD, answered, 1),
    unless(1, fails("the runner does not answer")),
    { kind: "unlessByte", address: answered, value: NEWLINE, label: "next byte" },
    call("fcntl", CHANNEL_FD, F_SETFD, FD_CLOEXEC),
    unless(0, fails("the channel to the runner cannot be closed")),
    call("execve", "firstArgument", "argumentsFromFirst", "environment"),
    unless(1, fails("its command cannot be started")),
  ];
  const code = assemble([...program, ...failures], elfPlaces.code(data.bytes().length), encoders[machine]);
  return elfFile(machine, data.bytes(), code);
}

const encoders = { x64: encodeX64, arm64: encodeArm64 } as const;

function call(name: Extract<Instruction, { kind: "call" }>["call"], ...operands: readonly Operand[]): Instruction {
  return { kind: "call", call: name, operands };
}

function unless(least: number, label: string): Instruction {
  return { kind: "unlessResult", least, label };
}

/** `struct sockaddr_in`: the port and the address in network order. */
function socketAddress(): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(LISTENER_PORT, 2);
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

/** 64 bits each. */
function words(...values: readonly number[]): Buffer {
  return Buffer.from(BigUint64Array.from(values, BigInt).buffer);
}

/** What the program reads and writes; everything in it stands at an address that 8 divides. */
function dataSegment(): {
  /** The address at which the item will stand. */
  readonly add: (item: Buffer) => number;
  readonly bytes: () => Buffer;
} {
  let bytes = Buffer.alloc(0);
  return {
    add: (item) => {
      const address = elfPlaces.data + bytes.length;
      bytes = Buffer.concat([bytes, item, Buffer.alloc(-item.length & 7)]);
      return address;
    },
    bytes: () => bytes,
  };
}
