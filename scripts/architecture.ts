import { cyclesOf, reachableFrom } from "./import-graph.ts";
import { rooms as productRooms, type Room } from "./rooms.ts";
import { readSources, type Import, type SourceFile } from "./source-imports.ts";

/** The two files beside the rooms: what each may import, and who may import it. */
const BESIDE: ReadonlyMap<string, { readonly packages: readonly string[]; readonly importers: readonly string[] }> =
  new Map([
    ["src/compose.ts", { packages: ["node:*"], importers: ["cli", "src/index.ts"] }],
    ["src/index.ts", { packages: [], importers: [] }],
  ]);

/** What the verifier must not reach, however many files stand between: it runs where none of this exists. */
const NOT_FROM_VERIFY =
  /^(?:node:|src\/(?:engine|step|sandbox|store|folder|secret|policy|signer|bundle|app|api|cli)\/)/;

/** Everything in `src/` under `root` that breaks the table of rooms, one line each, sorted. */
export function architectureFindings(root: string, rooms: readonly Room[] = productRooms): readonly string[] {
  const files = readSources(root);
  const owners = new Map(files.map((file) => [file.path, ownerOf(file.path, rooms)]));
  const imports = files.flatMap((file) => file.imports);
  return [
    ...tableFindings(rooms),
    ...files.flatMap((file) => fileFindings(file, owners.get(file.path))),
    ...imports.flatMap((edge) => importFindings(edge, rooms)),
    ...verifyFindings(files),
    ...cyclesOf(imports.filter((edge) => edge.to.startsWith("src/"))).map((circle) => `circle: ${circle.join(" -> ")}`),
  ].toSorted();
}

function ownerOf(path: string, rooms: readonly Room[]): Room | undefined {
  return rooms.find((room) => path.startsWith(`src/${room.name}/`));
}

/** The table itself has no circles: a row names earlier rows only; rooms that must stay portable name no Node. */
function tableFindings(rooms: readonly Room[]): readonly string[] {
  const names = rooms.map((room) => room.name);
  return rooms.flatMap((room, at) => [
    ...room.rooms
      .filter((other) => other !== "compose" && !names.slice(0, at).includes(other))
      .map((other) => `scripts/rooms.ts: room ${room.name} names ${other}, which does not stand before it`),
    ...room.packages
      .filter((name) => name.startsWith("node:") && isPortable(room))
      .map((name) => `scripts/rooms.ts: room ${room.name} is ${room.floor} and may not name ${name}`),
  ]);
}

function isPortable(room: Room): boolean {
  return room.floor === "ground" || room.floor === "pure" || room.floor === "seam";
}

function fileFindings(file: SourceFile, room: Room | undefined): readonly string[] {
  if (room === undefined) {
    return BESIDE.has(file.path) ? [] : [`${file.path}: stands in no room of scripts/rooms.ts`];
  }
  const typesOnly = room.typesOnly === true ? file.runtimeLines : [];
  const meta = isPortable(room) ? file.metaLines : [];
  return [
    ...typesOnly.map((line) => `${file.path}:${line}: room ${room.name} holds types only`),
    ...meta.map((line) => `${file.path}:${line}: room ${room.name} may not use import.meta`),
  ];
}

function importFindings(edge: Import, rooms: readonly Room[]): readonly string[] {
  const place = `${edge.from}:${edge.line}`;
  const room = ownerOf(edge.from, rooms);
  const other = ownerOf(edge.to, rooms);
  const mine = room?.name ?? edge.from;
  const findings: string[] = [];
  if (edge.specifier === "<computed>") {
    findings.push(`${place}: write the imported module as a literal`);
  } else if (!edge.to.startsWith("src/")) {
    findings.push(...packageFindings(edge, mine, room?.packages ?? BESIDE.get(edge.from)?.packages ?? []));
  } else if (other === undefined || other !== room) {
    findings.push(...acrossFindings(edge, room, other));
  } else if (!edge.specifier.startsWith(".")) {
    findings.push(`${place}: write ./ inside room ${mine}, not ${edge.specifier}`);
  }
  if (edge.kind === "dynamic" && room !== undefined && isPortable(room)) {
    findings.push(`${place}: room ${mine} may not import dynamically`);
  }
  if (edge.kind === "reexport" && edge.from !== "src/index.ts") {
    findings.push(`${place}: only src/index.ts re-exports`);
  }
  return findings;
}

function packageFindings(edge: Import, mine: string, packages: readonly string[]): readonly string[] {
  const allowed = packages.some((name) =>
    name.endsWith("*") ? edge.to.startsWith(name.slice(0, -1)) : name === edge.to,
  );
  return allowed ? [] : [`${edge.from}:${edge.line}: ${mine} may not import package ${edge.to}`];
}

function acrossFindings(edge: Import, room: Room | undefined, other: Room | undefined): readonly string[] {
  const place = `${edge.from}:${edge.line}`;
  const mine = room?.name ?? edge.from;
  const findings: string[] = [];
  if (other === undefined) {
    if (BESIDE.get(edge.to)?.importers.includes(mine) !== true) {
      findings.push(`${place}: ${mine} may not import ${edge.to}`);
    }
  } else {
    if (room?.rooms.includes(other.name) === false) {
      findings.push(`${place}: room ${mine} may not import room ${other.name} (${edge.specifier})`);
    }
    if (other.typesOnly === true && edge.kind !== "type" && edge.from !== "src/index.ts") {
      findings.push(`${place}: write import type: room ${other.name} holds types only`);
    }
  }
  if (!edge.specifier.startsWith("#")) {
    findings.push(`${place}: write #room/file.ts across rooms, not ${edge.specifier}`);
  }
  return findings;
}

function verifyFindings(files: readonly SourceFile[]): readonly string[] {
  const starts = files.map((file) => file.path).filter((path) => path.startsWith("src/verify/"));
  const imports = files.flatMap((file) => file.imports);
  return [...reachableFrom(starts, imports)]
    .filter(([target]) => NOT_FROM_VERIFY.test(target))
    .map(([target, path]) => `verify reaches ${target}: ${path.join(" -> ")}`);
}
