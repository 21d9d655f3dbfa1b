import * as z from "zod";
import { CONNECTION_TYPE } from "../influxdb-connection/connection.js";
import { instancesOf } from "../runtime/instances.js";
import { lastOf } from "../runtime/last.js";
import { READ_PERMISSION, type LastAnswer } from "./answers.js";
import { RouteError, type Route } from "./route.js";

const Input = z.object({ id: z.string() });

/** What the last message of a node did; in a subflow, of the nodes in all its instances. */
export const lastRoute: Route<z.infer<typeof Input>> = {
  method: "get",
  path: "nodes/:id/last",
  permission: READ_PERMISSION,
  input: Input,
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is answered
  async answer({ id }): Promise<LastAnswer> {
    const nodes = instancesOf(id).filter(({ type }) => type !== CONNECTION_TYPE);
    if (nodes.length === 0) {
      throw new RouteError(
        404,
        "not-deployed",
        "The node is not deployed, or it is disabled. Deploy it first.",
      );
    }
    const lasts = nodes.map(lastOf).filter((last) => last !== undefined);
    const last = lasts.reduce<(typeof lasts)[number] | undefined>(
      (newest, each) => (newest === undefined || each.at >= newest.at ? each : newest),
      undefined,
    );
    return { ...(last && { last }) };
  },
};
