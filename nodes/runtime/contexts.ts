import type { Node, NodeAPI, NodeContextData } from "node-red";
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
    return inContext(node.context()[type], key, store);
  };
  return {
    get: (place) => at(place).get(),
    set: (place, value) => at(place).set(value),
  };
}

/** One property of a context. */
export function inContext(context: NodeContextData, key: string, store?: string) {
  return {
    get: () =>
      new Promise<unknown>((resolve, reject) => {
        context.get(key, store, (error: Error | null | undefined, value: unknown) => {
          if (error) reject(error);
          else resolve(value);
        });
      }),
    set: (value: unknown) =>
      new Promise<void>((resolve, reject) => {
        context.set(key, value, store, (error?: Error | null) => {
          if (error) reject(error);
          else resolve();
        });
      }),
  };
}
