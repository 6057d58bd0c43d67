import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { Server, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { encodeArm64 } from "#sandbox/init/arm64.ts";
import { assemble, type Encode, type Instruction } from "#sandbox/init/machine-code.ts";
import { initProgram } from "#sandbox/init/init-program.ts";
import { encodeX64 } from "#sandbox/init/x64.ts";
import type { Machine } from "#sandbox/root/seccomp-filter.ts";

/** How programs of each machine start here: the own machine's as they are, others' where an emulator is installed. */
const emulator = ["/usr/bin/qemu-aarch64-static", "/usr/bin/qemu-aarch64"].find((path) => existsSync(path));
const starts: readonly (readonly [machine: Machine, before: readonly string[]])[] = [
  [process.arch === "arm64" ? "arm64" : "x64", []],
  ...(emulator === undefined || process.arch === "arm64" ? [] : [["arm64", [emulator]] as const]),
];

type Started = {
  readonly child: ChildProcess;
  readonly token: Socket;
  readonly printed: Promise<string>;
  readonly complained: Promise<string>;
  readonly exit: Promise<unknown>;
};

type How = { readonly channel?: "ipc" | "pipe"; readonly token?: "given" | "waits"; readonly maxPids?: number };

/** Starts a script in a network namespace of its own; `$init` starts the program: its token is fd 6, its channel fd 7. */
function start(t: Test, [machine, before]: (typeof starts)[number], script: string, how: How = {}): Started {
  const { channel, token = "given", maxPids } = how;
  const file = join(t.testdir(), "init");
  writeFileSync(
    file,
    initProgram(machine, { listen: channel !== undefined, ...(maxPids === undefined ? {} : { maxPids }) }),
  );
  chmodSync(file, 0o755);
  const child = spawn(
    "bwrap",
    ["--dev-bind", "/", "/", "--unshare-user", "--unshare-net", "--", "/bin/bash", "-c", script],
    {
      cwd: t.testdirName,
      stdio: ["ignore", "pipe", "pipe", "ignore", "ignore", "ignore", "pipe", channel ?? "ignore"],
      env: { PATH: "/usr/bin:/bin", init: [...before, file].join(" "), KEPT: "as it was" },
    },
  );
  const pipe = (child.stdio as readonly unknown[])[6] as Socket;
  pipe.on("error", () => undefined);
  if (token === "given") {
    pipe.write("\n");
  }
  t.teardown(() => child.kill("SIGKILL"));
  const exit = new Promise((resolve) => child.once("exit", resolve));
  return { child, token: pipe, printed: text(child.stdout as Socket), complained: text(child.stderr as Socket), exit };
}

for (const how of starts) {
  const [machine] = how;

  t.test(`${machine}: the socket is handed out before the command runs, which gets nothing but its own`, async (t) => {
    const command = "echo $KEPT $0 $*; ls /proc/self/fd; exec 3<>/dev/tcp/127.0.0.1/3128; cat <&3; exit 7";
    const script = `exec $init /bin/bash bash -c '${command}' zero 'a b' c`;
    const { child, printed, exit } = start(t, how, script, { channel: "ipc" });
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
    t.notOk(lines.includes("6"), "the token is closed");
    t.notOk(lines.includes("7"), "and so is the channel");
    t.notOk(lines.includes("8"), "and the socket");
    t.ok(lines.includes("from outside"));
    t.equal(await exit, 7);
    served.close();
  });

  t.test(`${machine}: the command waits for a whole line as the answer`, async (t) => {
    const { child, printed } = start(t, how, "exec $init /bin/echo echo started", { channel: "pipe" });
    const channel = (child.stdio as readonly unknown[])[7] as Socket;
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
        const { child, printed, exit } = start(t, how, `${script}; echo $?`, { channel: "pipe" });
        const channel = (child.stdio as readonly unknown[])[7] as Socket;
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
        const full = "(ulimit -n 8; exec $init /bin/echo echo ran 3</dev/null 4</dev/null 5</dev/null)";
        t.equal(await failure(full, answers), '{"packrun":"no TCP socket can be made"} 121');
      }
      const other = '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:3128", Listen => 1); exit system(@ARGV) >> 8';
      const taken = `perl -MIO::Socket::INET -e '${other}' $init /bin/echo echo ran`;
      t.equal(await failure(taken, answers), '{"packrun":"127.0.0.1:3128 cannot be taken"} 122');
      const noSocket = "exec 7>said; $init /bin/echo echo ran; code=$?; cat said; (exit $code)";
      t.equal(await failure(noSocket, answers), ' {"packrun":"the listening socket cannot be handed out"}\n124');
      const silent = await failure("$init /bin/echo echo ran", (channel) => channel.end());
      t.equal(silent, '{"packrun":"the runner does not answer"} 125');
    },
  );

  t.test(`${machine}: nothing runs without a token, and nothing at all when there will be none`, async (t) => {
    const held = start(t, how, "$init /bin/echo echo ran; echo $?", { token: "waits" });
    let begun = false;
    held.child.stdout?.once("data", () => (begun = true));
    await new Promise((resolve) => setImmediate(resolve));
    t.notOk(begun);
    held.token.end("\n");
    t.equal(await held.printed, "ran\n0\n");
    const refused = start(t, how, "$init /bin/echo echo ran; echo $?", { token: "waits" });
    refused.token.end();
    t.equal(await refused.printed, "125\n");
  });

  t.test(`${machine}: it ends as the program ended, by its exit code or by a signal`, async (t) => {
    const codes = async (command: string): Promise<string> =>
      (await start(t, how, `$init /bin/sh sh -c '${command}'; echo $?`).printed).trim();
    t.equal(await codes("exit 0"), "0");
    t.equal(await codes("exit 255"), "255");
    t.equal(await codes("kill -TERM $$"), "143");
    t.equal(await codes("kill -KILL $$"), "137");
    t.equal(await codes("(sleep 0.05; exit 3) & exit 4"), "4", "other children are taken in, and change nothing");
  });

  t.test(`${machine}: a program that cannot be started has a word and an exit code of its own`, async (t) => {
    const said = async (program: string): Promise<string> => {
      const { printed, complained } = start(t, how, `$init ${program} x; echo $?`);
      return `${(await printed).trim()} ${(await complained).trim()}`;
    };
    t.match(
      await said("/no/such/program"),
      /^127 packrun: the program, or the interpreter that it names, is not there$/,
    );
    t.match(await said("/etc/hostname"), /^126 packrun: the program cannot be executed/);
    t.match(await said("/etc"), /^126 packrun: the program cannot be executed/);
  });

  // The emulator is a process of several threads, and they count.
  if (how[1].length === 0) {
    t.test(`${machine}: it limits the processes of its user namespace where that is asked`, async (t) => {
      const script = "$init /bin/sh sh -c 'ulimit -p 2>/dev/null || ulimit -u'";
      t.equal(await start(t, how, script, { maxPids: 40 }).printed, "41\n");
    });
  }
}

const call: Instruction = {
  kind: "call",
  call: "execve",
  operands: ["firstArgument", "argumentsFromSecond", "environment"],
};
const encodings: readonly (readonly [what: Instruction, x64: string, arm64: string])[] = [
  // Read back with GNU objdump (x86_64) and with Capstone and QEMU (arm64); words of arm64 have their highest byte first.
  [
    call,
    "488b7c2410 488d742418 488b1424488d54d410 b83b000000 0f05",
    "f9400be0 910063e1 f94003e2 8b226fe2 91004042 d2801ba8 f2a00008 d4000001",
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
  [
    { kind: "call", call: "wait4", operands: [-1, 0x500160, 0, 0] },
    "bfffffffff be60015000 ba00000000 41ba00000000 b83d000000 0f05",
    "d29fffe0 f2bfffe0 d2802c01 f2a00a01 d2800002 f2a00002 d2800003 f2a00003 d2802088 f2a00008 d4000001",
  ],
  [{ kind: "unlessResult", least: -2, label: "ahead" }, "4883f8fe 0f8cf6000000", "b100081f 540007eb"],
  [{ kind: "unlessKept", label: "back" }, "39d8 0f8578ffffff", "6b13001f 54fffbe1"],
  [
    { kind: "exitAs", address: 0x500160 },
    "8b042560015000 89c783e77f 7408 81c780000000eb03 0fb6fc b8e7000000 0f05",
    "d2802c09 f2a00a09 b9400129 12001920 34000060 11020000 14000002 53083d20 d2800bc8 f2a00008 d4000001",
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
    const file = initProgram(machine, { listen: true, maxPids: 64 });
    t.ok(file.length < 4096);
    t.equal(file.toString("latin1", 1, 4), "ELF");
    t.equal(file.readUInt16LE(18), number);
    const segments = [0, 1, 2].map((at) => file.readUInt32LE(64 + at * 56 + 4));
    t.strictSame(segments, [5, 6, 6], "read and run; read and write; a stack without code");
  }
});
