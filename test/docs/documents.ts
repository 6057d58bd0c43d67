/** Who runs the commands of a document: a test as a whole, but for what stands below some headings, which others run. */
export type Followed = {
  readonly by: string;
  readonly elsewhere?: Readonly<Record<string, string>>;
};

/** Every document with commands in it. */
export const documents: Readonly<Record<string, Followed>> = {
  "README.md": { by: "test/docs/readme.test.ts", elsewhere: { "## Try it": "test/docs/readme.test.ts" } },
  "docs/guide/approve-across-a-gap.md": {
    by: "test/docs/approve-and-verify.test.ts",
    elsewhere: { "## At the desk, without packrun": "test/interop/sign.test.ts" },
  },
  "docs/guide/move-a-bundle.md": { by: "test/interop/move-bundle.test.ts" },
  "docs/guide/secrets.md": { by: "test/cli/secrets-guide.test.ts" },
  "docs/guide/serve-a-team.md": { by: "test/docs/serve-a-team.test.ts" },
  "docs/guide/trust.md": { by: "test/docs/trust.test.ts" },
  "docs/guide/verify-as-an-auditor.md": {
    by: "test/docs/approve-and-verify.test.ts",
    elsewhere: { "## Who signed the manifest? With cosign": "test/interop/verify.test.ts" },
  },
  "docs/guide/write-a-pack.md": { by: "test/docs/write-a-pack.test.ts" },
  "docs/runbook.md": { by: "test/docs/runbook.test.ts" },
};

/** Headings of a document whose commands another test runs. */
export function runElsewhere(file: string): readonly string[] {
  return Object.keys(documents[file]?.elsewhere ?? {});
}
