/**
 * Replays recorded exchanges with a real server against the simulator, and tells where the two differ.
 *
 * Recordings name the values that change from run to run: `{{id:KEY}}`, `{{token:KEY}}`, `{{org:NAME}}`,
 * `{{user:NAME}}`, `{{time}}`. What the setup makes is known by name from the start; any other name is given its value
 * by the first answer that it appears in.
 */
import { Agent, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { permission } from "./permissions.js";
import { startSimulator } from "./server.js";
import type { SimulatorOptions } from "./server.js";
import type { World } from "./world.js";

export interface Recording {
  server: { product?: string; version?: string; hashedTokens?: boolean };
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
  response: { status: number; headers?: Record<string, string>; json?: unknown; text?: string };
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
const STRICT_HEADERS = ["content-type", "x-platform-error-code"];

/** Text that differs from build to build and from moment to moment. */
const VARYING_FIELDS = ["up", "commit"];

/** Replays a recording on a fresh simulator, and returns every difference. */
export async function replay(recording: Recording): Promise<Difference[]> {
  const simulator = await startSimulator(optionsFor(recording));
  const agent = new Agent({ keepAlive: true });
  try {
    const names = setUp(simulator.world, recording.given);
    const differences: Difference[] = [];
    for (const { name, request, response } of recording.exchanges) {
      const report = (where: string, expected: unknown, actual: unknown) => {
        differences.push({ exchange: name, where, expected: shown(expected), actual: shown(actual) });
      };
      try {
        compare(response, await send(simulator.port, agent, names.fillIn(request)), names, report);
      } catch (error) {
        report("request", "an answer", error instanceof Error ? error.message : String(error));
      }
    }
    return differences;
  } finally {
    agent.destroy();
    await simulator.close();
  }
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
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)`;

/** The values behind the names of a recording. */
class Names {
  private readonly values = new Map<string, string>();

  set(name: string, value: string): void {
    this.values.set(name, value);
  }

  /** Replaces names by their values, in a request. */
  fillIn<T>(value: T): T {
    const text = JSON.stringify(value).replaceAll(new RegExp(NAME, "g"), (_whole, name: string) => {
      const known = this.values.get(name);
      if (known === undefined) throw new Error(`nothing is known as ${name} yet`);
      return JSON.stringify(known).slice(1, -1);
    });
    return JSON.parse(text) as T;
  }

  /** Whether a text is what is expected. A name that is new takes the value it stands for. */
  matches(expected: string, actual: string): boolean {
    const fresh: string[] = [];
    const parts = expected.split(new RegExp(NAME, "g")).map((part, index) => {
      if (index % 2 === 0) return escaped(part);
      if (part === "time") return TIME;
      const known = this.values.get(part);
      if (known !== undefined) return escaped(known);
      if (fresh.includes(part)) return `\\${fresh.indexOf(part) + 1}`;
      fresh.push(part);
      return part.startsWith("token:") ? "(.+)" : "([0-9a-f]{16})";
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
  const content = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
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
