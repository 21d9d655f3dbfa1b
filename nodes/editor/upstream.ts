import type { ResourceName } from "../../src/products.js";
import type { Editor, EditorNode } from "./api.js";

declare const RED: Editor;

/** From where a node gets its messages, as far as the wires of the editor tell. */
interface Upstream {
  /** The nearest nodes that list what is asked for. */
  lists: { list: EditorNode; isDirect: boolean }[];
  /** Whether messages reach it from elsewhere, too. */
  hasOthers: boolean;
}

/** What hands a message on as it is. */
const HANDS_ON = ["junction", "link in", "link out"];

/** Walks the wires against the flow, up to the nodes that list. @param resource what they list; any, if it is not known. */
export function upstreamOf(node: EditorNode, resource: ResourceName | undefined): Upstream {
  const lists = new Map<EditorNode, boolean>();
  let hasOthers = false;
  const seen = new Set<EditorNode>();
  const ways = [{ target: node, isDirect: true }];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const { target, isDirect } = way;
    const sources = sourcesOf(target);
    if (sources.length === 0 && target !== node) hasOthers = true;
    for (const { source, port } of sources) {
      if (isList(source)) {
        // The second output is for "none found".
        if (resource !== undefined && source._def.resource !== resource) hasOthers = true;
        else if (port === 0) lists.set(source, isDirect || lists.get(source) === true);
      } else if (!seen.has(source)) {
        seen.add(source);
        ways.push({ target: source, isDirect: isDirect && HANDS_ON.includes(source.type) });
      }
    }
  }
  return { lists: [...lists].map(([list, isDirect]) => ({ list, isDirect })), hasOthers };
}

function sourcesOf(target: EditorNode): { source: EditorNode; port: number }[] {
  const wired = RED.nodes
    .filterLinks({ target })
    .map(({ source, sourcePort }) => ({ source, port: sourcePort }));
  const links = target.type === "link in" && Array.isArray(target.links) ? target.links : [];
  const linked = links.flatMap((id) => RED.nodes.node(id) ?? []).map((source) => ({ source, port: 0 }));
  // One that is disabled is not deployed.
  return [...wired, ...linked].filter(({ source }) => source.d !== true);
}

/** Whether it is one of the nodes that list tokens. The input of a subflow has no definition. */
export function isList({ _def }: { _def?: Partial<EditorNode["_def"]> }): boolean {
  return _def?.resource !== undefined && "everyToken" in (_def.fields ?? {});
}
