import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import type { Config } from "./config.ts";

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

type Storage = NonNullable<NonNullable<Config["TaskRunner"]>["Storage"]>;

const ADDRESS = /^mongodb(?:\+srv)?:\/\//i;
const DEFAULT_ADDRESS = "mongodb://127.0.0.1:27017/taskrunner";
const DEFAULT_DATABASE = "taskrunner";

/** Whether the name of a store is the address of a database, not a folder. */
export function isStoreAddress(store: string | undefined): store is string {
  return store !== undefined && ADDRESS.test(store);
}

/**
 * The database that a flag, then `PACKRUN_STORE`, then the configuration name; undefined where runs live in files. A folder that
 * a flag or the environment names stands before a configured database. CONFIG_INVALID.
 */
export function readMongoSettings(
  { Mode, Mongo = {} }: Storage,
  named: { readonly flag: string | undefined; readonly variable: string | undefined },
): Result<MongoSettings | undefined> {
  if (isStoreAddress(named.flag) && hasPassword(named.flag)) {
    const problem =
      "an address with a password is taken from PACKRUN_STORE or the configuration only: everybody on a host sees arguments";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: "--store", problem }));
  }
  const given = named.flag ?? named.variable;
  const isFolder = given !== undefined && given !== "" && !isStoreAddress(given);
  if (isFolder || (Mode !== "mongo" && !isStoreAddress(given))) {
    return ok(undefined);
  }
  const connectionString = isStoreAddress(given) ? given : (Mongo.ConnectionString ?? DEFAULT_ADDRESS);
  if (!isStoreAddress(connectionString)) {
    const problem = "ConnectionString begins with mongodb:// or mongodb+srv://";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: "TaskRunner.Storage.Mongo", problem }));
  }
  const ofAddress = databaseIn(connectionString);
  const configured = isStoreAddress(given) ? (ofAddress ?? Mongo.Database) : (Mongo.Database ?? ofAddress);
  return ok({
    connectionString,
    database: configured ?? DEFAULT_DATABASE,
    collections: {
      runs: Mongo.RunsCollection ?? "pack_runs",
      logs: Mongo.LogsCollection ?? "pack_run_logs",
      artifacts: Mongo.ArtifactsCollection ?? "pack_artifacts",
      approvals: Mongo.ApprovalsCollection ?? "pack_run_approvals",
    },
  });
}

function hasPassword(address: string): boolean {
  return /^[^/]*\/\/[^/?]*:[^/?]*@/.test(address);
}

/** What stands behind the hosts: `mongodb://a:27017,b:27017/name?options`. */
function databaseIn(address: string): string | undefined {
  const name = /^[^/]*\/\/[^/?]*\/([^?]*)/.exec(address)?.[1] ?? "";
  return name === "" ? undefined : name;
}
