import t from "tap";
import { documentServer } from "../store/mongo/document-server.ts";
import { survive } from "./survive-kills.ts";

// Kills wait for one another, on a machine that may do much else.
t.setTimeout(900_000);

t.test("200 runs survive 20 kills of three servers over one store, whole, and no finished step twice", async (t) => {
  await survive(t, { roles: ["all", "api", "worker"], runs: 200, kills: 20 });
});

const server = await documentServer(t);
if (server !== undefined) {
  t.test("servers over one database do, too", async (t) => {
    const Mongo = { ConnectionString: server.address, Database: server.database() };
    const configuration = { TaskRunner: { Storage: { Mode: "mongo", Mongo } } };
    await survive(t, { roles: ["all", "worker"], runs: 12, kills: 2 }, configuration);
  });
}
