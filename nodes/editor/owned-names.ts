import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The versions of Node-RED that the package supports. */
export const VERSIONS = ["node-red", "node-red-4"] as const;

/** Names of variables in the editor's source that hold a node or a config node. */
const NODE = [
  String.raw`(?:node|n|msn)\.n`,
  ...["node", "n", "nn", "d", "newNode", "editing_node", "editingNode", "selectedNode", "mousedown_node"],
  ...["editing_config_node", "configNode", "confNode", "nextNode", "flashingNode", "subflowInstance"],
  String.raw`subflowInstances\[i\]`,
  String.raw`suggestedNodes\[0\]`,
].join("|");
const PROPERTY = String.raw`(?:\??\.(?<dotted>[\w$]+\b)|\["(?<quoted>[\w$]+)"\])(?!\s*\()`;
const ACCESS = new RegExp(String.raw`(?<![\w.$])(?:${NODE})${PROPERTY}`, "g");
/** What the editor refuses in `defaults` by itself. */
const INTERNAL = /internalProperties = \[([^\]]*)\]/;

/**
 * The properties that an editor assigns to a node, or reads as its own: the status of the node, its place, its
 * wires. One of the same name in `defaults` would be overwritten by it, and then deployed, exported and copied. They
 * are read from `public/red/red.js` of `@node-red/editor-client`; a few too many, because only the name of a variable
 * tells what it holds.
 */
export async function ownedNames(version: (typeof VERSIONS)[number]): Promise<Set<string>> {
  const resolve = createRequire(createRequire(import.meta.url).resolve(version)).resolve;
  const folder = dirname(resolve("@node-red/editor-client/package.json"));
  const source = await readFile(join(folder, "public/red/red.js"), "utf8");
  const accessed = [...source.matchAll(ACCESS)].map(({ groups }) => groups?.dotted ?? groups?.quoted ?? "");
  const internal = [...(INTERNAL.exec(source)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, name]) => name ?? "");
  // A node's name is its user's; the editor shows it and leaves it alone.
  return new Set([...accessed, ...internal].filter((name) => name !== "name"));
}

/** Where `defaults` of a node type take a name that an editor owns. */
export function takenNames(defaults: object, owned: ReadonlySet<string>): string[] {
  return Object.keys(defaults).filter((name) => owned.has(name) || name.startsWith("_"));
}
