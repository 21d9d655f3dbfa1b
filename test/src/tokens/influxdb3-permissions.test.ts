import assert from "node:assert/strict";
import {
  accessOfInfluxdb3Token,
  ADMIN,
  isAdmin,
  readInfluxdb3Column,
  Influxdb3Permissions,
  type Influxdb3Permission,
} from "../../../src/tokens/influxdb3-permissions.js";
import { readInfluxdb3Permissions, twinOfInfluxdb3Token } from "../../../src/tokens/wanted.js";

const db = (names: string[], ...actions: string[]): Influxdb3Permission => ({
  resource_type: "db",
  resource_names: names,
  actions,
});
const system = (...names: string[]): Influxdb3Permission => ({
  resource_type: "system",
  resource_names: names,
  actions: ["read"],
});

describe("the rights of a token of InfluxDB 3", () => {
  const COLUMNS: [what: string, column: unknown, rights: readonly Influxdb3Permission[] | undefined][] = [
    ["of an admin token", "*:*:*", ADMIN],
    ["of an admin token in an array", '["*:*:*"]', ADMIN],
    ["as the documentation shows them", "db:a,b:read,write", [db(["a", "b"], "read", "write")]],
    [
      "several in one text",
      "db:a:read, db:b:read,write system:health:read",
      [db(["a"], "read"), db(["b"], "read", "write"), system("health")],
    ],
    ["as an array in JSON", '["db:a:read","db:a:write"]', [db(["a"], "read"), db(["a"], "write")]],
    ["of databases that are called like a kind", "db:a,db,system:read", [db(["a", "db", "system"], "read")]],
    ["of all databases", "db:*:read", [db(["*"], "read")]],
    ["none", "", []],
    ["none, in JSON", "[]", []],
    ["of a kind that is not known", "table:a:read", undefined],
    ["with a part too many", "db:a:read:b", undefined],
    ["with a part too few", "db:a", undefined],
    ["with one of several that is not known", "db:a:read,table:b:read", undefined],
    ["of numbers in JSON", "[1]", undefined],
    ["no text", ["*:*:*"], undefined],
    ["left out", undefined, undefined],
  ];
  for (const [what, column, rights] of COLUMNS)
    it(`are read from a list: ${what}`, () => assert.deepEqual(readInfluxdb3Column(column), rights));

  it("are read from a column of hardly more than separators without a halt", () => {
    assert.equal(readInfluxdb3Column(`x${",".repeat(100_000)}x`), undefined);
  });

  it("are everything where a column holds that, in whatever form", () => {
    for (const column of ["*:*:*", '["*:*:*"]', '["*:*:*","db:a:read"]']) assert.ok(isAdmin(column));
    for (const column of ["db:*:*", "", undefined, 7, ["*:*:*"]]) assert.ok(!isAdmin(column));
  });

  const TAKEN: [what: string, given: unknown, rights: readonly Influxdb3Permission[]][] = [
    [
      "as the API takes them",
      [db(["a", "b"], "read"), system("health")],
      [db(["a", "b"], "read"), system("health")],
    ],
    ["in short", ["db:a,b:read,write", "system:*:read"], [db(["a", "b"], "read", "write"), system("*")]],
    ["both", ["db:a:read", db(["b"], "delete")], [db(["a"], "read"), db(["b"], "delete")]],
  ];
  for (const [what, given, rights] of TAKEN)
    it(`are taken from a flow: ${what}, and as JSON`, () => {
      assert.deepEqual(readInfluxdb3Permissions(given), rights);
      assert.deepEqual(readInfluxdb3Permissions(JSON.stringify(given)), rights);
    });

  const REFUSED: [what: string, given: unknown][] = [
    ["none", []],
    ["everything, in short", ["*:*:*"]],
    ["everything", ADMIN],
    ["no name", [db([], "read")]],
    ["an empty name", [db([""], "read")]],
    ["all beside a name", [db(["*", "a"], "read")]],
    ["a name that cannot be one", [db(["a:b"], "read")]],
    ["two names in one", [db(["a,b"], "read")]],
    ["no action", [db(["a"])]],
    ["an unknown action", [db(["a"], "drop")]],
    ["another action on an endpoint", [{ ...system("health"), actions: ["write"] }]],
    ["an unknown kind", [{ ...db(["a"], "read"), resource_type: "table" }]],
    // The guides of the documentation write it so, and the server would not see it.
    ["another key of the names", [{ resource_type: "db", resource_identifier: ["a"], actions: ["read"] }]],
    ["a key besides", [{ ...db(["a"], "read"), expiry: 1 }]],
    ["a text that is no right", ["read"]],
    ["a number", 7],
  ];
  for (const [what, given] of REFUSED)
    it(`are refused: ${what}`, () => {
      assert.ok(!Influxdb3Permissions.safeParse(given).success);
      assert.throws(() => readInfluxdb3Permissions(given), { code: "invalid-config" });
    });

  const SHOWN: [what: string, rights: unknown, text: string, isAll: boolean, databases: string[]][] = [
    ["everything", ADMIN, "everything", true, []],
    ["nothing", [], "nothing", false, []],
    ["what is not known", undefined, "nothing", false, []],
    ["one database", [db(["a"], "read")], "read: a", false, ["a"]],
    ["several", [db(["a", "b"], "read", "write")], "read and write: a and b", false, ["a", "b"]],
    ["one action each", [db(["a"], "read"), db(["b"], "write")], "read: a, write: b", false, ["a", "b"]],
    // Not what is shown as everything: an admin token can do more.
    ["all databases", [db(["*"], "read", "write")], "read and write: all databases", false, ["*"]],
    ["endpoints alone", [system("health", "ping")], "system: health and ping", false, []],
    ["all endpoints", [system("*")], "system: all", false, []],
    [
      "all sorts",
      [db(["a"], "create", "read"), system("health")],
      "read: a, create, system: health",
      false,
      ["a"],
    ],
    ["the actions of 3.10 alone", [db(["a"], "delete", "describe")], "delete and describe", false, []],
  ];
  for (const [what, rights, text, isAll, databases] of SHOWN)
    it(`are shown to people: ${what}`, () =>
      assert.deepEqual(accessOfInfluxdb3Token(rights), { text, isAll, databases }));

  it("are those of its successor, unless the server does not show them", () => {
    const rights = [db(["a"], "read")];
    const twin = (token: Record<string, unknown>) => twinOfInfluxdb3Token(token, "new").permissions;
    assert.deepEqual(twin({ kind: "resource", permissions: rights }), rights);
    assert.equal(twin({ kind: "admin", permissions: ADMIN }), ADMIN);
    assert.equal(twin({ kind: "operator" }), ADMIN);
    for (const permissions of [undefined, [], ADMIN, [{ resource_type: "db" }]])
      assert.throws(() => twin({ kind: "resource", permissions }), { code: "bad-response" });
  });
});
