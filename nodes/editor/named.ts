import { connectionIds, NAMED } from "../fields/connection-ways.js";
import type { EditorNode } from "./api.js";
import { unableFor } from "./dialog.js";

/*
 * Which connections the messages of a node may name.
 */

/** Whether messages name the connection of a node. */
export function isNamed({ connectionFrom }: Readonly<Record<string, unknown>>): boolean {
  return NAMED.some((way) => way === connectionFrom);
}

/** Whether messages of a node may name a connection. */
export function isAllowed(node: EditorNode, connection: EditorNode): boolean {
  const { connectionFrom, connections } = node;
  return connectionFrom === "any"
    ? canChoose(node, connection)
    : connectionIds(connections).includes(connection.id);
}

/** Whether it is a connection of the node's own flow or of all flows. */
export function isHere(node: EditorNode, { type, z }: EditorNode): boolean {
  return type === "influxdb-connection" && (!z || z === node.z);
}

/** Whether it is such a one, and of a product that can do the work of the node. */
export function canChoose(node: EditorNode, connection: EditorNode): boolean {
  const unable: readonly unknown[] = unableFor(node);
  return isHere(node, connection) && !unable.includes(connection.product);
}
