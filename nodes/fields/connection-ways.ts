/** How a message can name the connection: any that can do the work, or some that are ticked. For the browser, too. */
export const NAMED = ["any", "some"] as const;

/** The IDs in a list of connections, as the node has it. In a subflow Node-RED makes a text of a list of one. */
export function connectionIds(list: unknown): unknown[] {
  return [list].flat();
}
