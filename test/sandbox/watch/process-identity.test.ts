import t from "tap";
import {
  identify,
  identifyInit,
  isAlive,
  ownerHasDied,
  ownerName,
} from "../../../src/sandbox/watch/process-identity.ts";

t.test("a process is known by its start as well as its pid", async (t) => {
  const self = identify(process.pid);
  t.ok(self !== undefined && isAlive(self));
  t.notOk(isAlive({ pid: process.pid, start: "1" }));
  t.equal(identify(2 ** 22 + 1), undefined);
});

t.test("only the init of a namespace below ours is taken for one, never the host's or our own", async (t) => {
  t.equal(identifyInit(1), undefined);
  t.equal(identifyInit(process.pid), undefined);
  t.equal(identifyInit(2 ** 22 + 1), undefined);
});

t.test("an owner's name says whether it lives", async (t) => {
  const [kind, boot, namespace, pid] = ownerName().split(".");
  t.notOk(ownerHasDied(ownerName()));
  t.ok(ownerHasDied([kind, boot, namespace, pid, "1"].join(".")), "the pid was given to another");
  t.notOk(ownerHasDied("r.x"));
});
