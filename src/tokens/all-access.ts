import * as z from "zod";
import type { Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import { readJson } from "../http/responses.js";
import { refused } from "./authorizations-api.js";
import type { Permission } from "./wanted.js";

/** https://docs.influxdata.com/influxdb/v2/api/#operation/GetResources */
const Types = z.array(z.string().min(1)).min(1);

/** Of the server itself: no token can hold it. */
const OF_SESSIONS = "instance";

/**
 * All that a token can be allowed: to read and write each type of resource that the server has.
 *
 * @param orgID in this organization alone, as its owners may; without it, everywhere, as the operator.
 * @throws {TokenError} as the list of authorizations does.
 */
export async function allAccess(http: Http, orgID: string | undefined, watch: Watch): Promise<Permission[]> {
  const task = "list types of resources";
  const path = ["api", "v2", "resources"];
  const response = await http.send({ task, method: "GET", repeat: "safe", path, watch });
  if (response.status !== 200) throw refused(response);
  return readJson(response, Types)
    .filter((type) => type !== OF_SESSIONS)
    .flatMap((type) => {
      // An organization is in no other.
      const resource =
        orgID === undefined ? { type } : type === "orgs" ? { type, id: orgID } : { type, orgID };
      return [
        { action: "read", resource },
        { action: "write", resource },
      ] as const;
    });
}
