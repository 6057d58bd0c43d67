import t from "tap";
import { aliasesOf, isWithin, parseMountTable } from "../../../src/sandbox/root/mount-table.ts";
import { credentialPaths, hiddenAtRoot, hiddenInEtc } from "../../../src/sandbox/root/hidden-paths.ts";

const table = parseMountTable(
  [
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "28 27 254:16 / /data rw - ext4 /dev/vdb rw",
    "29 27 254:16 /home /home rw shared:1 - ext4 /dev/vdb rw",
    "30 27 254:16 /home/ann/www /opt/www rw - ext4 /dev/vdb rw",
    "31 27 254:0 /srv/a\\040b /opt/a\\040b rw - ext4 /dev/vda rw",
    "32 27 0:21 / /proc rw - proc proc rw",
    "",
  ].join("\n"),
);

t.test("the mount table is read with its escapes", async (t) => {
  t.equal(table.length, 6);
  t.match(table[4], { device: "254:0", root: "/srv/a b", at: "/opt/a b", type: "ext4" });
  t.ok(isWithin("/a/b", "/a") && isWithin("/a", "/a") && isWithin("/a", "/") && !isWithin("/ab", "/a"));
});

t.test("the same files are found wherever a mount shows them", async (t) => {
  t.strictSame(aliasesOf("/home", table), { same: ["/data/home"], parts: ["/opt/www"] });
  t.strictSame(aliasesOf("/home/ann/www/key", table), { same: ["/data/home/ann/www/key", "/opt/www/key"], parts: [] });
  t.strictSame(aliasesOf("/data", table), { same: [], parts: ["/home", "/opt/www"] });
  t.strictSame(aliasesOf("/opt/a b/x", table), { same: ["/srv/a b/x"], parts: [] });
  t.strictSame(aliasesOf("/srv", table), { same: [], parts: ["/opt/a b"] });
  t.strictSame(aliasesOf("/proc", table), { same: [], parts: [] });
  t.strictSame(aliasesOf("/x", []), { same: [], parts: [] });
});

t.test("variables name files with credentials, one or several, as whole paths", async (t) => {
  const env = { HOME: "/home/ann", KUBECONFIG: "/a/config:/b/config", NETRC: "relative", PATH: "/usr/bin" };
  t.strictSame(credentialPaths(env), ["/home/ann", "/a/config", "/b/config"]);
});

t.test("every hidden path has a reason and stands in the list once", async (t) => {
  const all = [...hiddenAtRoot, ...hiddenInEtc];
  t.equal(new Set(all.map(({ path }) => path)).size, all.length);
  all.forEach(({ path, because }) => t.ok(path.startsWith("/") && because.length > 10, path));
});
