import { array, described, integer, literal, object, record, string, type Infer, type Shape } from "#canon/shape.ts";
import { NAME } from "#pack/names.ts";
import { serverShape } from "./server-shape.ts";

const path = (words: string): Shape<string> => described(words, string({ min: 1 }));

/** As `--secret` takes it, but for `stdin:`, which only a person can give. */
const REFERENCE = /^(?:env|file|age|vault|cmd|systemd|k8s):.+$/s;

const secretsShape = object(
  {},
  {
    commands: described(
      "Programs that print a secret, for `cmd:NAME`.",
      record(
        /^[a-z][a-z0-9-]{0,62}$/,
        described(
          "Program and arguments, without a shell. It runs in the folder of this file.",
          array(string({ min: 1 }), { min: 1 }),
        ),
        "a name such as vault-login",
      ),
    ),
    tenants: described(
      "By tenant and name of a secret where it comes from: what a request to the service, or `--secret NAME`, may name.",
      record(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        record(NAME, string({ pattern: REFERENCE, expected: "a reference such as env:VARIABLE" }), "a secret's name"),
        "a tenant",
      ),
    ),
    age: object({}, { identity: path("File with the age identities that open `age:` files, mode 600.") }),
    vault: object(
      {},
      {
        address: described("`https://` address of the server; `VAULT_ADDR` comes first.", string({ min: 1 })),
        tokenFile: path("File with the token, mode 600; `VAULT_TOKEN` comes first."),
        caFile: path("PEM file of the authorities that its certificate may be from; `VAULT_CACERT` comes first."),
        namespace: described("Its namespace; `VAULT_NAMESPACE` comes first.", string({ min: 1 })),
      },
    ),
  },
);

const name = (what: string, given: string): Shape<string> =>
  described(
    `${what}; \`${given}\` unless given.`,
    string({ pattern: /^[^$\0]{1,120}$/, expected: "a name without $" }),
  );

/** Defaults stand in `mongo-settings.ts`. */
const mongoShape = object(
  {},
  {
    ConnectionString: described(
      "Address of the server: `mongodb://…` or `mongodb+srv://…`; `mongodb://127.0.0.1:27017/taskrunner` unless given. " +
        "`PACKRUN_STORE` stands before it. No message repeats its user and password.",
      string({ min: 1 }),
    ),
    Database: described(
      "Name of the database; the one that the address names, or `taskrunner`, unless given.",
      string({ pattern: /^[^/\\. "$\0]{1,63}$/, expected: "the name of a database" }),
    ),
    RunsCollection: name("Collection of runs", "pack_runs"),
    LogsCollection: name("Collection of their ledgers' events", "pack_run_logs"),
    ArtifactsCollection: name("Collection of what is known of artifacts", "pack_artifacts"),
    ApprovalsCollection: name("Collection of decisions on gates", "pack_run_approvals"),
  },
);

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
              "Where runs live. `file`: JSONL ledgers and a SQLite index in the state folder. `mongo`: a MongoDB database, artifacts in its GridFS.",
              literal("file", "mongo"),
            ),
            ArtifactsPath: path(
              "Folder of artifacts by digest, and of staged bundles; `.packrun/artifacts` unless given.",
            ),
            Mongo: mongoShape,
          },
        ),
      },
    ),
    tenant: described("The tenant of runs started here; `default` unless given.", string({ min: 1 })),
    trust: path("The pinned trust root."),
    revocations: path("The revocation list of that root; `revocations.json` beside it unless given."),
    requester: object({}, { key: path("Private key that signs run requests, or `signer:NAME`.") }),
    attestor: object({}, { key: path("Private key that signs approval requests and attestations, or `signer:NAME`.") }),
    signers: described(
      "External signers by name: keys in a KMS, on a token or a security key. `signer:NAME` stands wherever a key file may.",
      record(
        /^[a-z][a-z0-9-]{0,62}$/,
        object(
          {
            command: described(
              "Program and arguments, without a shell. It reads the bytes to sign on stdin and writes the bare signature, " +
                "DER for ECDSA P-256, to stdout. It runs in the folder of this file.",
              array(string({ min: 1 }), { min: 1 }),
            ),
            publicKey: path("Its public key, in PEM."),
          },
          { timeoutSeconds: described("How long it may take; 30 unless given.", integer({ min: 1, max: 3600 })) },
        ),
        "a name such as kms or yubikey-1",
      ),
    ),
    anchor: described(
      "Who vouches for the evidence of every run, when it has been sealed. Where they cannot be reached the run is as it is.",
      object(
        {},
        {
          tsa: described("URL of a timestamp authority (RFC 3161 over HTTP).", string({ min: 1 })),
          rekor: described("URL of a transparency log (Rekor v2).", string({ min: 1 })),
        },
      ),
    ),
    secrets: described("Where secrets come from. Never their values.", secretsShape),
    server: described("`packrun serve`.", serverShape),
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
