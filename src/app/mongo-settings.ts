import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import type { SettingSources } from "./setting-sources.ts";
import { isStoreAddress, storeDatabase } from "./store-name.ts";

/** The database of the store. The address may hold a password: it is for the driver alone, and goes into no message. */
export type MongoSettings = {
  readonly connectionString: string;
  readonly database: string;
  readonly collections: {
    readonly runs: string;
    readonly logs: string;
    readonly artifacts: string;
    readonly approvals: string;
  };
};

/** What is used of a database where nothing else is said. */
export const MONGO_DEFAULTS = {
  ConnectionString: "mongodb://127.0.0.1:27017/taskrunner",
  Database: "taskrunner",
  RunsCollection: "pack_runs",
  LogsCollection: "pack_run_logs",
  ArtifactsCollection: "pack_artifacts",
  ApprovalsCollection: "pack_run_approvals",
};

/** The database in which runs live; undefined where they live in files. Fault: CONFIG_INVALID. */
export function readMongoSettings({ find, text, config }: SettingSources): Result<MongoSettings | undefined> {
  const address = text("/TaskRunner/Storage/Mongo/ConnectionString") ?? MONGO_DEFAULTS.ConnectionString;
  const { origin } = find("/TaskRunner/Storage/Mongo/ConnectionString") ?? {};
  if (origin?.kind === "flag" && hasPassword(address)) {
    const problem =
      "an address with a password is taken from PACKRUN_STORE or the configuration only: everybody on a host sees arguments";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: "--store", problem }));
  }
  if (text("/TaskRunner/Storage/Mode") !== "mongo") {
    return ok(undefined);
  }
  const { Mongo = {} } = config.TaskRunner?.Storage ?? {};
  if (!isStoreAddress(address)) {
    const problem = "ConnectionString begins with mongodb:// or mongodb+srv://";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: "TaskRunner.Storage.Mongo", problem }));
  }
  const names = { ...MONGO_DEFAULTS, ...Mongo };
  return ok({
    connectionString: address,
    database: text("/TaskRunner/Storage/Mongo/Database") ?? storeDatabase(address) ?? MONGO_DEFAULTS.Database,
    collections: {
      runs: names.RunsCollection,
      logs: names.LogsCollection,
      artifacts: names.ArtifactsCollection,
      approvals: names.ApprovalsCollection,
    },
  });
}

function hasPassword(address: string): boolean {
  return /^[^/]*\/\/[^/?]*:[^/?]*@/.test(address);
}
