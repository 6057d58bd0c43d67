import t from "tap";
import { configLayers } from "#app/config-layers.ts";
import type { Config } from "#app/config.ts";
import { readMongoSettings as readFrom } from "#app/mongo-settings.ts";
import { settingSources } from "#app/setting-sources.ts";
import { redactAddress, withoutUserInfo } from "#fault/redact-address.ts";

type Named = { readonly flag: string | undefined; readonly variable: string | undefined };
type Storage = NonNullable<NonNullable<Config["TaskRunner"]>["Storage"]>;

const none = { flag: undefined, variable: undefined };

const readMongoSettings = (Storage: Storage, { flag, variable }: Named): ReturnType<typeof readFrom> =>
  readFrom(
    settingSources(
      { flags: flag === undefined ? {} : { store: flag }, env: { PACKRUN_STORE: variable }, cwd: "/" },
      configLayers([{ file: "/packrun.config.yaml", value: { TaskRunner: { Storage } }, lineOf: () => 1 }]),
    ),
  );

t.test("a configured database has the names that are given, and defaults for the others", async (t) => {
  t.same(readMongoSettings({}, none), { ok: true, value: undefined });
  t.match(readMongoSettings({ Mode: "mongo", Mongo: { RunsCollection: "ours" } }, none), {
    value: {
      connectionString: "mongodb://127.0.0.1:27017/taskrunner",
      database: "taskrunner",
      collections: {
        runs: "ours",
        logs: "pack_run_logs",
        artifacts: "pack_artifacts",
        approvals: "pack_run_approvals",
      },
    },
  });
});

t.test("an address in PACKRUN_STORE stands before the configuration, and a folder before both", async (t) => {
  const variable = "mongodb://ann:pw@a:1,b:2/there?replicaSet=r";
  t.match(readMongoSettings({ Mongo: { Database: "x" } }, { flag: undefined, variable }), {
    value: { connectionString: variable, database: "there" },
  });
  t.same(readMongoSettings({ Mode: "mongo" }, { flag: "folder", variable }), { ok: true, value: undefined });
  t.match(readMongoSettings({}, { flag: variable, variable: undefined }), {
    ok: false,
    fault: { code: "CONFIG_INVALID" },
  });
  const wrong = readMongoSettings({ Mode: "mongo", Mongo: { ConnectionString: "http://ann:pw@a" } }, none);
  t.match(wrong, { ok: false, fault: { code: "CONFIG_INVALID" } });
  t.notMatch(JSON.stringify(wrong), /pw/);
});

t.test("user and password of an address are in no text", async (t) => {
  const address = "mongodb+srv://ann:p%40ss@db.example/x?authSource=admin";
  t.equal(redactAddress(address), "mongodb+srv://***@db.example/x");
  t.notMatch(withoutUserInfo(`${address} p@ss p%40ss`, address), /p@ss|p%40ss|ann/);
});
