import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { appCodes } from "#app/codes.ts";
import { outputsFree } from "#app/copy-outputs.ts";
import { packReference } from "#app/pack-registry.ts";
import type { PlannedPack } from "#app/plan-pack.ts";
import { readSentInputs, sentInputs, type SentFile, type SentInput } from "#app/sent-inputs.ts";
import { packArchive } from "#app/sent-pack.ts";
import type { Json } from "#canon/json.ts";
import type { ApiClient, Order } from "#client/api-client.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Cli } from "./cli.ts";
import { formatOf } from "./options.ts";
import { plannedPack, type PlanOptions } from "./plan-options.ts";
import { showRefusal } from "./plan-refusal.ts";
import { findServed } from "./served-runs.ts";

export type OrderOptions = PlanOptions & {
  readonly secret?: readonly string[];
  readonly planHash?: string;
  readonly output?: string;
  readonly from?: string;
  readonly only?: readonly string[];
};

/** How an order is brought to a server. */
export type Errand = { readonly cli: Cli; readonly client: ApiClient; readonly signal: AbortSignal };

/**
 * The order for a PACK argument, with all that it names at the server already: NAME@VERSION is of the server's registry, a
 * pack bundle goes into it, and a folder is planned here and sent as it is. What is wrong is shown; the fault is the exit code.
 */
export async function prepareOrder(
  errand: Errand,
  pack: string,
  options: OrderOptions,
): Promise<Result<Order, number>> {
  const { cli } = errand;
  const from = options.from === undefined ? ok(undefined) : await findServed(errand.client, options.from);
  if (!from.ok) {
    return fail(cli.fault(from.fault, formatOf(options)));
  }
  const asked = {
    ...(from.value === undefined ? {} : { from: from.value }),
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.secret === undefined ? {} : { secrets: options.secret }),
    ...(options.tenant === undefined ? {} : { tenantId: options.tenant }),
    ...(options.planHash === undefined ? {} : { planHash: options.planHash }),
  };
  const reference = packReference(pack);
  const path = resolve(cli.cwd, pack);
  if (reference === undefined && !isBundle(path)) {
    return orderFolder(errand, pack, options, asked);
  }
  const named = reference === undefined ? await sendBundle(errand, path) : ok(reference);
  return named.ok
    ? orderRegistered(errand, named.value, options, asked)
    : fail(cli.fault(named.fault, formatOf(options)));
}

type Asked = Pick<Order, "secrets" | "tenantId" | "from" | "only"> & { readonly planHash?: string };

function isBundle(path: string): boolean {
  return !/\.ya?ml$/.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

type Named = { readonly name: string; readonly version: string };

async function sendBundle({ client, signal }: Errand, path: string): Promise<Result<Named>> {
  return client.putPack(() => createReadStream(path), signal);
}

async function orderRegistered(
  errand: Errand,
  { name, version }: Named,
  options: OrderOptions,
  asked: Asked,
): Promise<Result<Order, number>> {
  const { cli, client } = errand;
  const declared = await client.packInputs(name, version);
  if (!declared.ok) {
    return fail(cli.fault(declared.fault, formatOf(options)));
  }
  const { folders, sha256 } = await import("#compose.ts");
  const given = {
    inputs: options.i ?? [],
    cwd: cli.cwd,
    ...(options.inputs === undefined ? {} : { inputsFile: options.inputs }),
  };
  const read = await readSentInputs(given, declared.value, { folders, sha256 });
  if (!read.ok) {
    return fail(showRefusal(cli, read.fault, options));
  }
  const inputs = await sendInputs(errand, read.value);
  return inputs.ok
    ? ok({ ...asked, pack: { ref: `${name}@${version}` }, inputs: inputs.value })
    : fail(cli.fault(inputs.fault, formatOf(options)));
}

/** The plan of the server must be the one that was made here. */
async function orderFolder(
  errand: Errand,
  pack: string,
  options: OrderOptions,
  asked: Asked,
): Promise<Result<Order, number>> {
  const { cli } = errand;
  const planned = await plannedPack(cli, pack, options);
  if (!planned.ok) {
    return planned;
  }
  const { plan, planHash } = planned.value.compiled;
  const free =
    options.output === undefined ? ok(undefined) : await outputsFree(Object.keys(plan.outputs), options.output);
  const { sha256 } = await import("#compose.ts");
  const upload = free.ok ? await sendFolder(errand, planned.value) : free;
  const given = sentInputs(planned.value, sha256);
  const inputs = upload.ok ? await sendInputs(errand, given) : upload;
  if (!upload.ok || !inputs.ok) {
    return fail(cli.fault((inputs as Extract<typeof inputs, { ok: false }>).fault, formatOf(options)));
  }
  return ok({ planHash, ...asked, pack: { upload: upload.value }, inputs: inputs.value });
}

async function sendFolder({ client, signal }: Errand, planned: PlannedPack): Promise<Result<string>> {
  const archive = packArchive(planned);
  const received = archive.ok ? await client.putPack(archive.value, signal) : archive;
  if (!received.ok) {
    return received;
  }
  const { digest } = planned.compiled.plan.pack;
  return received.value.packDigest === digest
    ? ok(received.value.upload ?? digest)
    : fail(faultOf(appCodes, "INPUT_CHANGED", { what: "the pack" }));
}

async function sendInputs(
  errand: Errand,
  given: readonly SentInput[],
): Promise<Result<Readonly<Record<string, Json>>>> {
  const inputs: Record<string, Json> = {};
  for (const each of given) {
    if (each.kind === "value") {
      inputs[each.name] = each.value;
      continue;
    }
    for (const file of each.files) {
      const sent = await sendFile(errand, file);
      if (!sent.ok) {
        return sent;
      }
    }
    inputs[each.name] = { artifact: each.digest, name: each.calledHere };
  }
  return ok(inputs);
}

async function sendFile({ client, signal }: Errand, { what, digest, open }: SentFile): Promise<Result<void>> {
  const stored = await client.putArtifact(open, signal);
  if (!stored.ok) {
    return stored;
  }
  return stored.value.digest === digest ? ok(undefined) : fail(faultOf(appCodes, "INPUT_CHANGED", { what }));
}
