import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import type { FieldsData } from "../../../nodes/fields/controls.js";
import { choice, flag, typed, type Field } from "../../../nodes/fields/fields.js";
import { isUsed, judge } from "../../../nodes/fields/judge.js";
import {
  bucketPermissions,
  databasePermissions,
  permissionTableField,
} from "../../../nodes/fields/permission-table.js";
import type { Grantable } from "../../../nodes/fields/permission-rows.js";
import { placeField } from "../../../nodes/fields/place.js";
import { refuseEmptyVariables } from "../../../nodes/fields/refuse-variables.js";

/*
 * The fields of nodes that make tokens.
 */

const NO_COUNTS = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
const HEX = "0123456789abcdef";

/** What the dialog finds wrong, and what the runtime reads or refuses. */
async function both<T>(field: Field<T>, properties: Record<string, unknown>) {
  const wrong = judge({ field }, "field", properties);
  try {
    const read = field.parse("field", properties, NO_COUNTS);
    return { wrong, read: await read((value) => Promise.resolve({ value })) };
  } catch (error) {
    assert.equal((error as { code?: string }).code, "invalid-config", String(error));
    return { wrong, refused: (error as Error).message };
  }
}

describe("the place of a new value", () => {
  /** Without what is there as a message arrives. */
  const judged = async (field: string | undefined, fieldType?: string) => {
    const { read, ...found } = await both(placeField(), { field, fieldType });
    return { ...found, ...(read && { read: { type: read.type, key: read.key } }) };
  };

  it("is msg.tokenValue unless the dialog says otherwise", async () => {
    assert.deepEqual((await judged(undefined)).read, { type: "msg", key: "tokenValue" });
    assert.deepEqual((await judged(" secrets.influx ", "flow")).read, {
      type: "flow",
      key: "secrets.influx",
    });
    assert.deepEqual((await judged("#:(file)::influx", "global")).read, {
      type: "global",
      key: "#:(file)::influx",
    });
  });

  it("is no property that people log, or that nodes go by", async () => {
    for (const [wrong, keys] of Object.entries({
      placeShown: ["payload", "payload.token", "topic", " payload "],
      placeOwn: ["step", "summary", "summary.token", "statusCode", "parts.id", "req.token", "res", "error.x"],
      place: [
        ...[
          "",
          " ",
          "_msgid",
          "__proto__",
          "__proto__.x",
          "constructor.x",
          "a.constructor.prototype",
          "a..b",
        ],
        ...[
          "a.",
          ".a",
          "a b",
          'a["b"]',
          '["payload"]',
          "a[0]",
          "msg.payload",
          "msg",
          "#:(file)::a",
          "$(A).b",
        ],
        ...["a${B}", "payload[msg.x]", "1a", "a\nb", "é"],
      ],
    })) {
      for (const key of keys) {
        const found = await judged(key, "msg");
        assert.equal(found.wrong, wrong, key);
        assert.ok(found.refused, key);
      }
    }
    // In a context they are names as any.
    for (const key of ["payload", "step", "#:(file)::step"])
      assert.deepEqual(await judged(key, "flow"), { wrong: undefined, read: { type: "flow", key } });
    for (const key of ["__proto__", "constructor.x", "#:(file)::constructor.x", "#:()::x"])
      assert.ok((await judged(key, "global")).refused, key);
  });

  it("is a message or a context", async () => {
    for (const type of ["str", "env", "jsonata", "", "toString"])
      assert.equal((await judged("x", type)).wrong, "type");
  });

  it("can be written in each message of Node-RED", async () => {
    const { util } = createRequire(import.meta.url)("node-red") as { util: NodeAPI["util"] };
    for (const key of ["tokenValue", "a.b.c", "a-b", "$a", "a_1.x2"]) {
      assert.equal((await judged(key, "msg")).wrong, undefined, key);
      assert.ok(util.setMessageProperty({}, key, "x", true), key);
    }
  });
});

describe("a table of permissions", () => {
  const row = { resource: HEX, read: true, write: false };
  const judged = (of: Grantable, field: unknown) => both(permissionTableField(of), { field });

  it("is wrong alike for the dialog and the runtime", async () => {
    for (const [of, wrong, rows] of [
      ["buckets", "noRows", []],
      ["buckets", "noRows", undefined],
      ["buckets", "rows", null],
      ["buckets", "rows", "[]"],
      ["buckets", "rows", [null]],
      ["buckets", "rows", [[]]],
      ["buckets", "rows", [{ ...row, read: "true" }]],
      ["buckets", "rows", [{ ...row, resource: 7 }]],
      ["buckets", "rows", [{ ...row, name: {} }]],
      ["buckets", "rowBucket", [row, { ...row, resource: "telegraf" }]],
      ["buckets", "rowBucket", [{ ...row, resource: " " }]],
      ["buckets", "rowAccess", [{ ...row, read: false }]],
      ["buckets", "variable", [{ ...row, resource: "x${ID}" }]],
      ["databases", "rowDatabase", [{ ...row, resource: "" }]],
      ["databases", "rowDatabase", [{ ...row, resource: "x".repeat(65) }]],
    ] as const) {
      const found = await judged(of, rows);
      assert.equal(found.wrong, wrong, JSON.stringify(rows));
      assert.ok(found.refused, JSON.stringify(rows));
    }
  });

  it("takes a variable as the whole of a bucket, and refuses it if it is not set", async () => {
    const found = await judged("buckets", [{ ...row, resource: "${BUCKET}" }]);
    assert.equal(found.wrong, undefined);
    assert.match(found.refused ?? "", /names the environment variable BUCKET, which is not set/);
  });

  it("reads to permissions, each once", async () => {
    const { read: buckets = [] } = await judged("buckets", [
      { resource: ` ${HEX.toUpperCase()} `, name: "telegraf", read: true, write: false },
      { resource: HEX, read: true, write: true },
      { resource: "*", read: true, write: false },
    ]);
    assert.deepEqual(bucketPermissions(buckets, "a".repeat(16)), [
      { action: "read", resource: { type: "buckets", id: HEX, orgID: "a".repeat(16) } },
      { action: "write", resource: { type: "buckets", id: HEX, orgID: "a".repeat(16) } },
      { action: "read", resource: { type: "buckets", orgID: "a".repeat(16) } },
    ]);
    const { read: databases = [] } = await judged("databases", [
      { resource: " iot", read: false, write: true },
      { resource: "*", read: true, write: false },
      { resource: "iot", read: false, write: true },
    ]);
    assert.deepEqual(databasePermissions(databases), [
      { action: "write", resource: "iot" },
      { action: "read", resource: "*" },
    ]);
  });
});

describe("a field that takes JSON", () => {
  const field = typed<unknown>({
    preset: { type: "json", value: "[]" },
    sources: ["json", "msg"],
    read: (value) => value,
  });

  it("refuses what is not JSON, and types that it does not have", async () => {
    const judged = (value: string, fieldType: string) => both(field, { field: value, fieldType });
    assert.deepEqual(await judged('[{"a":1}]', "json"), { wrong: undefined, read: '[{"a":1}]' });
    for (const text of ["{", "[1,]", "undefined"]) {
      const { wrong, refused } = await judged(text, "json");
      assert.equal(wrong, "json");
      assert.match(refused ?? "", /expected valid JSON/);
    }
    assert.equal((await judged(" ", "json")).wrong, "empty");
    assert.equal((await judged("secret", "str")).wrong, "type");
  });
});

describe("a field that is of use only with some values of another", () => {
  const fields = {
    grants: choice(["table", "like"], "table"),
    expert: flag(undefined, true),
    table: { ...permissionTableField("buckets"), when: { property: "grants", values: ["table"] } },
    deep: { ...permissionTableField("buckets"), when: { property: "expert", values: [true] } },
    deeper: { ...choice(["a"], "a"), when: { property: "table", values: [] } },
  } satisfies FieldsData;
  const used = (name: keyof typeof fields, node: object) =>
    isUsed(fields, fields[name], node as Record<string, unknown>);

  it("is judged only then, and where the other is missing, by what that is read as", () => {
    assert.deepEqual(
      [{}, { grants: "table" }, { grants: "like" }, { grants: "${X}" }].map((node) => used("table", node)),
      [true, true, false, false],
    );
    assert.deepEqual([used("deep", {}), used("deep", { expert: false })], [true, false]);
    assert.equal(used("deeper", { grants: "like" }), false);
    assert.equal(judge(fields, "table", { grants: "like", table: 7 }), undefined);
    assert.equal(judge(fields, "table", { table: 7 }), "rows");
  });

  it("may be empty by a variable when it is of no use", () => {
    const written = { id: "n", table: "${ROWS}", grants: "like" };
    const RED = {
      nodes: { eachNode: (tell: (node: object) => void) => tell(written) },
    } as unknown as NodeAPI;
    refuseEmptyVariables(RED, fields, { id: "n", table: "", grants: "like" });
    assert.throws(() => refuseEmptyVariables(RED, fields, { id: "n", table: "", grants: "table" }), {
      code: "invalid-config",
    });
  });
});
