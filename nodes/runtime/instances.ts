import type { Node } from "node-red";

/**
 * Runtime nodes by the ID that the editor knows, the newest last: in a subflow each instance has nodes of its own, with
 * IDs of their own.
 */
const instances = new Map<string, Set<Node>>();

/** Keeps a node as an instance of what the editor shows, until it is closed. */
export function keepInstance(node: Node & { _alias?: string }): void {
  const id = node._alias ?? node.id;
  const all = instances.get(id) ?? new Set();
  instances.set(id, all.add(node));
  node.on("close", () => {
    all.delete(node);
    if (all.size === 0 && instances.get(id) === all) instances.delete(id);
  });
}

/** @returns all deployed nodes of this package. */
export function allInstances(): Node[] {
  return [...instances.values()].flatMap((all) => [...all]);
}

/** @returns the deployed nodes that the editor shows under this ID, the newest last. */
export function instancesOf(id: string): Node[] {
  return [...(instances.get(id) ?? [])];
}
