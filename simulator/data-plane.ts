/**
 * Where the data of simulated clusters is read: of the query endpoint of InfluxDB 1 as much as tells what a database
 * token may do. The form of answers and errors is that of
 * https://docs.influxdata.com/influxdb3/cloud-dedicated/api/v1-compatibility/#operation/GetV1ExecuteQuery, their statuses
 * are those of https://docs.influxdata.com/influxdb3/cloud-dedicated/api/data-api/response-codes/.
 */
import type { Request } from "./api.js";
import type { Clusters } from "./clusters.js";
import type { Answer } from "./frame.js";
import { parseQuery } from "./query.js";

export interface DataPlaneOptions {
  /**
   * How a token that does not exist is refused: 401 as the documentation says (default), or 403 in the words of a
   * missing right, as in the code of the server that InfluxData has published.
   */
  unknownToken?: 401 | 403;
}

/** Answers a query; says nothing to any other request. */
export function answerOfDataPlane(
  clusters: Clusters,
  { unknownToken = 401 }: DataPlaneOptions,
  { url, headers }: Request,
): Answer | undefined {
  const [path, query = ""] = url.split("?");
  if (path !== "/query") return undefined;
  const value = /^(?:bearer|token) (.+)$/i.exec(headers.authorization ?? "")?.[1];
  const token = value === undefined ? undefined : clusters.byAccessToken(value);
  if (token === undefined && unknownToken === 401) {
    return json(401, { code: "unauthorized", message: "unauthorized" });
  }
  const db = parseQuery(query).get("db") ?? "";
  const mayRead = token?.permissions.some(
    ({ action, resource }) => action === "read" && [db, "*"].includes(resource),
  );
  if (!mayRead) return json(403, { code: "forbidden", message: "permission denied" });
  return json(200, { results: [{ statement_id: 0, series: [] }] });
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
