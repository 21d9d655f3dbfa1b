import assert from "node:assert/strict";
import { judge } from "../../../nodes/fields/judge.js";
import { readSettings } from "../../../nodes/influxdb-connection/read-settings.js";
import { SETTINGS } from "../../../nodes/influxdb-connection/settings.js";

describe("the URL of a connection", () => {
  const wrongUrl = (path: string) =>
    judge(SETTINGS, "url", { product: "oss", url: `https://influx.example.com${path}` });

  for (const path of [
    ...["/api/v0", "/api/v2", "/api/v2/", "/API/V2", "/influx/api/v2", "/api/v3", "/api/v2?org=x"],
    ...["/api/v2/authorizations", "/api/v2/authorizations/0123456789abcdef", "/api/v2/write?bucket=b"],
    ...["/api/v0/accounts/x/clusters/y/tokens", "/api/v3/query_sql", "/write", "/query", "/health", "/ping/"],
    ...["/signin", "/signin?returnTo=%2F", "/login", "/logout", "/onboarding/0", "/influx/signin"],
    ...[
      "/orgs/0123456789abcdef",
      "/orgs/0123456789abcdef/load-data/tokens",
      "/influx/orgs/0123456789abcdef/",
    ],
  ]) {
    it(`is not one that leads to ${path}`, () => assert.equal(wrongUrl(path), "urlPath"));
  }

  for (const path of [
    ...["", "/", "/influx", "/influx/", "/api", "/api/influx", "/api/v1", "/api/v2/influx", "/api/v20"],
    ...["/orgs", "/orgs/mine/influx", "/signin-service", "/health/influx", "/v2", "/proxy/8086/"],
  ]) {
    it(`may have the path "${path}" of a reverse proxy`, () => assert.equal(wrongUrl(path), undefined));
  }
});

describe("the token of a connection", () => {
  const wrongToken = (token: unknown) => judge(SETTINGS, "token", { token });

  for (const [wrong, tokens] of Object.entries({
    tokenMissing: ["", "  ", undefined, 7],
    tokenName: [
      ...["Token abc==", "token abc", " Bearer abc", "Authorization: Token abc", '"Token abc"', "token: abc"],
      ...["INFLUX_TOKEN=abc", "export INFLUXDB_TOKEN=abc", "--token abc", '{"token": "abc"}'],
    ],
    tokenQuotes: ['"abc=="', "'abc'", "`abc`", '"abc'],
    tokenCharacters: ["two\nlines", "a\u200bb", "a\tb", "a\u0000b", "a\ud800b"],
    variable: ["${A}b", "b ${A}", "a$(A)"],
  })) {
    it(`is ${wrong} where it is`, () => {
      for (const token of tokens) assert.equal(wrongToken(token), wrong, String(token));
    });
  }

  it("may be any text that InfluxDB OSS takes", () => {
    for (const token of [
      "abc==",
      " abc ",
      "two words",
      "tökén 日本 😀",
      "tokens",
      "bearer-of-news",
      "a,b;c=d\\$1{}",
    ]) {
      assert.equal(wrongToken(token), undefined, token);
    }
  });
});

describe("the tokens that a connection names", () => {
  it("are IDs in any spelling, with anything between them", () => {
    const [a, b] = ["0AAAAAAAAAAAAAAA", "0bbbbbbbbbbbbbbb"] as const;
    const { protectedIds, ownTokenId } = readSettings({
      ...{ product: "oss", protectedIds: ` ${a},${b}\n`, ownTokenId: ` ${a} ` },
    });
    assert.deepEqual([protectedIds, ownTokenId], [[a.toLowerCase(), b], a.toLowerCase()]);
  });

  it("are names of an InfluxDB 3, one a line, with the space that is theirs", () => {
    const { protectedIds, ownTokenId } = readSettings({
      ...{
        product: "influxdb3-core",
        protectedIds: " first \nMine, and yours\r\n\n last ",
        ownTokenId: " own ",
      },
    });
    assert.deepEqual(protectedIds, [" first ", "first", "Mine, and yours", " last ", "last"]);
    assert.equal(ownTokenId, " own ");
    for (const blank of ["", "  ", "\n"])
      assert.deepEqual(
        readSettings({ product: "influxdb3-core", protectedIds: blank, ownTokenId: blank }),
        readSettings({ product: "influxdb3-core" }),
      );
  });

  it("are no values of tokens", () => {
    for (const name of ["protectedIds", "ownTokenId"])
      assert.throws(() => readSettings({ product: "influxdb3-core", [name]: "apiv3_secret" }), {
        code: "invalid-config",
        message: new RegExp(`the field "${name}" holds`),
      });
  });
});
