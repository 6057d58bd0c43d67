import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** An authority, and a certificate by it for `localhost`, as files that are good for a day. */
export function localCertificate(folder: string): {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
} {
  const openssl = (...args: readonly string[]): unknown =>
    execFileSync("openssl", [...args], { cwd: folder, stdio: "ignore" });
  const newKey = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-x509", "-days", "1"];
  openssl(...newKey, "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem");
  const leaf = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-addext",
    "basicConstraints=CA:FALSE",
  ];
  openssl(...newKey, ...leaf, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "leaf.key", "-out", "leaf.pem");
  return { ca: join(folder, "ca.pem"), key: join(folder, "leaf.key"), cert: join(folder, "leaf.pem") };
}
