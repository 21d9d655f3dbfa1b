import { CONNECTION_TYPE, type ConnectionNode } from "../influxdb-connection/connection.js";
import { instancesOf } from "../runtime/instances.js";
import { RouteError } from "./route.js";

/** The deployed connection that the editor shows under an ID; of those in the instances of a subflow, the newest. */
export function findConnection(id: string): ConnectionNode | undefined {
  return instancesOf(id).findLast(({ type }) => type === CONNECTION_TYPE) as ConnectionNode | undefined;
}

/**
 * {@link findConnection}.
 *
 * @throws {RouteError} `not-deployed`.
 */
export function deployedConnection(id: string): ConnectionNode {
  const node = findConnection(id);
  if (node) return node;
  throw new RouteError(
    404,
    "not-deployed",
    "The connection is not deployed yet, or it is disabled. Deploy first, and tokens can be shown.",
  );
}
