import { described, literal, object, string, type Infer, type Shape } from "#canon/shape.ts";

const path = (words: string): Shape<string> => described(words, string({ min: 1 }));

/** `packrun.config.yaml`: closed, every member optional. Paths are relative to the file. */
export const configShape = object(
  {},
  {
    TaskRunner: object(
      {},
      {
        Storage: object(
          {},
          {
            Mode: described(
              "Where runs live. `file`: JSONL ledgers and a SQLite index in the state folder.",
              literal("file"),
            ),
            ArtifactsPath: path("Folder of artifacts by digest; `.packrun/artifacts` unless given."),
          },
        ),
      },
    ),
    tenant: described("The tenant of runs started here; `default` unless given.", string({ min: 1 })),
    trust: path("The pinned trust root."),
    revocations: path("The revocation list of that root; `revocations.json` beside it unless given."),
    requester: object({}, { key: path("Private key that signs run requests.") }),
    attestor: object({}, { key: path("Private key that signs approval requests and attestations.") }),
    sandbox: object(
      {},
      {
        scratch: path("Folder for the working folders of steps; `/var/tmp/packrun-<uid>` unless given."),
        proc: described(
          "`host`: where no new /proc can be mounted, as in some containers, steps see the host's, read-only.",
          literal("host"),
        ),
        upstreamProxy: described(
          "URL of the HTTP proxy through which egress leaves, such as `http://proxy.example:3128`.",
          string({ min: 1 }),
        ),
      },
    ),
  },
  "Configuration of packrun on this machine",
);
export type Config = Infer<typeof configShape>;
