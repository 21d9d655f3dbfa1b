import assert from "node:assert/strict";
import { request } from "undici";
import type { LookupAnswer, PreviewAnswer, TokensAnswer } from "../../nodes/admin/answers.js";
import type { Influxdb3Token } from "../../src/tokens/influxdb3-api.js";
import type { Liveness } from "../../src/tokens/resource.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { ask, post } from "../helpers/admin.js";
import type { Message, Properties } from "../helpers/runtime.js";
import { isInfluxDB3, nodesOn, run, token as operator, url } from "./server.js";

interface Answer {
  status: number;
  text: string;
}

async function api(
  method: "GET" | "POST" | "DELETE",
  path: string,
  withToken: string,
  body?: unknown,
): Promise<Answer> {
  const response = await request(`${url}/${path}`, {
    method,
    headers: { authorization: `Bearer ${withToken}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.statusCode, text: await response.body.text() };
}

/** Whether the server lets somebody in with it. */
async function letsIn(value: string): Promise<boolean> {
  return (await api("GET", "ping", value)).status === 200;
}

/** Makes a token without the nodes, and gives its value. */
async function make(name: string, seconds?: number): Promise<string> {
  const body = { token_name: name, ...(seconds !== undefined && { expiry_secs: seconds }) };
  const { status, text } = await api("POST", "api/v3/configure/token/named_admin", keeper, body);
  assert.equal(status, 201, text);
  return (JSON.parse(text) as { token: string }).token;
}

/** Makes one that has expired, also by a clock that tells whole seconds. */
async function makeExpired(name: string): Promise<string> {
  const value = await make(name, 0);
  const made = Date.now();
  for (;;) {
    const { headers, body } = await request(url);
    await body.dump();
    if (Date.parse(String(headers.date)) > made) return value;
    assert.ok(Date.now() - made < 10_000, "the server's clock stands still, or is behind");
  }
}

async function removeByHand(name: string): Promise<number> {
  const query = new URLSearchParams({ token_name: name });
  return (await api("DELETE", `api/v3/configure/token?${query}`, keeper)).status;
}

/** What all tests begin with: the operator token has another value in the end. */
let keeper = operator;
const KEEPER = `${run} keeper`;

const { connectionWith, once, tested, within } = nodesOn("influxdb3-core");
const list = async (properties: Properties, msg: Message = {}) =>
  once("list-influxdb3-tokens", properties, msg, keeper);
const ofRun = { nameContains: run, nameContainsType: "str" };
const names = async (properties: Properties, msg?: Message) => {
  const { outputs, error } = await list(properties, msg);
  assert.equal(error, undefined, error?.message);
  return (outputs.flat()[0]?.payload as Influxdb3Token[]).map(({ name }) => name);
};
const create = (name: unknown, properties: Properties = {}) =>
  once(
    "create-influxdb3-token",
    {
      ...{ tokenName: "tokenName", tokenNameType: "msg", permissionsFrom: "admin", understood: true },
      ...{ limit: "", ...properties },
    },
    { tokenName: name },
    keeper,
  );
const remove = (payload: unknown, properties: Properties = {}, withToken = keeper, connection?: Properties) =>
  once("delete-influxdb3-token", { confirmed: true, ...properties }, { payload }, withToken, connection);
const outcomes = (payload: unknown) =>
  [payload].flat().map((record) => `${(record as OutcomeRecord).id}: ${(record as OutcomeRecord).outcome}`);

describe(`the nodes on an InfluxDB 3 at ${url}`, function () {
  this.timeout(60_000);

  before(async function () {
    if (!(await isInfluxDB3())) this.skip();
    keeper = await make(KEEPER);
  });

  after(async () => {
    if (keeper === operator) return;
    const { text } = await api("POST", "api/v3/query_sql", keeper, {
      ...{ db: "_internal", q: "SELECT name FROM system.tokens", format: "json" },
    });
    const left = (JSON.parse(text) as { name: string }[]).filter(({ name }) => name.includes(run));
    // One can delete itself, which must be the last.
    for (const { name } of left.sort((a, b) => Number(a.name === KEEPER) - Number(b.name === KEEPER)))
      console.log(`    removed ${JSON.stringify(name)}: ${await removeByHand(name)}`);
  });

  it("tests a connection: which InfluxDB 3, which token, and when it expires", async () => {
    const value = await make(`${run} tester`, 3 * 86_400 + 60);
    const { text, report } = await tested(value);
    assert.match(text, /^ok: Reached: InfluxDB 3 Core \(3\.\d+\.\d+\) answers\.\nok: Its clock/);
    assert.match(text, new RegExp(`ok: The token is accepted\\. It is the admin token "${run} tester"\\.`));
    assert.match(text, /warning: It expires at .*, in 3 days: replace it/);
    assert.match(text, /ok: list InfluxDB 3 tokens, .*, regenerate operator token: allowed\.$/);
    assert.deepEqual(report.offers, []);
    assert.match((await tested(operator)).text, /warning: It is the operator token/);
    assert.match((await tested("apiv3_wrong")).text, /wrong: Token: the server does not accept/);
    for (const product of ["oss", "cloud-dedicated", "influxdb3-enterprise"]) {
      const other = await tested(value, {
        ...{ product, accountId: "11111111-1111-4111-8111-111111111111" },
        clusterId: "22222222-2222-4222-8222-222222222222",
      });
      assert.deepEqual(
        other.report.offers.map(({ value: offered }) => offered),
        ["influxdb3-core"],
      );
      assert.match(other.text, /regenerate operator token: allowed/);
    }
  });

  it("lists by each of the filters, and no values", async () => {
    const [plain, soon, gone, spaced] = [`${run} A`, `${run} soon`, `${run} gone`, ` ${run} A `];
    const value = await make(plain);
    await make(soon, 3600);
    await makeExpired(gone);
    await make(spaced);
    const all = await list(ofRun);
    assert.ok(!JSON.stringify(all.payload).includes("apiv3_"));
    for (const name of [plain, soon, gone, spaced])
      assert.ok((all.payload as Influxdb3Token[]).some((each) => each.name === name && each.id === name));
    const only = (filter: string, text: string) => ({ [filter]: text, [`${filter}Type`]: "str" });
    assert.deepEqual(await names(only("tokenName", plain)), [plain]);
    assert.deepEqual(await names(only("tokenName", spaced)), [spaced]);
    assert.deepEqual(await names(only("tokenName", plain.toLowerCase())), []);
    assert.deepEqual(await names({ ...ofRun, ...only("state", "expired") }), [gone]);
    assert.ok((await names({ ...ofRun, ...only("state", "active") })).includes(soon));
    assert.deepEqual(await names({ ...ofRun, ...only("expiresWithin", "2h") }), [soon]);
    assert.deepEqual(await names({ ...ofRun, ...only("expiresBefore", new Date().toISOString()) }), [gone]);
    assert.ok((await names({ ...ofRun, ...only("createdAfter", "1h") })).includes(plain));
    assert.deepEqual(await names({ ...ofRun, ...only("createdBefore", "1h") }), []);
    assert.deepEqual(await names(only("kind", "operator")), ["_admin"]);
    const byValue = { tokenValue: "leaked", tokenValueType: "msg" };
    assert.deepEqual(await names(byValue, { leaked: value }), [plain]);
    assert.deepEqual(await names(byValue, { leaked: operator }), ["_admin"]);
    assert.deepEqual(await names(byValue, { leaked: "apiv3_nobody" }), []);
    const [first] = await names({ ...ofRun, result: "all" });
    assert.equal(((await list({ ...ofRun, result: "first" })).payload as Influxdb3Token).name, first);
  });

  it("creates tokens of odd names, with and without an expiry, and hands their values over", async () => {
    const odd = [
      " & ",
      "#?/%2B+",
      `"quoted' \\`,
      "línea\nnueva",
      "😀 ".repeat(20),
      "NULL",
      "..",
      "x".repeat(2000),
    ];
    for (const name of odd.map((each) => `${run}${each}`)) {
      const { outputs, error } = await create(name);
      assert.equal(error, undefined, error?.message);
      const [sent] = outputs[0];
      assert.deepEqual(outcomes(sent?.payload), [`${name}: created`]);
      assert.ok(await letsIn(String(sent?.tokenValue)));
      assert.deepEqual(await names({ tokenName: "name", tokenNameType: "msg" }, { name }), [name]);
      assert.deepEqual(outcomes((await remove({ name })).payload), [`${name}: deleted`]);
      assert.ok(!(await letsIn(String(sent?.tokenValue))));
    }
    const before = Date.now();
    await create(`${run} hour`, { expiry: "1h", expiryType: "str" });
    const [{ expiresAt } = {}] = (await list({ tokenName: `${run} hour`, tokenNameType: "str" }))
      .payload as Influxdb3Token[];
    assert.ok(Math.abs(Date.parse(String(expiresAt)) - before - 3_600_000) < 60_000, expiresAt);
    assert.equal((await create(`${run} hour`)).error?.code, "conflict");
    for (const name of ["", "  ", "apiv3_value", "_admin", undefined])
      assert.equal((await create(name)).error?.code, "invalid-config", name);
  });

  it("checks a token by its value, through its life", async () => {
    const check = async (tokenValue: string) => {
      const { outputs, error } = await once("check-token", {}, { tokenValue }, keeper);
      assert.equal(error, undefined, error?.message);
      const [{ payload } = { payload: undefined }] = [...outputs[0], ...outputs[1]];
      const { works, state, token } = payload as Liveness;
      assert.equal(works, outputs[0].length === 1);
      return [state, token?.id];
    };
    const name = `${run} checked`;
    const [value, expired] = [await make(name), await makeExpired(`${name} expired`)];
    assert.deepEqual(await check(value), ["active", name]);
    assert.deepEqual(await check(expired), ["expired", `${name} expired`]);
    assert.equal(await removeByHand(name), 200);
    assert.deepEqual(await check(value), ["not-accepted", undefined]);
    assert.deepEqual(await check(operator), ["active", "_admin"]);
  });

  it("deletes by name, and refuses what must stay", async () => {
    const [one, two, three] = [`${run} one`, `${run} two`, `${run} three`];
    for (const name of [one, two, three]) await make(name);
    assert.deepEqual(outcomes((await remove([one, two], { dryRun: true })).payload), [
      `${one}: dry-run`,
      `${two}: dry-run`,
    ]);
    assert.equal(
      (await names({ ...ofRun, nameContains: `${run} t` })).filter((name) => name === two).length,
      1,
    );
    const missing = await remove(one.toUpperCase());
    assert.equal(missing.error?.code, "not-found");
    assert.deepEqual(outcomes((await remove(`${one} `, { notFound: "done" })).payload), [
      `${one} : not-found`,
    ]);
    const many = await remove([two, "_admin", `${run} nobody`, { name: three }]);
    assert.deepEqual(outcomes(many.payload), [
      `${two}: deleted`,
      "_admin: failed",
      `${run} nobody: failed`,
      `${three}: deleted`,
    ]);
    assert.equal((await remove("_admin")).error?.code, "protected");
    for (const none of ["", { name: "" }, [one, ""]])
      assert.equal((await remove(none)).error?.code, "missing-id");
    const value = await make(`${run} own`);
    assert.match((await remove(`${run} own`, {}, value)).error?.message ?? "", /the connection's own token/);
    const kept = { protectedIds: `a\n${one}\nb` };
    assert.equal((await remove(one, {}, keeper, kept)).error?.code, "protected");
    assert.deepEqual(outcomes((await remove(one, {}, value)).payload), [`${one}: deleted`]);
    const allowed = await remove(`${run} own`, {}, value, { allowOwnToken: true });
    assert.deepEqual(outcomes(allowed.payload), [`${run} own: deleted`]);
  });

  it("leaves alone what was made anew under a name since it was listed", async () => {
    const name = `${run} again`;
    await make(name);
    const { payload } = await list({ tokenName: name, tokenNameType: "str" });
    assert.equal(await removeByHand(name), 200);
    await make(name);
    const asListed = { onlyIfAsListed: true };
    assert.deepEqual(outcomes((await remove(payload, asListed)).payload), [`${name}: changed`]);
    const now = (await list({ tokenName: name, tokenNameType: "str" })).payload;
    assert.deepEqual(outcomes((await remove(now, asListed)).payload), [`${name}: deleted`]);
  });

  for (const revokeOld of [true, false])
    it(`rotates a token ${revokeOld ? "and deletes the old one" : "beside the old one"}`, async () => {
      const name = `${run} rotated ${revokeOld ? "away" : "beside"}`;
      const old = await make(name, 86_400);
      const rotate = async (msg: Message) => {
        const { outputs, error } = await once(
          "rotate-token",
          { kind: "influxdb3-tokens", revokeOld },
          msg,
          keeper,
        );
        assert.equal(error, undefined, error?.message);
        return outputs;
      };
      const [[sent]] = await rotate({ payload: name });
      assert.ok(sent);
      const { handedOver, tokenValue } = sent;
      const { successor } = handedOver as { successor: string };
      assert.match(successor, new RegExp(`^${name} \\[successor of \\d+ since `));
      assert.ok((await letsIn(old)) && (await letsIn(String(tokenValue))), "both work");
      const [, [report]] = await rotate({ handedOver, tokenValue, step: "stored" });
      assert.deepEqual(outcomes(report?.payload), [`${name}: replaced`]);
      assert.deepEqual([await letsIn(old), await letsIn(String(tokenValue))], [!revokeOld, true]);
      const [made] = (await list({ tokenName: "name", tokenNameType: "msg" }, { name: successor }))
        .payload as Influxdb3Token[];
      const lifetime = Date.parse(String(made?.expiresAt)) - Date.parse(String(made?.createdAt));
      assert.ok(Math.abs(lifetime - 86_400_000) < 60_000, String(lifetime));
    });

  it("takes back a successor that was not stored", async () => {
    const name = `${run} not stored`;
    const old = await make(name);
    const rotate = (msg: Message) => once("rotate-token", { kind: "influxdb3-tokens" }, msg, keeper);
    const [sent] = (await rotate({ payload: name })).outputs[0];
    const { handedOver, tokenValue } = sent ?? {};
    const [, [report]] = (await rotate({ handedOver, step: "not-stored" })).outputs;
    assert.deepEqual(outcomes(report?.payload), [`${name}: withdrawn`]);
    assert.deepEqual([await letsIn(old), await letsIn(String(tokenValue))], [true, false]);
  });

  it("says what there is instead of a change", async () => {
    const { error } = await once("update-authorization", {}, { payload: "x" }, keeper);
    assert.equal(error?.code, "unsupported-product");
    assert.match(error.message, /cannot be changed or disabled: delete one, or replace it/);
  });

  it("shows its tokens to the editor, which of them is the own one, and what a list would find", async () => {
    const name = `${run} <b>shown</b>`;
    await makeExpired(name);
    await within("list-influxdb3-tokens", {}, connectionWith(keeper), async () => {
      const of = (what: string) => `connections/connection/${what}`;
      const all = await ask<TokensAnswer>(of(`tokens?search=${run}`));
      assert.equal(all.error, undefined, all.error?.message);
      const marks = Object.fromEntries(all.tokens.map(({ id, marks: its }) => [id, its]));
      assert.ok(marks[KEEPER]?.includes("own"));
      assert.ok(marks[name]?.includes("expired"));
      const found = await ask<LookupAnswer>(of(`lookup?of=id&search=${encodeURIComponent(name)}`));
      assert.equal(found.entries[0]?.value, name);
      const { tokens, matching } = await post<PreviewAnswer>("preview", {
        ...{ type: "influxdb-list-influxdb3-tokens", connection: "connection" },
        properties: { ...ofRun, state: "expired", stateType: "str" },
      });
      assert.equal(tokens.length, matching);
      assert.ok(tokens.some(({ id }) => id === name));
      assert.ok(!JSON.stringify([all, found, tokens]).includes("apiv3_"));
    });
  });

  // The last: nobody knows what the environment says any more.
  it("gives the operator token a new value, by the connection of another", async () => {
    const regenerate = (withToken: string) =>
      once("regenerate-operator-token", { confirmed: true, limit: "" }, {}, withToken);
    assert.equal((await regenerate(operator)).error?.code, "protected");
    assert.ok(await letsIn(operator));
    const { outputs, error } = await regenerate(keeper);
    assert.equal(error, undefined, error?.message);
    const [sent] = outputs[0];
    assert.deepEqual(outcomes(sent?.payload), ["_admin: regenerated"]);
    assert.deepEqual([await letsIn(operator), await letsIn(String(sent?.tokenValue))], [false, true]);
    console.log("    the operator token has another value now: start another server for another run");
  });
});
