import type { Editor, EditorNode } from "./api.js";
import { isAllowed, isNamed } from "./named.js";

/*
 * Which nodes use a connection. The editor counts those that have chosen it, and warns of one that nobody uses; a message
 * can name it all the same.
 */

declare const RED: Editor;

/** Those that were counted here, and not by the editor. */
const counted = new WeakSet<EditorNode>();

/** Keeps the nodes whose messages can name a connection among its users, from now on. */
export function watchUsers(): void {
  let isDue = false;
  const soon = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      countUsers();
    });
  };
  for (const event of ["nodes:add", "nodes:change", "nodes:remove"]) RED.events.on(event, soon);
}

function countUsers(): void {
  const naming: EditorNode[] = [];
  RED.nodes.eachNode((node) => {
    if (!isNamed(node) || !("fields" in node._def)) return;
    naming.push(node);
    counted.add(node);
  });
  RED.nodes.eachConfig((connection) => {
    if (connection.type !== "influxdb-connection") return;
    const before = connection.users as EditorNode[];
    const chose = before.filter((node) => !counted.has(node) || node.connection === connection.id);
    const users = [...new Set([...chose, ...naming.filter((node) => isAllowed(node, connection))])];
    if (users.length === before.length && users.every((node) => before.includes(node))) return;
    connection.users = users;
    // The list of configuration nodes shows how many there are.
    RED.events.emit("nodes:change", connection);
  });
}
