import { existsSync } from "node:fs";
import { listPacks, packReference, registryEntry, registryFolder } from "#app/pack-registry.ts";
import { orRefused } from "#app/plan-refusal.ts";
import { packUnknown } from "#app/service/pack-unknown.ts";
import { receivePack } from "#app/service/receive-pack.ts";
import { showPackBundle } from "#app/pack-bundle-show.ts";
import { array, digest, integer, nullable, object, string, timestamp, anything, described } from "#canon/shape.ts";
import { fail, ok } from "#fault/result.ts";
import { refusalOf } from "../problem.ts";
import { guarded } from "../route.ts";
import { packInputsShape, receivedPackShape } from "./order-shapes.ts";
import { schemaVersion } from "./run-shapes.ts";

const listed = { name: string(), version: string(), packDigest: nullable(digest()), importedAt: nullable(timestamp()) };

export const listPacksRoute = guarded({
  id: "listPacks",
  method: "get",
  path: "/api/packs",
  scope: "packs.read",
  summary: "Packs of the tenant's registry, by name and version",
  answers: {
    200: { description: "All of them.", shape: object({ schemaVersion, items: array(object(listed)) }) },
  },
  problems: [],
  handle: async ({ workplace }) => {
    const items = await listPacks(registryFolder(workplace.settings));
    return ok({ kind: "json", status: 200, body: { schemaVersion: 1, items } });
  },
});

const fileShape = object({ path: string(), mode: string(), size: integer({ min: 0 }), sha256: string() });
const referrerShape = object({ kind: string(), refName: string(), digest: string(), artifactType: string() });

export const readPackRoute = guarded({
  id: "readPack",
  method: "get",
  path: "/api/packs/{name}/{version}",
  deep: "name",
  scope: "packs.read",
  summary: "A pack of the registry: what its bundle says of itself",
  params: object({ name: string({ max: 256 }), version: string({ max: 128 }) }),
  answers: {
    200: {
      description: "It was verified when it was imported, and is again whenever it is used.",
      shape: object({
        schemaVersion,
        ...listed,
        manifestDigest: digest(),
        size: integer({ min: 0 }),
        files: array(fileShape),
        referrers: array(referrerShape),
        attested: described("The publisher's statement, and the key that it names.", anything()),
        inputs: described("What its inputs are.", packInputsShape),
      }),
    },
  },
  problems: ["REGISTRY_UNKNOWN", "PLANNER_FULL"],
  handle: async ({ params, workplace }) => {
    const pack = `${params.name}@${params.version}`;
    const reference = packReference(pack);
    const registry = registryFolder(workplace.settings);
    const entry = reference === undefined ? undefined : registryEntry(registry, reference);
    if (reference === undefined || entry === undefined || !existsSync(entry.bundle)) {
      return fail({ fault: packUnknown(pack) });
    }
    const shown = await showPackBundle(entry.bundle, workplace.sha256);
    if (!shown.ok) {
      return fail({ fault: shown.fault });
    }
    const { planner, settings } = workplace;
    const inputs = orRefused(await planner.ask(settings.tenantId, { kind: "inputs", folder: entry.pack }));
    if (!inputs.ok) {
      return fail(refusalOf(inputs.fault));
    }
    const { importedAt = null } =
      (await listPacks(registry)).find(({ name, version }) => `${name}@${version}` === pack) ?? {};
    return ok({
      kind: "json",
      status: 200,
      body: { schemaVersion: 1, ...shown.value, importedAt, inputs: inputs.value },
    });
  },
});

export const putPackRoute = guarded({
  id: "putPack",
  method: "post",
  path: "/api/packs",
  scope: "packs.write",
  summary: "Put a pack bundle into the registry; where the server allows folders, upload the ustar of one",
  body: { kind: "bytes", mediaTypes: ["application/x-tar", "application/octet-stream"], limit: "bundleBytes" },
  answers: {
    200: {
      description: "This very pack was there already; its bundle is now this one, unless it was the newer one.",
      shape: receivedPackShape,
    },
    201: { description: "It was verified and is in the registry, or is kept as an upload.", shape: receivedPackShape },
  },
  problems: [
    "REGISTRY_REFUSED",
    "REGISTRY_STALE",
    "REGISTRY_CONFLICT",
    "UPLOAD_FOLDERS_OFF",
    "UPLOAD_TAR",
    "PLANNER_TIME",
    "PLANNER_FULL",
  ],
  handle: async ({ upload, workplace }) => {
    const taken = await receivePack(upload, workplace);
    if (!taken.ok) {
      return fail(refusalOf(taken.fault));
    }
    const { kind, isNew, ...pack } = taken.value;
    const { name, version, packDigest } = pack;
    const body = { schemaVersion: 1, kind, ...pack, ...(kind === "upload" ? { upload: packDigest } : {}) };
    const headers = kind === "bundle" ? { Location: `/api/packs/${encodeURIComponent(name)}/${version}` } : {};
    return ok({ kind: "json", status: isNew ? 201 : 200, body, headers });
  },
});
