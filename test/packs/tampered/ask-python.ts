import { spawn } from "node:child_process";
import { join } from "node:path";

type Asked = { readonly folder: string; readonly args: readonly string[] };
type Answer = { readonly code: number; readonly stdout: string; readonly stderr: string };

const script = join(import.meta.dirname, "../../../scripts/packs/verify_offline_bundle.py");

/** What the verifier in Python answers to these command lines, each in its folder, in as many processes as are given. */
export async function askPython(asked: readonly Asked[], processes = 1): Promise<readonly Answer[]> {
  const size = Math.ceil(asked.length / processes);
  const shares = Array.from({ length: processes }, (_, at) => asked.slice(at * size, (at + 1) * size));
  return (await Promise.all(shares.map(askOne))).flat();
}

function askOne(asked: readonly Asked[]): Promise<readonly Answer[]> {
  return new Promise((done, failed) => {
    const child = spawn("python3", [join(import.meta.dirname, "ask-python.py"), script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", failed).on("close", (code) => {
      if (code === 0) {
        done(JSON.parse(out) as readonly Answer[]);
      } else {
        failed(new Error(`the verifier in Python ended with ${code}`));
      }
    });
    child.stdin.end(JSON.stringify(asked.map(({ folder, args }) => ({ folder, args }))));
  });
}
