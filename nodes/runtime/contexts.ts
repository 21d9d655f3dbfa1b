import type { Node, NodeAPI } from "node-red";
import type { ContextPlace } from "../fields/place.js";

/** The contexts that a node shares with others. Rejects with what the context store says. */
export interface Contexts {
  get(place: ContextPlace): Promise<unknown>;
  /** Undefined takes the property away. */
  set(place: ContextPlace, value: unknown): Promise<void>;
}

export function contextsOf(RED: NodeAPI, node: Node): Contexts {
  const at = ({ type, key: named }: ContextPlace) => {
    const { key, store } = RED.util.parseContextStore(named);
    return { context: node.context()[type], key, store };
  };
  return {
    get: (place) =>
      new Promise((resolve, reject) => {
        const { context, key, store } = at(place);
        context.get(key, store, (error: Error | null | undefined, value: unknown) => {
          if (error) reject(error);
          else resolve(value);
        });
      }),
    set: (place, value) =>
      new Promise((resolve, reject) => {
        const { context, key, store } = at(place);
        context.set(key, value, store, (error?: Error | null) => {
          if (error) reject(error);
          else resolve();
        });
      }),
  };
}
