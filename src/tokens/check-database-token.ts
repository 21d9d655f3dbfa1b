import { randomBytes } from "node:crypto";
import * as z from "zod";
import { TokenError } from "../errors.js";
import type { ApiResponse, Watch } from "../http/call.js";
import { refusal } from "../http/refusals.js";
import { badResponse, readJson } from "../http/responses.js";
import { Secret } from "../text/secret.js";
import type { DatabaseToken } from "./database-tokens.js";
import type { Listing, Liveness, Wires } from "./resource.js";

/**
 * What a cluster makes of a database token. The Management API cannot tell, so it is tried where data is read: at the
 * query endpoint of InfluxDB 1
 * (https://docs.influxdata.com/influxdb3/cloud-dedicated/api/v1-compatibility/#operation/GetV1ExecuteQuery), by a query
 * that reads the names of measurements.
 *
 * The documentation has 401 for a token that is not accepted and 403 for one without rights
 * (https://docs.influxdata.com/influxdb3/cloud-dedicated/api/data-api/response-codes/); in what InfluxData has published
 * of the server's code, both are 403. So each answer is compared with that to a value which cannot be one, and the
 * databases that tokens of the cluster may read are tried until the answers differ.
 *
 * @param tokens of the cluster.
 * @throws {TokenError} `forbidden` if the answers never differ and do not say that the token is unknown;
 *   `invalid-config` if the connection does not name the cluster's URL; and if an answer is none of InfluxDB's.
 */
export async function checkDatabaseToken(
  wires: Pick<Wires, "dataPlane">,
  tokens: Listing<DatabaseToken>,
  value: Secret,
  watch: Watch,
): Promise<Liveness> {
  const http = wires.dataPlane();
  const ask = (token: Secret, db: string) =>
    http.send({
      task: "check a database token",
      method: "GET",
      repeat: "safe",
      path: ["query"],
      query: { db, q: "SHOW MEASUREMENTS LIMIT 1" },
      token,
      watch,
    });
  const databases = await tokens.read(readableDatabases);
  const toNobody = await ask(new Secret(`apiv1_${randomBytes(32).toString("hex")}`), databases[0] ?? ANY);
  if (toNobody.error === undefined || ![401, 403].includes(toNobody.status)) throw unclear(toNobody);
  for (const db of databases.length > 0 ? databases : [ANY]) {
    const answer = await ask(value, db);
    if (answer.status === toNobody.status && answer.error !== undefined) continue;
    if (!isLetIn(answer)) throw unclear(answer);
    return { works: true, state: "active" };
  }
  if (toNobody.status === 401) return { works: false, state: "not-accepted" };
  throw new TokenError("forbidden", ALIKE, {
    words: "cannot be told",
    task: toNobody.call.task,
    statusCode: 403,
  });
}

/** Databases that are tried. */
const MOST_DATABASES = 20;
/** For a cluster whose tokens name none. */
const ANY = "any";

/** Those that tokens may read, of the newest tokens first. */
async function readableDatabases(tokens: AsyncIterable<DatabaseToken[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of tokens)
    for (const { permissions } of batch) found.push(...readableIn(permissions));
  return [...new Set(found.reverse())].slice(0, MOST_DATABASES);
}

const Permission = z.object({ action: z.literal("read"), resource: z.string().regex(/[^*]/) });

function readableIn(permissions: unknown): string[] {
  const each: unknown[] = Array.isArray(permissions) ? permissions : [];
  return each.flatMap((permission) => Permission.safeParse(permission).data?.resource ?? []);
}

const Results = z.object({ results: z.array(z.unknown()) });

/** Whether the query was carried out, or refused for another reason than the token. @throws {TokenError} `bad-response`. */
function isLetIn(answer: ApiResponse): boolean {
  if (answer.status === 200) readJson(answer, Results);
  else return answer.error !== undefined && [400, 403, 404, 422].includes(answer.status);
  return true;
}

/** The error of an answer that says nothing of the token. */
function unclear(answer: ApiResponse): TokenError {
  const { status, error } = answer;
  if (error === undefined || status === 429 || status >= 500) return refusal(answer);
  return badResponse(answer, "the cluster's query endpoint answers, but not whether the token is accepted");
}

const ALIKE =
  "the cluster answers the token as it answers one that does not exist, in words that do not tell them apart: it may be " +
  "unknown, or without the right to read any of the databases that were tried.";
