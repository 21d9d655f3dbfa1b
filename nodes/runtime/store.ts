import type { Node } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { CounterStore } from "../../src/work/rate-limit.js";
import { inContext } from "./contexts.js";

/**
 * What a node keeps under a name, in the context of its flow. It survives deploys, and restarts if Node-RED's default
 * context store does; a node's own context ends with each deploy unless a store is configured.
 *
 * @returns a store that rejects with {@link TokenError} `invalid-config` if the context store fails, because without a
 *   count there is no limit.
 */
export function storeOf(node: Node, name: string): CounterStore {
  const fail = (error: Error): never => {
    throw new TokenError(
      "invalid-config",
      `the context store, which keeps count for the limit and of what waits, failed: ${error.message}. Check the context storage of Node-RED.`,
      { words: "no context store" },
    );
  };
  const own = node.context();
  // There is no flow context without a flow, as in a test.
  const context = (own.flow as typeof own.flow | undefined) ?? own;
  const key = `influxdb_${name}_${node.id}`.replaceAll(/\W/g, "_");
  const property = inContext(context, key);
  return {
    load: () => property.get().catch(fail),
    save: (counts) => property.set(counts).catch(fail),
  };
}
