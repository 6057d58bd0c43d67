import t from "tap";
import { documentServer } from "../store/mongo/document-server.ts";
import { survive } from "./survive-kills.ts";

t.test(
  "three servers over one store, killed at random, end every run, whole, and no finished step twice",
  async (t) => {
    await survive(t, { roles: ["all", "api", "worker"], runs: 24, kills: 3 });
  },
);

const server = await documentServer(t);
if (server !== undefined) {
  t.test("servers over one database do, too", async (t) => {
    const Mongo = { ConnectionString: server.address, Database: server.database() };
    const configuration = { TaskRunner: { Storage: { Mode: "mongo", Mongo } } };
    await survive(t, { roles: ["all", "worker"], runs: 12, kills: 2 }, configuration);
  });
}
