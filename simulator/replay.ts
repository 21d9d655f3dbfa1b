/**
 * Replays recorded exchanges with a real server against the simulator, and tells where the two differ.
 *
 * Recordings name the values that change from run to run: `{{id:KEY}}`, `{{token:KEY}}`, `{{hash:KEY}}`,
 * `{{org:NAME}}`, `{{time}}` and others. What the setup makes is known by name from the start; any other name is given
 * its value by the first answer that it appears in.
 */
import { createHash } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import { startInfluxdb3, type Influxdb3World } from "./influxdb3.js";
import { permission } from "./permissions.js";
import { startSimulator } from "./server.js";
import type { SimulatorOptions } from "./server.js";
import type { World } from "./world.js";

export interface Recording {
  server: {
    product?: string;
    version?: string;
    hashedTokens?: boolean;
    /** As on the command line. */
    flags?: string[];
  };
  given: {
    orgs?: string[];
    users?: string[];
    authorizations?: GivenAuthorization[];
    inactiveUsers?: string[];
  };
  exchanges: Exchange[];
}

interface GivenAuthorization {
  key: string;
  user?: string;
  org?: string;
  description?: string;
  status?: "active" | "inactive";
  permissions?: string[];
  orgScoped?: boolean;
}

export interface Exchange {
  name: string;
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  response: {
    status?: number;
    headers?: Record<string, string>;
    json?: unknown;
    text?: string;
    /** Instead of all that, the server ended the connection, or was not there. */
    error?: string;
  };
}

export interface Difference {
  exchange: string;
  /** `status`, `header …`, `json…` with the path to the value, `text`, `body`, `request`. */
  where: string;
  expected: string;
  actual: string;
}

interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Headers that must be absent if the recording does not have them. */
const STRICT_HEADERS = ["access-control-allow-origin", "content-type", "x-platform-error-code"];

/** Text that differs from build to build and from moment to moment. */
const VARYING_FIELDS = ["up", "commit", "process_id", "revision"];

/** Replays a recording on a fresh simulator, and returns every difference. */
export async function replay(recording: Recording): Promise<Difference[]> {
  const target = await (recording.server.product?.includes("InfluxDB 3") ? influxdb3 : influxdb2)(recording);
  const agent = new Agent({ keepAlive: true });
  try {
    const differences: Difference[] = [];
    for (const exchange of recording.exchanges) {
      let found = await replayOne(exchange, target, agent);
      const goBack = found.length > 0 && exchange.request.path.startsWith("/api/v3/query") && target.pass?.();
      if (goBack) {
        const later = await replayOne(exchange, target, agent);
        if (later.length === 0) found = later;
        else goBack();
      }
      differences.push(...found);
    }
    return differences;
  } finally {
    agent.destroy();
    await target.close();
  }
}

/** A simulator that has been set up, and the names of what it was set up with. */
interface Target {
  names: Names;
  /** Where an exchange goes. */
  portFor(exchange: Exchange): number;
  /** Lets time pass, of which a recording does not tell; gives the way back, if anything has come of it. */
  pass?(): (() => void) | undefined;
  close(): Promise<void>;
}

async function influxdb2(recording: Recording): Promise<Target> {
  const simulator = await startSimulator(optionsFor(recording));
  try {
    const names = setUp(simulator.world, recording.given);
    return { names, portFor: () => simulator.port, close: () => simulator.close() };
  } catch (error) {
    await simulator.close();
    throw error;
  }
}

async function influxdb3({ server: { product = "", version, flags = [] } }: Recording): Promise<Target> {
  const simulator = await startInfluxdb3({
    edition: product.includes("Enterprise") ? "Enterprise" : "Core",
    ...(version !== undefined && { version }),
    flags,
    recovery: flags.includes("--admin-token-recovery-http-bind"),
  });
  const recoveryPort = Number(simulator.recoveryUrl?.split(":").at(-1));
  return {
    names: new Names(),
    portFor: ({ name }) => (name.startsWith("recovery") ? recoveryPort : simulator.port),
    pass: () => expireSoon(simulator.world),
    close: () => simulator.close(),
  };
}

/** Tokens that were made to expire within seconds were waited for. */
function expireSoon({ tokens }: Influxdb3World): (() => void) | undefined {
  const now = Date.now();
  const due = [...tokens.values()].flatMap((token) => {
    const { expiry } = token;
    const left = expiry ? expiry.getTime() - now : 0;
    return left > 0 && left < 10_000 ? [{ token, expiry }] : [];
  });
  for (const { token } of due) token.expiry = new Date(now - 1);
  return due.length > 0 ? () => due.forEach(({ token, expiry }) => (token.expiry = expiry)) : undefined;
}

async function replayOne(exchange: Exchange, target: Target, agent: Agent): Promise<Difference[]> {
  const { name, request, response } = exchange;
  const differences: Difference[] = [];
  const report = (where: string, expected: unknown, actual: unknown) => {
    differences.push({ exchange: name, where, expected: shown(expected), actual: shown(actual) });
  };
  try {
    const { body, ...rest } = target.names.fillIn(request);
    const sent = { ...rest, body: special(body, response) };
    const received = await send(target.portFor(exchange), agent, sent);
    if (response.error === undefined) compare(response, received, target.names, report);
    else report("status", response.error, received.status);
  } catch (error) {
    if (response.error === undefined)
      report("request", "an answer", error instanceof Error ? error.message : String(error));
  }
  return differences;
}

/** Bodies that a recording only describes. */
function special(body: unknown, { json }: Exchange["response"]): unknown {
  if (body === "{{11 MiB}}") return Buffer.alloc(11 * 1024 * 1024, "x");
  if (body !== "{{gzip}}") return body;
  return gzipSync(JSON.stringify({ token_name: isObject(json) ? json["name"] : undefined }));
}

function optionsFor({ server }: Recording): SimulatorOptions {
  const tokens = server.product?.includes("Cloud")
    ? "redacted"
    : server.hashedTokens === false
      ? "clear"
      : "hashed";
  return { tokens, ...(server.version !== undefined && { version: server.version }) };
}

/** Makes what the recording says was given, and names it. */
function setUp(world: World, given: Recording["given"]): Names {
  const { orgs = [], users = [], authorizations = [], inactiveUsers = [], ...unknown } = given;
  if (Object.keys(unknown).length)
    throw new Error(`given what nobody can set up: ${Object.keys(unknown).join(", ")}`);
  const names = new Names();
  names.set("id:operator", world.operator.id);
  names.set("token:operator", world.operator.token);
  for (const name of orgs) world.addOrg(name);
  for (const name of users) world.addUser(name);
  for (const { key, orgScoped, permissions = ["read:buckets"], ...wanted } of authorizations) {
    const { id: orgID } = world.orgNamed(wanted.org ?? "home");
    const scoped = permissions.map((each) => permission(each, orgScoped ? orgID : undefined));
    const authorization = world.addAuthorization({ ...wanted, permissions: scoped });
    names.set(`id:${key}`, authorization.id);
    names.set(`token:${key}`, authorization.token);
  }
  for (const name of inactiveUsers) world.userNamed(name).status = "inactive";
  for (const { name, id } of world.orgs.values()) names.set(`org:${name}`, id);
  for (const { name, id } of world.users.values()) names.set(`user:${name}`, id);
  return names;
}

const NAME = /\{\{([^{}]+)\}\}/;
const NO_NAMES = ["{{gzip}}", "{{11 MiB}}"];
const BASE64 = /\{\{base64:([^{}]*)\}\}/g;

const LOCAL_TIME = String.raw`[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?`;
/** What stands for another value each time. In a table, spaces make up for a missing fraction of a second. */
const TIMES: Record<string, string> = {
  time: String.raw`${LOCAL_TIME}(?:Z|[+-]\d\d:\d\d)`,
  "time without zone": `${LOCAL_TIME} *`,
};
/** What a new value looks like, by the kind of its name. */
const FORMS: Record<string, string> = { token: ".+", hash: "[0-9a-f]{128}", hash9: "[0-9a-f]{9}" };

/** The values behind the names of a recording. */
class Names {
  private readonly values = new Map<string, string>();

  set(name: string, value: string): void {
    this.values.set(name, value);
    const [kind, key] = name.split(/:(.*)/s);
    if (kind === "token") this.set(`hash:${key}`, createHash("sha512").update(value).digest("hex"));
    if (kind === "hash") this.set(`hash9:${key}`, value.slice(0, 9));
  }

  /** Replaces names by their values, in a request. */
  fillIn<T>(value: T): T {
    const text = JSON.stringify(value).replaceAll(new RegExp(NAME, "g"), (whole, name: string) => {
      if (NO_NAMES.includes(whole) || name.startsWith("base64:")) return whole;
      const known = this.values.get(name);
      if (known === undefined) throw new Error(`nothing is known as ${name} yet`);
      return JSON.stringify(known).slice(1, -1);
    });
    const encoded = text.replaceAll(BASE64, (_whole, plain: string) => Buffer.from(plain).toString("base64"));
    return JSON.parse(encoded) as T;
  }

  /** Whether a text is what is expected. A name that is new takes the value it stands for. */
  matches(expected: string, actual: string): boolean {
    const fresh: string[] = [];
    const parts = expected.split(new RegExp(NAME, "g")).map((part, index) => {
      if (index % 2 === 0) return escaped(part);
      const time = TIMES[part];
      if (time !== undefined) return time;
      const known = this.values.get(part);
      if (known !== undefined) return escaped(known);
      if (fresh.includes(part)) return `\\${fresh.indexOf(part) + 1}`;
      fresh.push(part);
      return `(${FORMS[part.split(":")[0] ?? ""] ?? "[0-9a-f]{16}"})`;
    });
    const found = new RegExp(`^${parts.join("")}$`, "s").exec(actual);
    for (const [index, name] of fresh.entries()) {
      const value = found?.[index + 1];
      if (value !== undefined) this.set(name, value);
    }
    return found !== null;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

type Report = (where: string, expected: unknown, actual: unknown) => void;

function compare(expected: Exchange["response"], actual: Received, names: Names, report: Report): void {
  if (actual.status !== expected.status) report("status", expected.status, actual.status);
  const headers = expected.headers ?? {};
  for (const [name, value] of Object.entries(headers)) {
    const sent = actual.headers[name.toLowerCase()]?.toString();
    if (sent === undefined || !names.matches(value, sent)) report(`header ${name}`, value, sent);
  }
  const listed = Object.keys(headers).map((name) => name.toLowerCase());
  for (const name of STRICT_HEADERS) {
    if (!listed.includes(name) && name in actual.headers)
      report(`header ${name}`, undefined, actual.headers[name]);
  }
  compareBody(expected, actual.body, names, report);
}

function compareBody(expected: Exchange["response"], body: string, names: Names, report: Report): void {
  if (expected.json !== undefined) {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      report("json", expected.json, body);
      return;
    }
    compareJson(expected.json, json, "json", names, report);
  } else if (!names.matches(expected.text ?? "", body)) {
    report(expected.text === undefined ? "body" : "text", expected.text ?? "", body);
  }
}

function compareJson(expected: unknown, actual: unknown, where: string, names: Names, report: Report): void {
  if (typeof expected === "string" && typeof actual === "string") {
    const varies = VARYING_FIELDS.some((name) => where === `json.${name}`);
    if (!varies && !names.matches(expected, actual)) report(where, expected, actual);
  } else if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) report(`${where}.length`, expected.length, actual.length);
    const [wanted, given] = where === "json.orgs" ? [byName(expected), byName(actual)] : [expected, actual];
    for (const [index, item] of wanted.slice(0, given.length).entries()) {
      compareJson(item, given[index], `${where}[${index}]`, names, report);
    }
  } else if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (!(key in expected) || !(key in actual)) report(`${where}.${key}`, expected[key], actual[key]);
      else compareJson(expected[key], actual[key], `${where}.${key}`, names, report);
    }
  } else if (expected !== actual) {
    report(where, expected, actual);
  }
}

/** The real server gives orgs random IDs and lists them by ID: their order tells nothing. */
function byName(orgs: unknown[]): unknown[] {
  const name = (org: unknown) => (isObject(org) ? String(org["name"]) : "");
  return orgs.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

/** Sends a request as it is written: fetch would tidy up the path and refuse some methods. */
function send(
  port: number,
  agent: Agent,
  { method, path, headers, body }: Exchange["request"],
): Promise<Received> {
  const isAsItIs = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
  const content = isAsItIs ? body : JSON.stringify(body);
  const length = content === undefined ? {} : { "Content-Length": Buffer.byteLength(content) };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, agent, method, path, headers: { ...headers, ...length } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    request.on("error", reject);
    request.end(content);
  });
}
