import { CONNECTION_TYPE, type ConnectionNode } from "../influxdb-connection/connection.js";
import { instancesOf } from "../runtime/instances.js";
import { RouteError } from "./route.js";

/**
 * The deployed connection that the editor shows under an ID; of those in the instances of a subflow, the newest.
 *
 * @throws {RouteError} `not-deployed`.
 */
export function deployedConnection(id: string): ConnectionNode {
  const node = instancesOf(id).findLast(({ type }) => type === CONNECTION_TYPE);
  if (node) return node as ConnectionNode;
  throw new RouteError(
    404,
    "not-deployed",
    "The connection is not deployed yet, or it is disabled. Deploy first, and tokens can be shown.",
  );
}
