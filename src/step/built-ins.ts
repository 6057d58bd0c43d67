import { bundleIngest } from "./bundle-ingest/bundle-ingest.ts";
import type { BuiltIn } from "./built-in.ts";
import { fileRender } from "./file-render/file-render.ts";
import { httpFetch } from "./http-fetch/http-fetch.ts";
import { sbomFiles } from "./sbom-files/sbom-files.ts";
import { schemaValidate } from "./schema-validate/schema-validate.ts";

/** Every built-in by the name that `uses` gives it: what the plan compiler checks `with` against. */
export const builtIns: ReadonlyMap<string, BuiltIn> = new Map(
  [bundleIngest, fileRender, httpFetch, sbomFiles, schemaValidate].map((each) => [each.name, each]),
);
