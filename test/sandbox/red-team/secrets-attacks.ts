import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fails, held, prints, type Attack, type Bait } from "./attack.ts";
import type { Rig } from "../sandbox-rig.ts";
import { entriesBelow } from "../entries-below.ts";

const token = "correct horse battery staple";
/** Attacks beside it put the other one on command lines of their own. */
const watchedToken = "a token that no step puts anywhere";
const file = `-----BEGIN\n${"k".repeat(70_000)}\nEND-----`;

/** Makes the secrets known to the redactor, and looks for them in whatever the runner keeps on disk. */
function secret(rig: Rig): Bait {
  rig.redactor.add("token", token);
  rig.redactor.add("key", file);
  return {
    damage: () => {
      const found = [rig.scratch, rig.artifactsPath].flatMap((folder) => holding(folder, [token, file.slice(0, 200)]));
      return found.length === 0 ? undefined : `a secret lies in ${found.join(", ")}`;
    },
  };
}

/** Looks at every command line of the host, and at what the runner keeps, again and again while the step runs. */
function watched(rig: Rig): Bait {
  const bait = secret(rig);
  rig.redactor.add("watched", watchedToken);
  let seen: string | undefined;
  const look = (): void => {
    const line = readdirSync("/proc").find(
      (pid) => /^\d+$/.test(pid) && readOr(`/proc/${pid}/cmdline`).includes(watchedToken),
    );
    seen ??= line === undefined ? undefined : `the command line of ${line} shows a secret`;
    seen ??= holding(rig.scratch, [watchedToken, file.slice(0, 200)])[0];
  };
  const timer = setInterval(look, 20);
  return { damage: (outcome) => seen ?? bait.damage?.(outcome), remove: () => clearInterval(timer) };
}

async function earlier(rig: Rig): Promise<Bait> {
  const bait = secret(rig);
  await rig.run({ script: 'cat "$KEY" >/dev/null; cp "$KEY" /tmp/k', ...given });
  return bait;
}

const given = { secretEnv: { TOKEN: token }, secretFiles: { KEY: file } } as const;
const found = (hint: RegExp): Attack["expect"] => fails("SECRET_IN_ARTIFACT", { exitCode: 0, hint });

const printing: readonly Attack[] = [
  {
    name: "print a secret",
    sh: 'echo "$TOKEN"; echo "<$TOKEN>" >&2',
    expect: { stdout: "[redacted:token]\n", stderr: "<[redacted:token]>\n" },
  },
  { name: "print a secret file", sh: 'cat "$KEY"', expect: { stdout: /^(?!.*BEGIN)(?!.*kkkkk)/s } },
  {
    name: "print a secret byte by byte",
    py: 'for byte in os.environ["TOKEN"].encode():\n    os.write(1, bytes([byte]))\n    time.sleep(0.02)\nos.write(1, b"\\n")',
    expect: prints("[redacted:token]"),
  },
  {
    name: "print a secret with much before it",
    py: 'os.write(1, b"x" * 65530)\nos.write(1, os.environ["TOKEN"].encode())\nos.write(1, b"y" * 10)',
    expect: { stdout: /^x{65530}\n?\[redacted:token\]\n?y{10}\n?$/ },
  },
  {
    name: "print a secret in another dress",
    py: `
import base64, urllib.parse, json
token = os.environ["TOKEN"].encode()
for before in (b"", b"a", b"ab"):
    print(base64.b64encode(before + token + b"zz").decode())
print(urllib.parse.quote(token)); print(base64.urlsafe_b64encode(token).decode())
`,
    expect: { stdout: /^(?=(?:.*\[redacted:token\].*\n){5}$)(?!.*Y29ycmVjdCBob3JzZSBiYXR0ZXJ5)/i },
  },
  {
    name: "print a secret as the last thing before it is ended",
    sh: 'printf "%s" "$TOKEN"; kill -9 $$',
    expect: fails("STEP_EXIT", { stdout: /^\[redacted:token\]\n?$/, exitCode: 137 }),
  },
  {
    name: "carry a secret past the limit of its output",
    sh: 'yes "$TOKEN"',
    limits: { logBytes: 10_000 },
    expect: fails("STEP_LOG_TOO_LARGE", { stdout: /^(?!.*correct horse)/s }),
  },
];

const keeping: readonly Attack[] = [
  {
    name: "write a secret into an output",
    sh: 'printf "%s" "$TOKEN" >x',
    outputs: { x: { file: "x" } },
    expect: found(/token/),
  },
  {
    name: "write a secret across the chunks of an output",
    sh: 'head -c 262140 /dev/zero >x; printf "%s" "$TOKEN" >>x',
    outputs: { x: { file: "x" } },
    expect: found(/token/),
  },
  {
    name: "name a file of an output after a secret",
    sh: 'mkdir d; : >"d/$TOKEN"',
    outputs: { x: { dir: "d" } },
    expect: found(/token/),
  },
  {
    name: "point a link of an output at a secret",
    sh: 'mkdir d; ln -s "$TOKEN" d/l',
    outputs: { x: { dir: "d" } },
    expect: found(/token/),
  },
  {
    name: "hand a secret on as a typed output",
    sh: `printf '{"x": "%s"}' "$TOKEN" >"$PACKRUN_OUTPUT"`,
    outputs: { x: { type: "string" } },
    expect: found(/token/),
  },
  {
    name: "show a secret in the name of an output that is refused",
    sh: 'mkdir d; mkfifo "d/$TOKEN"',
    outputs: { x: { dir: "d" } },
    expect: fails("STEP_OUTPUT_UNSAFE", { hint: /^(?!.*correct horse)/s }),
  },
  {
    name: "hand out the folder of the secrets",
    sh: "cp -r /run/packrun/secrets d; ls d",
    outputs: { x: { dir: "d" } },
    expect: found(/key/),
  },
];

const places: readonly Attack[] = [
  {
    name: "bring a secret onto a command line or a disk of the host by being started",
    bait: watched,
    secretEnv: { TOKEN: watchedToken },
    sh: 'test -n "$TOKEN"; wc -c <"$KEY"; sleep 0.5',
    expect: prints(String(file.length)),
  },
  {
    name: "change or add a secret file, or let others read it",
    py: `
path = os.environ["KEY"]
print(oct(os.stat(path).st_mode & 0o777), oct(os.stat(os.path.dirname(path)).st_mode & 0o777))
for work in (lambda: os.open(path, os.O_WRONLY), lambda: os.unlink(path), lambda: os.chmod(path, 0o644), lambda: os.open(path + ".x", os.O_CREAT), lambda: os.link(path, "x")):
    print(answer(work))
`,
    expect: { stdout: /^0o400 0o700\nE(?:ROFS|ACCES)\nEROFS\nEROFS\nEROFS\nEXDEV\n$/ },
  },
  {
    name: "find a secret of an earlier step",
    bait: earlier,
    secretEnv: {},
    secretFiles: {},
    sh: 'env | grep -i "token\\|key" || true; ls /run/packrun/secrets /tmp/k 2>/dev/null || echo held',
    expect: held,
  },
  {
    name: "reach the runner's environment through its own",
    sh: 'env | cut -d= -f1 | sort | tr "\\n" " " | grep -c "PATH HOME\\|NODE_\\|SSH_\\|AWS_\\|GITHUB_\\|SUDO_" || echo held',
    expect: { stdout: "0\nheld\n" },
  },
];

/** A pack's variables reach its program, never the shell, the linker or bubblewrap that start it outside. */
const injecting: readonly Attack[] = [
  {
    name: "load its own code into the runner's tools",
    env: { LD_PRELOAD: "/red-team.so", LD_AUDIT: "/red-team-audit.so", LD_LIBRARY_PATH: "/red-team" },
    sh: "echo held",
    // Each program inside complains for itself; a bubblewrap that did would name its own set-up.
    expect: { stdout: "held\n", stderr: /^(?!.*bwrap)/s },
  },
  {
    name: "make the runner's shells read its code",
    env: {
      BASH_ENV: "/run/packrun/pack/evil",
      ENV: "/run/packrun/pack/evil",
      SHELLOPTS: "xtrace",
      PS4: "won",
      IFS: "/",
    },
    sh: "echo held",
    expect: held,
  },
  {
    name: "overrule what the runner tells it",
    env: { PATH: "/run/packrun/pack", PACKRUN_SEED: "mine", PACKRUN_OUTPUT: "/etc/passwd", PACKRUN_PLAN_HASH: "mine" },
    sh: 'echo "$PATH $PACKRUN_SEED $PACKRUN_OUTPUT"',
    expect: prints("/usr/local/bin:/usr/bin:/bin 5eed /run/packrun/output.json"),
  },
  {
    name: "slip options to bubblewrap by its variables or arguments",
    env: { X: "a\n--bind\n/\n/host", "Y--bind": "--share-net" },
    argv: ["printf", "%s|", "--share-net", "--bind", "/ /host", "--", "$(id)", "`id`", "'\"\n"],
    expect: { stdout: "--share-net|--bind|/ /host|--|$(id)|`id`|'\"\n|" },
  },
];

export const secretsAttacks: readonly Attack[] = [
  ...[...printing, ...keeping].map((attack): Attack => ({ bait: secret, ...given, ...attack })),
  ...places.map((attack): Attack => ({ bait: secret, ...given, ...attack })),
  ...injecting,
];

/** Files that hold one of these texts, but for what steps have written themselves and which goes with them. */
function holding(folder: string, texts: readonly string[]): readonly string[] {
  return entriesBelow(folder)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !/\/attempt-\d+\/(?:work\/|output\.json$)/.test(path) && texts.some((text) => readOr(path).includes(text)),
    );
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
