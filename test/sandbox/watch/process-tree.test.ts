import t from "tap";
import { tmpfsBytes, treeUse } from "../../../src/sandbox/watch/process-tree.ts";

t.test("the host's folders are no memory of a step whose init still shows them", async (t) => {
  t.equal(tmpfsBytes(process.pid, ["/tmp", "/dev/shm"]), 0);
  t.equal(tmpfsBytes(2 ** 22 + 1, ["/tmp"]), 0, "nor is what is gone");
});

t.test("a tree is counted from its root, and one that is gone uses nothing", async (t) => {
  const own = treeUse(process.pid);
  t.ok(own.pids.includes(process.pid) && own.memoryBytes > 0 && own.threads >= 1);
  t.match(treeUse(2 ** 22 + 1), { memoryBytes: 0, threads: 0 });
});
