import type { Node, NodeAPI, NodeConstructor, NodeDef } from "node-red";
import { removeLeftovers } from "../src/influxctl/folders.js";
import { ADMIN_ROOT } from "./admin/answers.js";
import { leaveOutIfExcluded, typeOf, warnOfIdleExcludes } from "./runtime/excludes.js";

/*
 * All that Node-RED loads of this package as it starts. The rest is loaded with the first node or request that needs
 * it, because a Node-RED keeps for good what it has loaded, and most have few of the nodes or none.
 */

/** What the file of a node exports: the constructor of its nodes. */
export type NodeFile = (RED: NodeAPI) => NodeConstructor<Node, NodeDef, object>;

/**
 * Registers a node type.
 *
 * @param file the name of its file, such as `delete-authorization`.
 * @param load gives what that exports; it is called with the first node of the type.
 * @throws {Error} if the settings leave the node out.
 */
export function registerNode(RED: NodeAPI, file: string, load: () => NodeFile): void {
  const type = typeOf(file);
  const isConnection = type === "influxdb-connection";
  if (isConnection) warnOfIdleExcludes(RED);
  leaveOutIfExcluded(RED, type);
  if (isConnection) cleanUp(RED);

  let constructor: ReturnType<NodeFile> | undefined;
  function LateNode(this: Node, properties: NodeDef): void {
    constructor ??= load()(RED);
    constructor.call(this, properties);
  }
  RED.nodes.registerType(
    type,
    LateNode,
    isConnection ? { credentials: { token: { type: "password" } } } : undefined,
  );
}

/** Serves the admin endpoints, of which the first request makes the routes and goes on to its own. */
export function registerSidebar(RED: NodeAPI, load: () => (RED: NodeAPI) => void): void {
  let isServed = false;
  RED.httpAdmin.use(`/${ADMIN_ROOT}`, (_request, _response, next) => {
    if (!isServed) load()(RED);
    isServed = true;
    next();
  });
}

/** Removes what killed runs of influxctl have left. */
function cleanUp(RED: NodeAPI): void {
  const { userDir } = RED.settings as { userDir?: string };
  void removeLeftovers(userDir).then((left) => {
    for (const folder of left) RED.log.warn(cannotRemove(folder));
  });
}

function cannotRemove(folder: string): string {
  return `influxdb-connection: ${folder} could not be removed. It is left of a killed run of influxctl, and can hold its token: remove it.`;
}
