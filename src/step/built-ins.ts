import { bundleIngest } from "./bundle-ingest/bundle-ingest.ts";
import type { BuiltIn } from "./built-in.ts";
import { httpFetch } from "./http-fetch/http-fetch.ts";
import { sbomFiles } from "./sbom-files/sbom-files.ts";

/** Every built-in by the name that `uses` gives it: what the plan compiler checks `with` against. */
export const builtIns: ReadonlyMap<string, BuiltIn> = new Map(
  [bundleIngest, httpFetch, sbomFiles].map((each) => [each.name, each]),
);
