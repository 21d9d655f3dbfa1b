import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { leaveOutIfExcluded, leftOutBy, warnOfIdleExcludes } from "../../../nodes/runtime/excludes.js";
import packageJson from "../../../package.json" with { type: "json" };

const ALL = Object.keys(packageJson["node-red"].nodes);
const PACKAGE = packageJson.name;
const ONE = ["delete-authorization"];

describe("leftOutBy", () => {
  const ENTRIES: [entry: unknown, expected: string[]][] = [
    ["influxdb-delete-authorization", ONE],
    ["delete-authorization", ONE],
    ["delete-authorization.js", ONE],
    ["delete-authorization.html", ONE],
    ["influxdb-delete-authorization.js", ONE],
    ["dist/delete-authorization.js", ONE],
    ["./dist/delete-authorization.js", ONE],
    ["dist\\delete-authorization.js", ONE],
    [" Delete-Authorization.JS ", ONE],
    [`${PACKAGE}/delete-authorization`, ONE],
    [`${PACKAGE}/influxdb-delete-authorization`, ONE],
    [`${PACKAGE}/dist/delete-authorization.js`, ONE],
    [`/data/node_modules/${PACKAGE}/dist/delete-authorization.js`, ONE],
    [
      "C:\\Users\\me\\.node-red\\node_modules\\@token-flows\\node-red-influxdb-tokens\\dist\\delete-authorization.js",
      ONE,
    ],
    ["delete-authori?ation.js", ONE],
    ["influxdb-delete-auth*", ONE],
    ["dist/delete-auth*.js", ONE],
    [/^delete-authorization\.js$/, ONE],
    [/delete-auth/gi, ONE],
    ["influxdb-connection", ["influxdb-connection"]],
    ["influxdb-connection.js", ["influxdb-connection"]],
    ["delete-*", ["delete-authorization", "delete-database-token", "delete-influxdb3-token"]],
    ["delete-database-*", ["delete-database-token"]],
    [/token/, ALL.filter((file) => file.includes("token"))],
    [PACKAGE, ALL],
    ["node-red-influxdb-tokens", ALL],
    [`node_modules/${PACKAGE}`, ALL],
    ["@token-flows/*", ALL],
    [/^@token-flows\//, ALL],
    ["influxdb-*", ALL],
    ["*influxdb*", ALL],
    ["delete", []],
    ["delete-authorizations.js", []],
    ["xdelete-authorization.js", []],
    ["delete-authorizationxjs", []],
    ["node-red-contrib-influxdb", []],
    [`${PACKAGE}-more`, []],
    ["other/delete-authorization.js", []],
    ["", []],
    [/^http/, []],
    [undefined, []],
    [7, []],
    [{}, []],
  ];
  for (const [entry, expected] of ENTRIES) {
    it(`is ${expected === ALL ? "every node" : expected.join(", ") || "none"} for ${String(entry)}`, () => {
      assert.deepEqual(leftOutBy(entry).toSorted(), expected.toSorted());
      // Also a second time: a regular expression can remember where it was.
      assert.deepEqual(leftOutBy(entry).toSorted(), expected.toSorted());
    });
  }
});

describe("nodesExcludes", () => {
  const redWith = (nodesExcludes: unknown) => {
    const warnings: string[] = [];
    const log = { warn: (text: string) => warnings.push(text) };
    return { RED: { settings: { nodesExcludes }, log } as unknown as NodeAPI, warnings };
  };

  it("makes a node fail to load, by the name of its file, and no other", () => {
    const { RED } = redWith(["80-template.js", "influxdb-delete-authorization"]);
    assert.throws(
      () => leaveOutIfExcluded(RED, "influxdb-delete-authorization"),
      /^Error: delete-authorization\.js is left out/,
    );
    leaveOutIfExcluded(RED, "influxdb-list-authorizations");
    leaveOutIfExcluded(RED, "influxdb-connection");
  });

  it("may be one name, or not there", () => {
    leaveOutIfExcluded(redWith(undefined).RED, "influxdb-connection");
    const { RED } = redWith("influxdb-connection.js");
    assert.throws(
      () => leaveOutIfExcluded(RED, "influxdb-connection"),
      /^Error: influxdb-connection\.js is left out/,
    );
  });

  it("is named in the log where it seems to mean these nodes, and none of them is so called", () => {
    const { RED, warnings } = redWith([
      "delete-authorisation.js",
      "delete-authorizations.js",
      /^influxdb-remove/,
      "influxdb-list-*",
      PACKAGE,
      "80-template.js",
      null,
    ]);
    warnOfIdleExcludes(RED);
    assert.equal(warnings.length, 3);
    assert.match(warnings.shift() ?? "", /"delete-authorisation\.js" leaves out no node/);
    assert.match(
      warnings[0] ?? "",
      /"delete-authorizations\.js" leaves out no node of .*It has influxdb-connection, list-/,
    );
    assert.match(warnings[1] ?? "", /"\/\^influxdb-remove\/" leaves out no node/);
  });
});
