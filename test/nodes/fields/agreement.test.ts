import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TokenError } from "../../../src/errors.js";
import { NO_PLACES } from "../../../src/work/order.js";
import { PRODUCTS, productOf, type Product } from "../../../src/products.js";
import type { Definition } from "../../../nodes/editor/api.js";
import { definitionIn } from "../../../nodes/editor/definition.js";
import { CONNECTION_FIELDS } from "../../../nodes/fields/connection.js";
import type { FieldsData } from "../../../nodes/fields/controls.js";
import { typed, type Fields } from "../../../nodes/fields/fields.js";
import { judgePart, partsOf } from "../../../nodes/fields/judge.js";
import { permissionTableField } from "../../../nodes/fields/permission-table.js";
import { placeField } from "../../../nodes/fields/place.js";
import { WRONG } from "../../../nodes/fields/wrong.js";
import { readSettings, readToken } from "../../../nodes/influxdb-connection/read-settings.js";
import { SETTINGS } from "../../../nodes/influxdb-connection/settings.js";
import type { NodeModule, Operation } from "../../../nodes/runtime/node.js";
import packageJson from "../../../package.json" with { type: "json" };

/*
 * A value that the dialog shows as right and the runtime refuses leaves a flow dead that looks well; the other
 * way round, nobody could tell what a red triangle is about. So both judge all of these alike.
 */

const HEX = "0123456789abcdef";
const UUID = "55555555-5555-4555-8555-555555555555";

const NUMBERS = [0, 1, 2, 10, 11, 30, 64, 65, 600, 601, -1, 1.5, 1e3, 1e21, -0, NaN, Infinity, -Infinity];
const TEXTS_OF_NUMBERS =
  "0|00|1|01|2|10|11|30|64|65|600|601|-1|+5|1.5|1.0|.5|1e1|1e3|0x10|0b1|1_0|1,0|30s|soon|Infinity|NaN|٣٠|３０|" +
  "99999999999999999999|true|null|undefined";
const IDS = [
  HEX,
  HEX.toUpperCase(),
  "0".repeat(16),
  HEX.slice(1),
  `${HEX}0`,
  `x${HEX.slice(1)}`,
  UUID,
  UUID.toUpperCase(),
  UUID.replaceAll("-", ""),
  UUID.slice(1),
  `{${UUID}}`,
  "00000000-0000-0000-0000-000000000000",
  "my-account",
];
const URLS =
  "http://localhost:8086|https://influx.example.com|https://influx.example.com/base/|HTTPS://INFLUX.EXAMPLE.COM|" +
  "http://[::1]:8086|http://127.0.0.1:99999|http://|http:///x|http:/influx|http:influx|//influx.example.com|" +
  "influx.example.com|influx.example.com:8086|localhost|ftp://influx.example.com|file:///etc/passwd|" +
  "https://me@influx.example.com|https://me:secret@influx.example.com|https://:secret@influx.example.com|" +
  "https://influx.example.com/?org=x|https://influx.example.com/?|https://influx.example.com/#x|" +
  "http://localhost:8086/api/v2|http://localhost:8086/api/v2/authorizations/|https://h/influx/api/v2/orgs?limit=1|" +
  `https://h/api/v0/accounts/${UUID}|https://h/signin?returnTo=%2F|https://h/orgs/${HEX}/load-data/tokens|` +
  "https://h/api/v2/influx|https://h/orgs|http://$HOST:8086|http://{{host}}:8086|http://${HOST}:8086|" +
  "https://bücher.example|https://in flux.example.com|https://influx.example.com/a b|javascript:alert(1)";
const TIMES =
  "90d|0d|0s|5min|3m|3 m|12 h|1y|30y|100000d|999999999999999y|3 months|90 days|5D|1.5d|2026-01-31|2026-02-30|31.08.2026|" +
  "01/31/2026|2026-01-31T08:00:00Z|2026-01-31T08:00+02:00|2026-01-31T08:00:00|2026-01-31T24:00:00Z|1999-12-31|" +
  "2999-01-01|1767225600000|1767225600|1767225600000000|${DAY}T00:00:00Z|${N}d|now";
const TOKENS =
  "abc==|two words|tökén|Token abc|Bearer abc|Authorization: Token abc|token=abc|INFLUX_TOKEN=abc|--token abc|" +
  '"abc"|\'abc\'|"abc|{"token":"abc"}|tokens|Token|bearer-of-news|a\tb|a\nb|a\u200bb|x${NAME}|$(NAME)x';
const VARIABLES = ["${NAME}", "$(NAME)", "${my-name.2}"];
/** Node-RED puts nothing in the place of these. */
const NO_VARIABLES = [
  "${NAME} x",
  "x ${NAME}",
  "${A}${B}",
  "$(A)$(B)",
  " ${NAME}",
  "${NAME}\n",
  "${}",
  "${A B}",
  "$NAME",
  "$(NAME",
  "{NAME}",
];

/** As tokens of InfluxDB 3 can have, and what is none. */
const NAMES = [
  "Telegraf ",
  "[old] Telegraf",
  "{x}",
  '["a"]',
  '{"a": 1}',
  "[object Object]",
  "apiv3_x",
  "\ud800",
];

const plain = [
  ...[undefined, null, true, false, "", " ", "\n", "\t \r\n", [], {}, [HEX], { id: HEX }],
  ...NUMBERS,
  ...TEXTS_OF_NUMBERS.split("|"),
  ...IDS,
  ...URLS.split("|"),
  ...TIMES.split("|"),
  ...NO_VARIABLES,
  ...NAMES,
  ...[
    "yes",
    "no",
    "oss",
    "OSS",
    "clustered",
    "toString",
    "__proto__",
    "constructor",
    "active",
    "inactive",
    "Active",
  ],
  ...["influxctl", "/usr/local/bin/influxctl", "x".repeat(100_000), "é", "\u0000"],
];
const texts = plain.filter((value): value is string => typeof value === "string" && value !== "");
const VALUES: unknown[] = [
  ...plain,
  ...texts.flatMap((text) => [` ${text} `, `${text}\n`]),
  ...IDS.flatMap((id) => [`${id},${HEX}`, `${id}; ${UUID}`, `${id}\n${id}`, `${id}|${id}`]),
];

const told = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 60);

/** What the editor knows of a node type, from its built html and the script that it loads, and its texts. */
interface Built extends Definition {
  _(key: string, params?: object): string;
}
function definitionOf(name: string): Built {
  const html = readFileSync(`dist/${name}.html`, "utf8");
  const texts = JSON.parse(readFileSync(`dist/locales/en-US/${name}.json`, "utf8")) as object;
  const RED = {
    nodes: { node: (id: string) => ({ id, product: "${PRODUCT}" }) },
    utils: { validateTypedProperty: () => true },
  };
  return {
    ...definitionIn(html, RED),
    _(key, params = {}) {
      const text = key
        .split(".")
        .reduce((at: unknown, part) => (at as Record<string, unknown>)?.[part], texts);
      assert.equal(typeof text, "string", `${name} has no text ${key}`);
      const missing = [...(text as string).matchAll(/__(\w+)__/g)].filter(([, param]) => !(param! in params));
      assert.deepEqual(missing, [], `${name} puts nothing into ${key}`);
      return key;
    },
  };
}

/** Which properties the editor marks on a node with these. */
function marked(definition: Built, properties: Record<string, unknown>): string[] {
  const node = { _def: definition, _: definition._, ...properties };
  return Object.entries(definition.defaults).flatMap(([name, { validate }]) => {
    const judged: unknown = validate?.call(node, properties[name], {}) ?? true;
    assert.ok(judged === true || (typeof judged === "string" && judged.startsWith("wrong.")), told(judged));
    return judged === true ? [] : [name];
  });
}

/** The name of the field that the runtime refuses, if any. */
async function refused(read: () => unknown): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof TokenError, String(error));
    return /"(\w+)"/.exec(error.message)?.[1] ?? error.code;
  }
}

const NODES = Object.keys(packageJson["node-red"].nodes).filter((name) => name !== "influxdb-connection");

function operationOf(name: string): Operation {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- before the tests are declared
  return (require(`../../../nodes/${name}/${name}.ts`) as { default: NodeModule }).default.operation;
}

describe("the dialog and the runtime", () => {
  const connection = definitionOf("influxdb-connection");
  /** The token is no property; and whether there is a node of an ID the editor itself judges. */
  const judged = Object.entries(SETTINGS as FieldsData).flatMap(([name, { control }]) =>
    name === "token" || control.kind === "config" ? [] : [name],
  );

  for (const product of Object.keys(PRODUCTS) as Product[]) {
    const isCluster = productOf(product).scheme === "Bearer";
    const right = {
      product,
      url: "https://influx.example.com",
      timeout: "30",
      ...(isCluster && { accountId: UUID, clusterId: UUID.toUpperCase() }),
    };

    for (const name of judged) {
      it(`judge ${name} of ${product} alike`, async () => {
        for (const value of VALUES) {
          const properties = { ...right, [name]: value };
          assert.deepEqual(
            [await refused(() => readSettings(properties))].filter((each) => each !== undefined),
            marked(connection, properties).slice(0, 1),
            told(value),
          );
        }
        for (const value of VARIABLES) assert.deepEqual(marked(connection, { ...right, [name]: value }), []);
      });
    }

    it(`judge the two IDs of ${product} together alike`, async () => {
      for (const accountId of [undefined, "", " ", UUID, HEX, "${ID}"]) {
        for (const clusterId of [undefined, "", " ", UUID, HEX]) {
          const properties = { ...right, accountId, clusterId };
          const wrong = marked(connection, properties);
          if (accountId === "${ID}") properties.accountId = UUID;
          const first = await refused(() => readSettings(properties));
          assert.equal(first, wrong[0], told({ accountId, clusterId }));
        }
      }
    });
  }

  it("judge the token alike", async () => {
    const { validate } = connection.credentials!.token!;
    const node = { _def: connection, _: connection._ };
    for (const value of [...TOKENS.split("|"), ...VALUES]) {
      const judged: unknown = validate!.call(node, value, {});
      const isRefused = (await refused(() => readToken(value))) !== undefined;
      assert.equal(judged !== true, isRefused, told(value));
    }
    for (const value of VARIABLES) assert.equal(validate!.call(node, value, {}), true);
  });

  it("leave alone what the product does not use", () => {
    const properties = {
      product: "oss",
      accountId: "x",
      clusterId: 7,
      influxctl: [],
      influxctlTimeout: "never",
    };
    assert.deepEqual(marked(connection, properties), []);
    const { accountId, clusterId, influxctl, influxctlTimeout } = readSettings(properties);
    assert.deepEqual([accountId, clusterId, influxctl, influxctlTimeout], ["", "", "influxctl", 60]);
  });

  it("read what both have found right", () => {
    const settings = readSettings({
      ...{ product: "clustered", url: " https://cluster.example.com ", timeout: " 7 ", retries: 0 },
      ...{
        protectedIds: `${UUID.toUpperCase()};${UUID}`,
        ownTokenId: ` ${UUID.toUpperCase()} `,
        allowOwnToken: true,
      },
    });
    const { url, timeout, retries, parallel, protectedIds, ownTokenId, allowOwnToken } = settings;
    assert.deepEqual(
      [url.href, timeout, retries, parallel, protectedIds, ownTokenId, allowOwnToken],
      ["https://cluster.example.com/", 7, 0, 4, [UUID, UUID], UUID, true],
    );
    const least = readSettings({ product: "oss" });
    assert.deepEqual([least.ownTokenId, least.allowOwnToken, least.protectedIds], ["", false, []]);
  });

  it("say something of each way to be wrong, and know all ways of each field", () => {
    const seen = new Set<string>();
    const judge = (fields: FieldsData, values: unknown[], others: Record<string, unknown>) => {
      for (const [name, field] of Object.entries(fields)) {
        for (const part of partsOf(name, field)) {
          for (const value of values) {
            const wrong = judgePart(field, part, { ...others, [part.property]: value });
            if (wrong === undefined) continue;
            assert.ok(part.ways.length === 0 || part.ways.includes(wrong), `${wrong} of ${part.property}`);
            seen.add(wrong);
          }
        }
      }
    };
    for (const product of Object.keys(PRODUCTS))
      judge(SETTINGS, [...TOKENS.split("|"), ...VALUES], { product });
    for (const fields of [CONNECTION_FIELDS, ...NODES.map((name) => operationOf(name).fields)]) {
      for (const type of ["str", "choose"]) {
        judge(fields, VALUES, Object.fromEntries(Object.keys(fields).map((key) => [`${key}Type`, type])));
      }
    }
    const fields = {
      place: placeField(),
      buckets: permissionTableField("buckets"),
      databases: permissionTableField("databases"),
      json: typed({ preset: { type: "json", value: "[]" }, sources: ["json"], read: (value) => value }),
    };
    const row = { resource: HEX, read: true, write: false };
    const tables = [
      [row],
      [{ ...row, resource: "" }],
      [{ ...row, resource: "${A}-b" }],
      [{ ...row, read: false }],
    ];
    judge(fields, [...VALUES, "payload", "step", ...tables], { placeType: "msg", jsonType: "json" });
    assert.deepEqual(
      Object.keys(WRONG).filter((key) => !seen.has(key)),
      [],
    );
  });

  for (const name of NODES) {
    const { fields: own, resource } = operationOf(name);
    // All nodes have these, so one is enough.
    const fields: Fields = name === NODES[0] ? { ...CONNECTION_FIELDS, ...own } : own;
    const definition = definitionOf(name);
    const id = resource === "authorizations" ? HEX : UUID;
    const right = { connection: "connection" };
    /** What makes right what depends on the field. */
    const besides = (key: string) => {
      const described = {
        ...(key === "description" ? { rights: "take" } : { description: "x", descriptionType: "str" }),
        ...(key !== "tokenName" && { tokenName: "x", tokenNameType: "str" }),
        ...(key !== "like" && { like: "payload", likeType: "msg" }),
      };
      if (key === "confirmed" || key === "understood")
        return { ...described, dryRun: true, ...usedWith(fields, key) };
      if (key === "everyToken" || key === "tokenStatus") return described;
      const status = { tokenStatus: "active", tokenStatusType: "str" };
      return {
        ...described,
        everyToken: true,
        confirmed: true,
        understood: true,
        ...status,
        ...usedWith(fields, key),
      };
    };

    for (const [key, field] of Object.entries(fields)) {
      const { control } = field;
      const read = async (properties: Record<string, unknown>) => {
        const reader = field.parse(key, properties, NO_COUNTS);
        const type = properties[`${key}Type`];
        if (control.kind === "typed" && type !== "str") return;
        const value: unknown = await reader((each) => Promise.resolve({ value: each }));
        // What is wrong is told to who asks for it. What an ID is depends on the kind there, which no dialog judges.
        if (typeof value === "function" && name !== "rotate-token") (value as () => void)();
      };
      const judge = async (properties: Record<string, unknown>) => {
        const wrong = marked(definition, { ...right, ...besides(key), ...properties });
        assert.deepEqual(
          [wrong.length > 0, wrong.every((each) => each.startsWith(key))],
          [(await refused(() => read(properties))) !== undefined, true],
          told(properties),
        );
      };

      it(`judge ${key} of ${name} alike`, async () => {
        const canBeTyped = control.kind === "typed" && control.sources.includes("str");
        for (const value of VALUES) {
          if (control.kind === "typed") {
            await judge({ [key]: value, [`${key}Type`]: "str" });
            for (const type of control.constants) await judge({ [key]: value, [`${key}Type`]: type });
            await judge({ [key]: id, [`${key}Type`]: value });
          } else {
            await judge({ [key]: value });
          }
          if (control.kind === "limit") await judge({ [`${key}Per`]: value });
        }
        if (control.kind === "typed") {
          for (const value of [...control.words, id]) await judge({ [key]: value });
          for (const type of control.sources) {
            await judge({ [`${key}Type`]: type, [key]: id });
          }
        }
        for (const value of VARIABLES) {
          const marks = (properties: object) =>
            marked(definition, { ...right, ...besides(key), ...properties });
          if (control.kind !== "typed") {
            assert.deepEqual(marks({ [key]: value }), []);
            continue;
          }
          // The runtime finds what Node-RED puts in its place, beside the same type.
          for (const type of [undefined, null, 7, "num", "str", "env", "${TYPE}", ...control.constants]) {
            // What a variable of the environment holds only the runtime knows, and so whether a fixed text is right.
            const isOpen: boolean = (type === "str" && canBeTyped) || type === "${TYPE}";
            const isWrong: boolean =
              !isOpen && (await refused(() => read({ [key]: id, [`${key}Type`]: type }))) !== undefined;
            const expected: string[] = isWrong ? [key, `${key}Type`] : [];
            assert.deepEqual(marks({ [key]: value, [`${key}Type`]: type }), expected, told(type));
          }
        }
      });
    }

    for (const [key, field] of Object.entries(fields as FieldsData)) {
      for (const [way, together] of Object.entries(field.wrongWhen ?? {})) {
        it(`judge ${key} of ${name} among other fields alike: ${way}`, async () => {
          let wrongs = 0;
          for (const properties of unlike(fields, together)) {
            const used = usedWith(fields, key);
            const ids = { targets: id, targetsType: "str", like: id };
            const node = { ...right, ...ids, ...FILLED, ...used, ...properties };
            const isMarked = marked(definition, node).includes(key);
            const error = await refusalOf(operationOf(name), node);
            assert.equal(error instanceof TokenError, isMarked, told(properties));
            wrongs += Number(isMarked);
          }
          const ways = Object.values(together).map((value) => [value].flat().length);
          assert.equal(wrongs, Math.max(...ways));
        });
      }
    }
  }
});

/** What fields hold if their types say that it counts. */
const FILLED = {
  ...{ tokenStatus: "active", description: "x", user: "x", userID: HEX, org: "x", orgID: HEX, database: "x" },
  ...{
    createdBefore: "1d",
    createdAfter: "1d",
    updatedBefore: "1d",
    updatedAfter: "1d",
    expiresWithin: "1d",
  },
  ...{ tokenName: "x", tokenNameType: "str", nameContains: "x", kind: "admin", expiresBefore: "1d" },
  ...{ expired: "yes", revoked: "no", state: "active", tokenValue: "a-token-value" },
  ...{ descriptionType: "str", orgType: "str", likeType: "str", replacedBefore: "1d" },
  ...{ step: "begin", stepType: "str" },
  ...{ table: [{ resource: "*", read: true, write: false }] },
};

/** Values of others with which a field is of use. */
function usedWith(fields: FieldsData, key: string): Record<string, unknown> {
  const { when } = fields[key] ?? {};
  return when ? { ...usedWith(fields, when.property), [when.property]: when.values[0] } : {};
}

/** A node with all of these values, and those in which one is another. */
function unlike(fields: FieldsData, values: Record<string, unknown>): Record<string, unknown>[] {
  const names = Object.keys(values);
  const first = Object.fromEntries(names.map((name) => [name, [values[name]].flat()[0]]));
  return names.reduce(
    (nodes, name) => [
      ...nodes,
      ...[[values[name]].flat().slice(1), otherThan(fields[name], values[name])]
        .flat()
        .map((each) => ({ ...first, [name]: each })),
    ],
    [first],
  );
}

function otherThan(field: FieldsData[string] | undefined, value: unknown): unknown {
  if (typeof value === "boolean") return !value;
  if (field?.control.kind !== "choice") return "msg";
  return field.control.options.find((option) => ![value].flat().includes(option));
}

/** Why a node does not begin with a message, up to where it would count what it changes. */
async function refusalOf(
  { fields, resource, run }: Operation,
  properties: Record<string, unknown>,
): Promise<unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const read = field.parse(key, properties, NO_COUNTS);
    values[key] = await read((value) => Promise.resolve({ value }));
  }
  if ("limit" in fields) values.limit = { take: () => Promise.reject(new Error("begun")) };
  const connection = {
    product: "influxdb3-enterprise",
    managementTokens: { revoker: () => undefined },
  };
  const everything = ["read", "write"].flatMap((action) =>
    EVERYTHING.map((type) => ({ action, resource: { type } })),
  );
  const read =
    resource === "influxdb3-tokens"
      ? { resource_type: "db", resource_names: ["x"], actions: ["read"] }
      : { action: "read", resource: resource === "authorizations" ? { type: "buckets" } : "x" };
  const tokens = {
    directory: { org: () => HEX, user: () => HEX, onlyOrg: () => HEX },
    everything: () => everything,
    get: () => ({ token: { orgID: HEX, userID: HEX, kind: "resource", permissions: [read] } }),
  };
  const task = {
    values,
    connection,
    resource,
    tokens,
    dryRun: false,
    places: NO_PLACES,
    watch: {},
    contexts: {},
  };
  try {
    await run(task as never);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Types of resources of which a token that may do everything has all. */
const EVERYTHING = "authorizations buckets dashboards labels secrets tasks telegrafs variables".split(" ");

/** Nothing has been counted. */
const NO_COUNTS = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
