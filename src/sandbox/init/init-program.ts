import { CHANNEL_FD, TOKEN_FD } from "../slot/launch-script.ts";
import type { Machine } from "../root/seccomp-filter.ts";
import { encodeArm64 } from "./arm64.ts";
import { elfFile, elfPlaces } from "./elf-file.ts";
import { assemble, type Instruction, type Operand } from "./machine-code.ts";
import { encodeX64 } from "./x64.ts";

/** Where programs of a step find the way out. */
export const LISTENER_PORT = 3128;

/** The exit code of an init that met the end where a token was to come. */
export const NO_TOKEN = 125;

/** What the init of a step does besides waiting and starting. */
export type InitTasks = {
  /** Listen on 127.0.0.1 and hand the socket to the runner. */
  readonly listen: boolean;
  /** Where no cgroup counts processes: RLIMIT_NPROC counts in the step's user namespace, so it is set in there. */
  readonly maxPids?: number;
};

/**
 * Node's own words for "here is a handle" on a channel between Node processes, in its JSON serialisation; the answer is
 * one line, too (lib/internal/child_process.js). Node makes a `net.Server` of it.
 */
const HANDLE = '{"cmd":"NODE_HANDLE","type":"net.Server","msg":{"packrun":"listening"}}\n';

/** From the headers of Linux (socket.h, net.h, prctl.h, resource.h, signal.h, wait.h): the same on both machines. */
const [AF_INET, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC] = [2, 1, 0o4000, 0o2000000];
const [SOL_SOCKET, SCM_RIGHTS, PR_SET_DUMPABLE, RLIMIT_NPROC] = [1, 1, 4, 6];
const [SIGCHLD, ANY_CHILD, ENOENT, STDERR] = [17, -1, -2, 2];
const BACKLOG = 511;
const NEWLINE = 10;

/**
 * The executable that is process 1 of a step's sandbox, as the step's user. Its arguments are the path of the step's
 * program and then that program's own arguments, from its name on. It listens for the step where it has a way out, waits
 * for the start token, starts the program, takes in what that leaves behind, and ends with its exit code (128 + N after
 * signal N); the kernel then kills the rest. bubblewrap's own init would be left to the init of the host as a zombie,
 * and in containers nobody may be there to take it.
 * 1. Without a byte on the token's descriptor nothing of the step runs; its end ends this process.
 * 2. Token, channel and socket are closed before the step's program starts: none of them is the step's.
 * 3. When the listening goes wrong it says so on the channel, in one line, and the step's program does not run.
 * 4. The step can neither read nor write this process, although it is of the same user.
 * It is machine code made here because an interpreter would cost more than the whole rest of a step's start, and a
 * compiler is not there on most hosts.
 */
export function initProgram(machine: Machine, tasks: InitTasks): Buffer {
  const data = dataSegment();
  const failures: Instruction[] = [];
  const fails: Fails = (problem, fd, text, code) => {
    const bytes = Buffer.from(text);
    const address = bytes.length === 0 ? 0 : data.add(bytes);
    failures.push({ kind: "label", label: problem }, call("write", fd, address, bytes.length), call("exit", code));
    return problem;
  };
  const program: readonly Instruction[] = [
    call("prctl", PR_SET_DUMPABLE, 0),
    ...(tasks.maxPids === undefined ? [] : countProcesses(tasks.maxPids, data)),
    ...(tasks.listen ? listen(data, fails) : []),
    ...startAndWait(data, fails),
  ];
  const code = assemble([...program, ...failures], elfPlaces.code(data.bytes().length), encoders[machine]);
  return elfFile(machine, data.bytes(), code);
}

/** Writes a text and ends; the name of the label at which that stands. */
type Fails = (problem: string, fd: number, text: string, code: number) => string;

/** One more for this process itself. */
function countProcesses(most: number, data: DataSegment): readonly Instruction[] {
  return [call("prlimit64", 0, RLIMIT_NPROC, data.add(words(most + 1, most + 1)), 0)];
}

function listen(data: DataSegment, fails: Fails): readonly Instruction[] {
  const address = data.add(socketAddress());
  const handle = data.add(Buffer.from(HANDLE));
  const part = data.add(words(handle, HANDLE.length));
  const rights = data.add(Buffer.concat([words(20), Buffer.from(Uint32Array.of(SOL_SOCKET, SCM_RIGHTS, 0, 0).buffer)]));
  const message = data.add(words(0, 0, part, 1, rights, 24, 0)); // struct msghdr
  const answered = data.add(Buffer.alloc(1));
  const says = (problem: string, code: number): string =>
    fails(problem, CHANNEL_FD, `${JSON.stringify({ packrun: problem })}\n`, code);
  return [
    call("socket", AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    unless(0, says("no TCP socket can be made", 121)),
    { kind: "keep" },
    { kind: "store", address: rights + 16 },
    call("bind", "kept", address, 16),
    unless(0, says(`127.0.0.1:${LISTENER_PORT} cannot be taken`, 122)),
    call("listen", "kept", BACKLOG),
    unless(0, says(`127.0.0.1:${LISTENER_PORT} cannot be listened on`, 123)),
    call("sendmsg", CHANNEL_FD, message, 0),
    unless(1, says("the listening socket cannot be handed out", 124)),
    { kind: "label", label: "next byte" },
    call("read", CHANNEL_FD, answered, 1),
    unless(1, says("the runner does not answer", 125)),
    { kind: "unlessByte", address: answered, value: NEWLINE, label: "next byte" },
    call("close", "kept"),
    call("close", CHANNEL_FD),
  ];
}

function startAndWait(data: DataSegment, fails: Fails): readonly Instruction[] {
  const token = data.add(Buffer.alloc(1));
  const status = data.add(Buffer.alloc(4));
  const says = (problem: string, code: number): string => fails(problem, STDERR, `packrun: ${problem}\n`, code);
  return [
    call("read", TOKEN_FD, token, 1),
    unless(1, fails("no token", STDERR, "", NO_TOKEN)),
    call("close", TOKEN_FD),
    call("clone", SIGCHLD, 0, 0, 0),
    unless(0, says("no process can be made for the program", 126)),
    unless(1, "child"),
    { kind: "keep" },
    { kind: "label", label: "wait" },
    call("wait4", ANY_CHILD, status, 0, 0),
    { kind: "unlessKept", label: "wait" },
    { kind: "exitAs", address: status },
    { kind: "label", label: "child" },
    call("execve", "firstArgument", "argumentsFromSecond", "environment"),
    unless(
      ENOENT,
      says("the program cannot be executed (it is not executable here, or a script without a #! line)", 126),
    ),
    call("write", STDERR, ...text(data, "packrun: the program, or the interpreter that it names, is not there\n")),
    call("exit", 127),
  ];
}

function text(data: DataSegment, words: string): readonly [number, number] {
  return [data.add(Buffer.from(words)), Buffer.byteLength(words)];
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
type DataSegment = {
  /** The address at which the item will stand. */
  readonly add: (item: Buffer) => number;
  readonly bytes: () => Buffer;
};

function dataSegment(): DataSegment {
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
