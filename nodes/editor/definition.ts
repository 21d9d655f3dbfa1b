import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import packageJson from "../../package.json" with { type: "json" };
import type { Definition } from "./api.js";

/** Runs the scripts of a node's html as the editor does; `RED` is what they use of it besides `registerType`. */
export function definitionIn(html: string, RED: { nodes?: object } = {}): Definition {
  const found: Definition[] = [];
  const registerType = (type: string, definition: Omit<Definition, "type">) =>
    found.push({ ...definition, type });
  const events = { on: () => undefined };
  const context = createContext({ URL, RED: { events, ...RED, nodes: { ...RED.nodes, registerType } } });
  for (const [, source, script = ""] of html.matchAll(SCRIPT)) {
    runInContext(source === undefined ? script : readFileSync(fileOf(source), "utf8"), context);
  }
  const [definition] = found;
  if (definition === undefined || found.length > 1) throw new Error("html registers one node type");
  return definition;
}

const SCRIPT = /<script type="(?:module" src="([^"]+)|text\/javascript)">([^]*?)<\/script>/g;

/** What the editor is served at an address, which has the package's name after `resources`. */
function fileOf(source: string): string {
  return source.replace(`resources/${packageJson.name}/`, "resources/");
}
