import type { Node } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { CounterStore } from "../../src/work/rate-limit.js";

/**
 * The context of the node's flow. It survives deploys, and restarts where Node-RED's default context store does;
 * a node's own context ends with each deploy unless a store is configured.
 *
 * @throws {TokenError} `invalid-config` where the store fails: a count that is not known is no count.
 */
export function counterStoreOf(node: Node): CounterStore {
  const fail = (error: Error) =>
    new TokenError(
      "invalid-config",
      `the context store, which keeps count for the limit, failed: ${error.message}. Check the context storage of Node-RED.`,
    );
  const own = node.context();
  // Without a flow, as within a test, there is none.
  const context = (own.flow as typeof own.flow | undefined) ?? own;
  const key = `influxdb_limit_${node.id.replaceAll(/\W/g, "_")}`;
  return {
    load: () =>
      new Promise((resolve, reject) => {
        context.get(key, (error: Error | null | undefined, value: unknown) => {
          if (error) reject(fail(error));
          else resolve(value);
        });
      }),
    save: (counts) =>
      new Promise((resolve, reject) => {
        context.set(key, counts, (error?: Error | null) => {
          if (error) reject(fail(error));
          else resolve();
        });
      }),
  };
}
