import type { NodeAPI } from "node-red";
import { types } from "node:util";
import packageJson from "../../package.json" with { type: "json" };

const PACKAGE = packageJson.name;
const FOLDER = PACKAGE.replace(/^.*\//, "");
/** The nodes, by the names of their files. */
const FILES = Object.keys(packageJson["node-red"].nodes);
/** The type of a node, by the name of its file. */
export const typeOf = (file: string) => (file.startsWith("influxdb-") ? file : `influxdb-${file}`);

/**
 * Node-RED applies `nodesExcludes` of its settings to the folders of packages and to its own files, not to the single
 * nodes of a package; a node that fails to load is left out of the runtime and the palette.
 */
export function leaveOutIfExcluded(RED: NodeAPI, type: string): void {
  const isMeant = (file: string) => typeOf(file) === type;
  if (!excludesOf(RED).some((entry) => leftOutBy(entry).some(isMeant))) return;
  throw new Error(`${FILES.find(isMeant)}.js is left out, as nodesExcludes of the settings says`);
}

/** Names in the log what `nodesExcludes` seems to say of these nodes, and leaves none of them out. */
export function warnOfIdleExcludes(RED: NodeAPI): void {
  for (const entry of excludesOf(RED)) {
    const text = String(entry);
    if (!/influxdb|token-flows|authori[sz]ation|-token/i.test(text) || leftOutBy(entry).length > 0) continue;
    RED.log.warn(
      `nodesExcludes of the settings: "${text}" leaves out no node of ${PACKAGE}. It has ${FILES.join(", ")}.`,
    );
  }
}

/**
 * The files of the nodes that an entry of `nodesExcludes` leaves out: it is the name of a file or of a node type,
 * whole or with `*` and `?`, with its folder or without, the name of the package, or a regular expression.
 */
export function leftOutBy(entry: unknown): string[] {
  const pattern = patternOf(entry);
  if (pattern === undefined) return [];
  const found = (namesOf: (file: string) => string[]) =>
    FILES.filter((file) => namesOf(file).some((name) => name.search(pattern) >= 0));
  // A pattern that fits some nodes would fit all of them by what the package is called.
  const byName = found(namesOf);
  return byName.length > 0 ? byName : found(pathsOf);
}

function excludesOf(RED: NodeAPI): unknown[] {
  const { nodesExcludes = [] } = RED.settings as { nodesExcludes?: unknown };
  return [nodesExcludes].flat();
}

function patternOf(entry: unknown): RegExp | undefined {
  if (types.isRegExp(entry)) return entry;
  if (typeof entry !== "string") return undefined;
  const path = entry
    .trim()
    .replaceAll("\\", "/")
    .replace(/^\.\//, "")
    // The folder that the package is installed in.
    .replace(new RegExp(`^.*/(?=${FOLDER}(/|$))`), "");
  const glob = path
    .replace(/[.+^${}()|[\]]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${glob}$`, "i");
}

function namesOf(file: string): string[] {
  return [file, typeOf(file)].flatMap((name) => [name, `${name}.js`, `${name}.html`]);
}

function pathsOf(file: string): string[] {
  const folders = ["dist", FOLDER, PACKAGE, `${FOLDER}/dist`, `${PACKAGE}/dist`];
  return [PACKAGE, FOLDER, ...folders.flatMap((folder) => namesOf(file).map((name) => `${folder}/${name}`))];
}
