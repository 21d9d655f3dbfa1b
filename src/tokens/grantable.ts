import * as z from "zod";
import { TokenError } from "../errors.js";
import type { ApiResponse, Watch } from "../http/call.js";
import { refusal } from "../http/refusals.js";
import { readJson } from "../http/responses.js";
import { HEX_ID } from "../ids.js";
import type { ResourceName } from "../products.js";
import { refused } from "./authorizations-api.js";
import { databaseTokensPath } from "./database-tokens.js";
import { refused as refusedByInfluxdb3 } from "./influxdb3-api.js";
import type { Wires } from "./resource.js";

/** What permissions can be about: a bucket or a database. */
export interface Grantable {
  /** What a permission names: the ID of a bucket, or the name of a database. */
  id: string;
  name: string;
  /** Of the organization that has the bucket. */
  orgID?: string | undefined;
}

/**
 * What there is for permissions of tokens of a kind to be about, as far as the connection may see it.
 *
 * @throws {TokenError} as the lists of tokens do.
 */
export async function listGrantable(
  resource: ResourceName,
  wires: Wires,
  watch: Watch,
): Promise<Grantable[]> {
  switch (resource) {
    case "authorizations":
      return listBuckets(wires, watch);
    case "database-tokens":
      return listDatabases(wires, watch);
    case "management-tokens":
      return [];
    case "influxdb3-tokens":
      return listOfInfluxdb3(wires, watch);
  }
}

/** Buckets of a page, which is the most that the server gives. */
const PAGE = 100;
/** More are not read: nobody looks through them. */
const MOST_BUCKETS = 1000;

/** Characters. No name of InfluxDB's is longer, and no permission takes the beginning of one. */
const LONGEST_NAME = 500;

/** https://docs.influxdata.com/influxdb/v2/api/#operation/GetBuckets */
const Buckets = z.object({
  buckets: z.array(
    z.object({
      id: z.string().regex(HEX_ID.pattern),
      name: z.string(),
      orgID: z.string().optional().catch(undefined),
    }),
  ),
});

const TASK = "list buckets";

async function listBuckets({ http }: Wires, watch: Watch): Promise<Grantable[]> {
  const found = new Map<string, Grantable>();
  for (let offset = 0; offset < MOST_BUCKETS; offset += PAGE) {
    const response = await http.send({
      ...{ task: TASK, method: "GET", repeat: "safe", isList: true, watch },
      path: ["api", "v2", "buckets"],
      query: { limit: String(PAGE), offset: String(offset) },
    });
    if (response.status !== 200) throw refused(response);
    const { buckets } = readJson(response, Buckets);
    for (const each of buckets.filter(isNamed))
      found.set(each.id, { ...each, name: shown(response, each.name) });
    // One that the token may see only in part is short, and is not the last for that.
    if (buckets.length === 0) break;
  }
  // Each organization has buckets of the system's; of those that a token may not read, the server says nothing.
  if (found.size === 0) {
    throw new TokenError(
      "forbidden",
      "the server shows none. The connection's token lacks the permission read:buckets: give it this permission, or name buckets by their IDs.",
      { words: "no permission", task: TASK },
    );
  }
  return [...found.values()];
}

/** https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/#operation/GetClusterDatabases */
const Databases = z.array(z.object({ name: z.string() }));

async function listDatabases({ http, cluster }: Wires, watch: Watch): Promise<Grantable[]> {
  const path = [...databaseTokensPath(cluster).slice(0, -1), "databases"];
  const task = "list databases";
  const response = await http.send({ task, method: "GET", repeat: "safe", path, isList: true, watch });
  if (response.status !== 200) throw refusal(response);
  return readJson(response, Databases)
    .filter(isNamed)
    .map((database) => {
      const name = shown(response, database.name);
      return { id: name, name };
    });
}

/** https://docs.influxdata.com/influxdb3/core/api/#operation/GetConfigureDatabase */
const NamesOfDatabases = z.array(z.object({ "iox::database": z.string() }));

async function listOfInfluxdb3({ http }: Wires, watch: Watch): Promise<Grantable[]> {
  const response = await http.send({
    ...{ task: "list databases", method: "GET", repeat: "safe", isList: true, watch },
    path: ["api", "v3", "configure", "database"],
    query: { format: "json" },
  });
  if (response.status !== 200) throw refusedByInfluxdb3(response);
  return readJson(response, NamesOfDatabases)
    .map((row) => ({ name: row["iox::database"] }))
    .filter(isNamed)
    .map(({ name }) => ({ id: shown(response, name), name: shown(response, name) }));
}

function isNamed({ name }: { name: string }): boolean {
  return name !== "" && name.length <= LONGEST_NAME;
}

/** A name without secrets of the connection, which a server could have put there. */
function shown({ redactor }: ApiResponse, name: string): string {
  return redactor.concealer(name)?.(name) ?? name;
}
