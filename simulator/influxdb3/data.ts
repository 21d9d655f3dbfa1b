/** Databases, and what is asked of them: in SQL, of the one that has the system tables, and as much as tells a token's rights. */
import type { Answer } from "../frame.js";
import {
  ANY_ORIGIN,
  authorize,
  bodyOf,
  isSince,
  jsonOf,
  parametersOf,
  readJson,
  type Call,
  type Handler,
  type Influxdb3Server,
} from "./call.js";
import { FORMATS, inFormat, type Format } from "./formats.js";
import { columnOf } from "./permissions.js";
import { run, type Cell, type Column, type Result, type Table, type TableColumn } from "./query.js";
import * as serde from "./serde.js";
import type { Scalar } from "./serde.js";
import { Refusal, type Influxdb3World, type NamedToken } from "./world.js";

/** Of Core, besides the server's own. */
const MAX_DATABASES = 5;

const DATABASE_COLUMNS: Column[] = [
  { name: "iox::database", type: "Utf8" },
  { name: "deleted", type: "Boolean" },
];

export const listDatabases: Handler = (call) => {
  const { format, show_deleted: deleted } = parametersOf(call.query ?? "", ["format"], ["show_deleted"]);
  if (deleted !== undefined && !["true", "false"].includes(deleted))
    throw new Refusal(400, "serde error: provided string was not `true` or `false`");
  const withDeleted = deleted === "true";
  const rows = databaseNames(call.world).map((name): Cell[] => (withDeleted ? [name, false] : [name]));
  const columns = withDeleted ? DATABASE_COLUMNS : DATABASE_COLUMNS.slice(0, 1);
  return rowsAs(format as Format, { columns, rows });
};

export const createDatabase: Handler = (call) => {
  const { db } = jsonOf(
    call,
    serde.struct<{ db: string }>("CreateDatabaseRequest", { db: { read: serde.text } }),
  );
  const refused = (error: string, status = 400) => new Refusal(status, JSON.stringify({ error }));
  if (db === "") throw refused("db name cannot be empty");
  if (db.length > 64) throw refused("db name too long: max 64");
  if (!/^[\p{L}\p{N}]/u.test(db)) throw refused("db name did not start with a number or letter");
  if (!/^[\w-]+(?:\/[\w-]+)?$/.test(db)) {
    throw refused(
      "invalid character in database or rp name: must be ASCII, containing only letters, numbers, underscores, or hyphens",
    );
  }
  const { world, server } = call;
  if (server.edition === "Core" && !world.databases.has(db) && world.databases.size > MAX_DATABASES) {
    throw refused(`Adding a new database would exceed limit of ${MAX_DATABASES} databases`, 422);
  }
  world.addDatabase(db);
  return { status: 200, headers: ANY_ORIGIN, body: "" };
};

export const deleteDatabase: Handler = ({ world, query = "" }) => {
  world.deleteDatabase(parametersOf(query, ["db"])["db"] ?? "");
  return { status: 200, headers: ANY_ORIGIN, body: "" };
};

interface Question {
  db: string | undefined;
  q: string;
  format: Format;
  parameters: ReadonlyMap<string, Scalar>;
}

export const querySql: Handler = (call) => {
  const { db = "", q, format, parameters } = questionOf(call, true);
  const { server } = call;
  authorize(server, call.caller, `db:${db}:read`);
  if (!call.world.databases.has(db)) throw unknownDatabase(db);
  const severalStatements = isSince(server.version, "3.10") ? 405 : 400;
  try {
    const result = run(q, { database: db, tokens: tokenTable(server), parameters, severalStatements });
    return rowsAs(format, result);
  } catch (error) {
    const isOlder = error instanceof Refusal && error.status === 400 && !isSince(server.version, "3.9.3");
    throw isOlder ? new Refusal(500, error.message) : error;
  }
};

/** There is no table that InfluxQL could read. */
export const queryInfluxql: Handler = (call) => {
  const { db, q, format } = questionOf(call, false);
  if (q.trim() === "") throw new Refusal(400, "must provide only one InfluxQl statement per query");
  if (!/^\s*(?:SELECT\s.*\sFROM|SHOW)\s/is.test(q)) {
    const why = `invalid InfluxQL statement at pos 0. Parsing Error: Nom(${serde.debug(q)}, Tag)`;
    throw new Refusal(400, `error in InfluxQL statement: parsing error: ${why}`);
  }
  if (db === undefined) {
    const message = "must specify a 'db' parameter, or provide the database in the InfluxQL query";
    throw new Refusal(400, message);
  }
  authorize(call.server, call.caller, `db:${db}:read`);
  if (!call.world.databases.has(db)) throw unknownDatabase(db);
  const databases = /^\s*show\s+databases\b/i.test(q) ? databaseNames(call.world) : [];
  return rowsAs(format, { columns: DATABASE_COLUMNS, rows: databases.map((name) => [name, false]) });
};

/** As InfluxDB 1 has it, where no table has anything. */
export const query: Handler = ({ server, world, caller, query: asked = "" }) => {
  const parameters = new URLSearchParams(asked);
  const [q, db] = [parameters.get("q"), parameters.get("db")];
  if (q === null) {
    const error = "expected a query to be provided in the query string or body";
    return { status: 400, headers: ANY_ORIGIN, body: JSON.stringify({ error }) };
  }
  const result = (content: object) => {
    const body = JSON.stringify({ results: [{ statement_id: 0, ...content }] });
    return streamed("application/json", body);
  };
  if (/^\s*show\s+databases\b/i.test(q)) {
    const values = databaseNames(world).map((name) => [name]);
    return result({ series: [{ name: "databases", columns: ["name"], values }] });
  }
  if (db !== null) authorize(server, caller, `db:${db}:read`);
  if (db !== null && !world.databases.has(db))
    return result({ error: `Cannot retrieve database: External error: database not found: ${db}` });
  return result({});
};

/** Takes what is written, makes its database if there is none, and keeps nothing. */
export const write: Handler = (call) => {
  const { server, world, caller } = call;
  const db = new URLSearchParams(call.query).get("db");
  if (db === null) throw new Refusal(400, "missing query parameter 'db'");
  authorize(server, caller, `db:${db}:write`);
  if (bodyOf(call).length === 0) throw new Refusal(400, "incoming write was empty");
  world.databases.add(db);
  return { status: 204, headers: ANY_ORIGIN };
};

function databaseNames({ databases }: Influxdb3World): string[] {
  return [...databases].sort();
}

function unknownDatabase(name: string): Refusal {
  return new Refusal(404, JSON.stringify({ error: `query error: database not found: ${name}` }));
}

/** What is to be queried, from the query string or the body, which need not say that it is JSON. */
function questionOf(call: Call, needsDatabase: boolean): Question {
  const accepted = acceptedFormat(call);
  if (call.method === "POST") {
    const asked = readJson(bodyOf(call), QUESTION(needsDatabase));
    return { ...asked, format: asked.format ?? accepted, parameters: asked.params ?? new Map() };
  }
  if (call.query === undefined) throw new Refusal(400, "missing query parameters 'db' and 'q'");
  const [required, optional] = needsDatabase ? [["db", "q"], []] : [["q"], ["db"]];
  const asked = parametersOf(call.query, required, [...optional, "format", "params"]);
  const { db, q = "", format, params } = asked;
  const parameters = params === undefined ? new Map() : readJson(Buffer.from(params), serde.parameters);
  return { db, q, format: (format as Format | undefined) ?? accepted, parameters };
}

interface QueryRequest {
  db: string | undefined;
  q: string;
  format: Format | undefined;
  params: Map<string, Scalar> | undefined;
}

const QUESTION = (needsDatabase: boolean) =>
  serde.struct<QueryRequest>("QueryRequest", {
    db: needsDatabase ? { read: serde.text } : { read: serde.optional(serde.text), optional: true },
    q: { read: serde.text },
    format: { read: serde.optional(serde.variant(FORMATS)), optional: true },
    params: { read: serde.optional(serde.parameters), optional: true },
  });

const ACCEPTED: Record<string, Format> = {
  ...{ "*/*": "json", "application/json": "json", "text/html": "json" },
  ...{ "text/csv": "csv", "text/plain": "pretty", "application/vnd.apache.parquet": "parquet" },
} as const;

function acceptedFormat({ server, headers }: Call): Format {
  const { accept = "*/*" } = headers;
  const format = accept.includes("*/*") ? "json" : ACCEPTED[accept];
  if (format) return format;
  throw new Refusal(isSince(server.version, "3.10") ? 400 : 500, `invalid mime type (${accept})`);
}
function rowsAs(format: Format, result: Result): Answer {
  const { type, body } = inFormat(format, result);
  if (format !== "pretty" && format !== "parquet") return streamed(type, body);
  return { status: 200, headers: { "content-type": type, ...ANY_ORIGIN }, body };
}

function streamed(type: string, body: string): Answer {
  const headers = { "content-type": type, "transfer-encoding": "chunked", ...ANY_ORIGIN };
  return { status: 200, headers, body };
}

/** `system.tokens`. Nobody needs a hash where nobody needs a token. */
function tokenTable({ world, withoutAuth, permissionsColumn }: Influxdb3Server): Table {
  const column = (
    [name, type, nullable = false]: [string, TableColumn["type"], boolean?],
    cell: (token: NamedToken) => Cell | undefined,
  ) => ({ column: { name, type, nullable }, cell });
  const all = [
    column(["token_id", "UInt64"], ({ id }) => id),
    column(["name", "Utf8View"], ({ name }) => name),
    column(["hash", "Utf8View"], ({ hash }) => hash.slice(0, 9)),
    column(["created_at", "Timestamp(ms)"], ({ createdAt }) => createdAt),
    column(["description", "Utf8View", true], ({ description }) => description),
    column(["created_by_token_id", "UInt64", true], () => undefined),
    column(["updated_at", "Timestamp(ms)", true], ({ updatedAt }) => updatedAt),
    column(["updated_by_token_id", "UInt64", true], ({ updatedBy }) => updatedBy),
    column(["expiry", "Timestamp(ms)", true], ({ expiry }) => expiry),
    column(["permissions", "Utf8View"], (token) => columnOf(token, permissionsColumn)),
  ].filter(({ column: { name } }) => !(withoutAuth && name === "hash"));
  const tokens = [...world.tokens.values()].sort((a, b) => a.id - b.id);
  return {
    columns: all.map((each) => each.column),
    rows: tokens.map((token) => all.map(({ cell }) => cell(token) ?? null)),
  };
}
