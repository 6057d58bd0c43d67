export type MongoIndex = { readonly key: Readonly<Record<string, 1 | -1>>; readonly unique?: boolean };

/** What is kept where. The first four names can be chosen. */
export type MongoCollections = {
  readonly runs: string;
  readonly logs: string;
  readonly artifacts: string;
  readonly approvals: string;
  readonly turns: string;
  readonly files: string;
  readonly lines: string;
  readonly inbox: string;
  readonly plans: string;
  readonly keys: string;
  readonly requests: string;
  /** GridFS: the names that its drivers expect of the bucket `pack_artifact_bytes`. */
  readonly bytesFiles: string;
  readonly bytesChunks: string;
  readonly uploads: string;
};

export const collectionNames: MongoCollections = {
  runs: "pack_runs",
  logs: "pack_run_logs",
  artifacts: "pack_artifacts",
  approvals: "pack_run_approvals",
  turns: "pack_run_turns",
  files: "pack_run_files",
  lines: "pack_run_lines",
  inbox: "pack_run_inbox",
  plans: "plans",
  keys: "pack_run_keys",
  requests: "pack_api_requests",
  bytesFiles: "pack_artifact_bytes.files",
  bytesChunks: "pack_artifact_bytes.chunks",
  uploads: "pack_artifact_uploads",
};

/** What is made when the store is first used, beside the `_id` of every collection. */
const indexes: Readonly<Partial<Record<keyof MongoCollections, readonly MongoIndex[]>>> = {
  runs: [
    { key: { tenantId: 1, createdAt: -1, _id: -1 } },
    { key: { status: 1, createdAt: 1, _id: 1 } },
    { key: { updatedAt: 1 } },
  ],
  logs: [{ key: { runId: 1, sequence: 1 }, unique: true }],
  artifacts: [{ key: { runId: 1, stepId: 1, name: 1 } }],
  approvals: [{ key: { runId: 1, gateId: 1, principal: 1 }, unique: true }],
  turns: [{ key: { runId: 1, turn: -1 }, unique: true }],
  lines: [{ key: { runId: 1, name: 1, start: 1 }, unique: true }],
  inbox: [{ key: { runId: 1, place: 1 }, unique: true }, { key: { waits: 1 } }],
  requests: [{ key: { request: 1, number: -1 } }, { key: { until: 1 } }],
  bytesFiles: [{ key: { filename: 1 }, unique: true }],
  bytesChunks: [{ key: { files_id: 1, n: 1 }, unique: true }],
};

export function indexesOf(
  names: MongoCollections,
): readonly { readonly name: string; readonly indexes: readonly MongoIndex[] }[] {
  return (Object.keys(indexes) as (keyof typeof indexes)[]).map((of) => ({
    name: names[of],
    indexes: indexes[of] ?? [],
  }));
}
