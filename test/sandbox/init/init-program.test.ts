import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { Server, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { encodeArm64 } from "../../src/sandbox/listener-arm64.ts";
import { assemble, type Encode, type Instruction } from "../../src/sandbox/listener-code.ts";
import { listenerProgram } from "../../src/sandbox/listener-program.ts";
import { encodeX64 } from "../../src/sandbox/listener-x64.ts";
import type { Machine } from "../../src/sandbox/seccomp-filter.ts";

/** How programs of each machine start here: the own machine's as they are, others' where an emulator is installed. */
const emulator = ["/usr/bin/qemu-aarch64-static", "/usr/bin/qemu-aarch64"].find((path) => existsSync(path));
const starts: readonly (readonly [machine: Machine, before: readonly string[]])[] = [
  [process.arch === "arm64" ? "arm64" : "x64", []],
  ...(emulator === undefined || process.arch === "arm64" ? [] : [["arm64", [emulator]] as const]),
];

type Started = { readonly child: ChildProcess; readonly printed: Promise<string>; readonly exit: Promise<unknown> };

/** Starts a script in a network namespace of its own; `$listener` starts the program, whose channel is fd 6. */
function start(t: Test, [machine, before]: (typeof starts)[number], script: string, channel: "ipc" | "pipe"): Started {
  const file = join(t.testdir(), "listener");
  writeFileSync(file, listenerProgram(machine));
  chmodSync(file, 0o755);
  const child = spawn(
    "bwrap",
    ["--dev-bind", "/", "/", "--unshare-user", "--unshare-net", "--", "/bin/bash", "-c", script],
    {
      cwd: t.testdirName,
      stdio: ["ignore", "pipe", "inherit", "ignore", "ignore", "ignore", channel],
      env: { PATH: "/usr/bin:/bin", listener: [...before, file].join(" "), KEPT: "as it was" },
    },
  );
  t.teardown(() => child.kill("SIGKILL"));
  const exit = new Promise((resolve) => child.once("exit", resolve));
  return { child, printed: text(child.stdout as Socket), exit };
}

for (const how of starts) {
  const [machine] = how;

  t.test(`${machine}: the socket is handed out before the command runs, which gets nothing but its own`, async (t) => {
    const command = "echo $KEPT $0 $*; ls /proc/self/fd; exec 3<>/dev/tcp/127.0.0.1/3128; cat <&3; exit 7";
    const script = `exec $listener /bin/bash -c '${command}' zero 'a b' c`;
    const { child, printed, exit } = start(t, how, script, "ipc");
    const served = await new Promise<Server>((resolve, reject) => {
      child.once("message", (message, handle) => {
        t.strictSame(message, { packrun: "listening" });
        return handle instanceof Server ? resolve(handle) : reject(new Error("no server"));
      });
    });
    t.match(served.address(), { address: "127.0.0.1", port: 3128 });
    served.on("connection", (socket: Socket) => socket.end("from outside\n"));
    const lines = (await printed).split("\n");
    t.equal(lines[0], "as it was zero a b c");
    t.notOk(lines.includes("6"), "the channel is closed");
    t.notOk(lines.includes("7"), "and so is the socket");
    t.ok(lines.includes("from outside"));
    t.equal(await exit, 7);
    served.close();
  });

  t.test(`${machine}: the command waits for a whole line as the answer`, async (t) => {
    const { child, printed } = start(t, how, "exec $listener /bin/echo started", "pipe");
    const channel = (child.stdio as readonly unknown[])[6] as Socket;
    const first = await new Promise((resolve) => channel.once("data", resolve));
    t.equal(String(first), '{"cmd":"NODE_HANDLE","type":"net.Server","msg":{"packrun":"listening"}}\n');
    let begun = false;
    child.stdout?.once("data", () => (begun = true));
    channel.write("an answer of some length, ");
    await new Promise((resolve) => setImmediate(resolve));
    t.notOk(begun);
    channel.write("and its end\n");
    t.equal(await printed, "started\n");
  });

  t.test(
    `${machine}: each thing that can go wrong has a word and an exit code of its own, and no command`,
    async (t) => {
      const failure = async (script: string, answer: (channel: Socket) => void): Promise<string> => {
        const { child, printed, exit } = start(t, how, `${script}; echo $?`, "pipe");
        const channel = (child.stdio as readonly unknown[])[6] as Socket;
        const said: string[] = [];
        channel.on("data", (chunk: Buffer) => {
          const words = String(chunk).split("\n").filter(Boolean);
          said.push(...words.filter((word) => !word.includes("NODE_HANDLE")));
          return words.some((word) => word.includes("NODE_HANDLE")) && answer(channel);
        });
        await exit;
        return `${said.join()} ${(await printed).trim()}`;
      };
      const answers = (channel: Socket): void => void channel.write("\n");
      // The emulator opens files of its own, so the bound is set where only the program itself runs.
      if (how[1].length === 0) {
        const full = "(ulimit -n 7; exec $listener /bin/echo ran 3</dev/null 4</dev/null 5</dev/null)";
        t.equal(await failure(full, answers), '{"packrun":"no TCP socket can be made"} 121');
      }
      const other = '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:3128", Listen => 1); exit system(@ARGV) >> 8';
      const taken = `perl -MIO::Socket::INET -e '${other}' $listener /bin/echo ran`;
      t.equal(await failure(taken, answers), '{"packrun":"127.0.0.1:3128 cannot be taken"} 122');
      const noSocket = "exec 6>said; $listener /bin/echo ran; code=$?; cat said; (exit $code)";
      t.equal(await failure(noSocket, answers), ' {"packrun":"the listening socket cannot be handed out"}\n124');
      const silent = await failure("$listener /bin/echo ran", (channel) => channel.end());
      t.equal(silent, '{"packrun":"the runner does not answer"} 125');
      t.equal(await failure("$listener /no/such/command", answers), '{"packrun":"its command cannot be started"} 127');
    },
  );
}

const call: Instruction = {
  kind: "call",
  call: "execve",
  operands: ["firstArgument", "argumentsFromFirst", "environment"],
};
const encodings: readonly (readonly [what: Instruction, x64: string, arm64: string])[] = [
  // Read back with GNU objdump (x86_64) and with Capstone and QEMU (arm64); words of arm64 have their highest byte first.
  [
    call,
    "488b7c2410 488d742410 488b1424488d54d410 b83b000000 0f05",
    "f9400be0 910043e1 f94003e2 8b226fe2 91004042 d2801ba8 f2a00008 d4000001",
  ],
  [
    { kind: "call", call: "bind", operands: ["kept", 0x500160, 16] },
    "89df be60015000 ba10000000 b831000000 0f05",
    "2a1303e0 d2802c01 f2a00a01 d2800202 f2a00002 d2801908 f2a00008 d4000001",
  ],
  [{ kind: "keep" }, "89c3", "2a0003f3"],
  [{ kind: "store", address: 0x500160 }, "891c2560015000", "d2802c09 f2a00a09 b9000133"],
  [{ kind: "unlessResult", least: 1, label: "ahead" }, "4883f801 0f8cf6000000", "f100041f 540007eb"],
  [
    { kind: "unlessByte", address: 0x500160, value: 10, label: "back" },
    "803c25600150000a 0f8572ffffff",
    "d2802c09 f2a00a09 39400129 7100293f 54fffb81",
  ],
  [{ kind: "label", label: "here" }, "", ""],
];

t.test("each instruction is encoded as assemblers do, for both machines", async (t) => {
  const labelAt = (label: string): number => (label === "back" ? 0x400f80 : 0x401100);
  const bytes = (encode: Encode, what: Instruction): Buffer => Buffer.from(encode(what, 0x401000, labelAt));
  for (const [what, x64, arm64] of encodings) {
    t.equal(bytes(encodeX64, what).toString("hex"), x64.replaceAll(" ", ""), `x64 ${what.kind}`);
    t.equal(bytes(encodeArm64, what).swap32().toString("hex"), arm64.replaceAll(" ", ""), `arm64 ${what.kind}`);
  }
  t.throws(() => assemble([{ kind: "unlessResult", least: 0, label: "nowhere" }], 0, encodeX64), /no label nowhere/);
});

t.test("the file is a static executable of a page, and nothing in it can be both written and run", async (t) => {
  for (const [machine, number] of [
    ["x64", 62],
    ["arm64", 183],
  ] as const) {
    const file = listenerProgram(machine);
    t.ok(file.length < 2048);
    t.equal(file.toString("latin1", 1, 4), "ELF");
    t.equal(file.readUInt16LE(18), number);
    const segments = [0, 1, 2].map((at) => file.readUInt32LE(64 + at * 56 + 4));
    t.strictSame(segments, [5, 6, 6], "read and run; read and write; a stack without code");
  }
});
