import type { Node, NodeAPI, NodeContextData } from "node-red";
import type { ContextPlace } from "../fields/place.js";

/** Milliseconds that a context store may take: who waits for it holds its tokens for all other messages about them. */
const LONGEST_ANSWER = 5_000;

/** The contexts that a node shares with others. Rejects with what the context store says, or if it says nothing. */
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
      answerOf((done) => {
        context.get(key, store, done);
      }),
    set: (value: unknown) =>
      answerOf((done) => {
        context.set(key, value, store, done);
      }).then(() => undefined),
  };
}

function answerOf(ask: (done: (error?: Error | null, value?: unknown) => void) => void): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const asked = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it did not answer within ${LONGEST_ANSWER / 1000} s`));
    }, LONGEST_ANSWER);
    ask((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
  return asked.finally(() => {
    clearTimeout(timer);
  });
}
