import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import {
  authorizations as resource,
  unlessInactiveFor,
  type AuthorizationFilters,
  type Authorizations,
} from "../../../src/tokens/authorizations.js";
import type { Authorization } from "../../../src/tokens/authorizations-api.js";
import type { TokenError } from "../../../src/errors.js";
import { ownAuthorizations, ownAuthorizationSigns } from "../../../src/tokens/own-authorization.js";
import type { Watch } from "../../../src/http/call.js";
import { createHttp, type Http } from "../../../src/http/client.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { allOf } from "../../helpers/batches.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";

/** The clients without Node-RED: they are of use to any program. */
describe("authorizations", () => {
  let simulator: Simulator;
  let http: Http;
  let authorizations: Authorizations;

  const connect = (token = simulator.world.operator.token, retries = 0) =>
    createHttp({
      url: new URL(simulator.url),
      authorization: { scheme: "Token", token: fixedToken(new Secret(token)) },
      timeoutSeconds: 5,
      retries,
      parallel: 4,
    });

  const open = (client: Http, watch: Watch = {}) =>
    resource.open(
      { http: client, own: { value: new Secret(simulator.world.operator.token), findsByValue: false } },
      watch,
    );
  const list = (...args: Parameters<Authorizations["list"]>) => allOf(authorizations.list(...args));

  beforeEach(async () => {
    simulator = await startSimulator();
    http = connect();
    authorizations = open(http);
  });
  afterEach(async () => {
    await http.close();
    await simulator.close();
  });

  it("lists, updates and deletes", async () => {
    const { id } = simulator.world.addAuthorization({ description: "mine" });
    assert.deepEqual(
      (await list({ description: "mine" })).map((found) => found.id),
      [id],
    );
    const { token, attempts } = await authorizations.update(id, { status: "inactive" });
    assert.deepEqual([token?.status, token?.description, attempts], ["inactive", "mine", 1]);
    await authorizations.remove(id);
    await assert.rejects(authorizations.remove(id), { code: "not-found", statusCode: 404 });
  });

  it("encodes what it puts into a path", async () => {
    await assert.rejects(authorizations.remove("../users/x?y#z"), { code: "invalid-id" });
    assert.equal(simulator.requests[0]!.path, "/api/v2/authorizations/..%2Fusers%2Fx%3Fy%23z");
  });

  it("encodes what it puts into a query", async () => {
    simulator.world.addUser("a&b=c d+é");
    await list({ user: "a&b=c d+é" });
    assert.equal(new URL(simulator.requests[0]!.path, simulator.url).searchParams.get("user"), "a&b=c d+é");
  });

  it("says of a name with a line break, too, that nobody has it", async () => {
    for (const filter of [{ user: "me\n" }, { org: "a\r\nb" }]) {
      await assert.rejects(list(filter), { code: "not-found" });
    }
  });

  it("lists exactly what matches all of the filters, in the server's order, whatever the server sends", () => {
    // Few values, so that some match.
    const [name, id] = [
      fc.constantFrom("me", "Me", "you", ""),
      fc.constantFrom("0aaaaaaaaaaaaaaa", "0bbbbbbbbbbbbbbb"),
    ];
    const description = fc.constantFrom(
      ...["", "one", "One two", "two"],
      "one [replaced by 0000000000000001 at 1970-01-01T00:00:00Z]",
    );
    const [status, time] = [fc.constantFrom("active" as const, "inactive" as const), fc.nat(3)];
    const at = time.map((later) => new Date(later).toISOString());
    const tokens: fc.Arbitrary<Authorization[]> = fc.array(
      fc.record(
        {
          id,
          status,
          user: name,
          userID: id,
          org: name,
          orgID: id,
          description,
          createdAt: at,
          updatedAt: at,
        },
        { requiredKeys: ["id", "status"], noNullPrototype: true },
      ),
      { minLength: 1 },
    );
    const anyCase = fc.mixedCase(id);
    const [createdAfter, createdBefore, updatedAfter, updatedBefore] = [time, time, time, time];
    const times = { createdAfter, createdBefore, updatedAfter, updatedBefore, replacedBefore: time };
    const values = { user: name, userID: anyCase, org: name, orgID: anyCase, status, description, ...times };
    // No more than two at once, for more leave nothing.
    const names = Object.keys(values) as (keyof typeof values)[];
    const filters: fc.Arbitrary<AuthorizationFilters> = fc
      .tuple(fc.record(values), fc.subarray(names, { maxLength: 2 }))
      .map(([all, wanted]) => Object.fromEntries(wanted.map((filter) => [filter, all[filter]])));
    const timeOf = (text = "") => new Date(text).valueOf();
    const HOLDS: {
      [K in Exclude<keyof AuthorizationFilters, "tokenValue">]-?: (
        token: Authorization,
        wanted: NonNullable<AuthorizationFilters[K]>,
      ) => boolean;
    } = {
      user: ({ user }, wanted) => user === wanted,
      userID: ({ userID }, wanted) => userID === wanted.toLowerCase(),
      org: ({ org }, wanted) => org?.trim() === wanted.trim(),
      orgID: ({ orgID }, wanted) => orgID === wanted.toLowerCase(),
      status: (token, wanted) => token.status === wanted,
      description: (token, wanted) => (token.description ?? "").split(wanted).length > 1 || wanted === "",
      createdAfter: ({ createdAt }, wanted) => timeOf(createdAt) > (wanted as number),
      createdBefore: ({ createdAt }, wanted) => timeOf(createdAt) < (wanted as number),
      updatedAfter: ({ updatedAt }, wanted) => timeOf(updatedAt) > (wanted as number),
      updatedBefore: ({ updatedAt }, wanted) => timeOf(updatedAt) < (wanted as number),
      replacedBefore: ({ description = "", ...token }, wanted) =>
        token.status === "inactive" &&
        timeOf(/ \[replaced by 0+1 at (.*)\]$/.exec(description)?.[1]) < (wanted as number),
    };
    return fc.assert(
      fc.asyncProperty(tokens, filters, async (sent, wanted) => {
        simulator.faults.push({ body: JSON.stringify({ authorizations: sent }) });
        const given = Object.entries(wanted) as [keyof typeof HOLDS, never][];
        assert.deepEqual(
          await list(wanted),
          sent.filter((token) => given.every(([filter, value]) => HOLDS[filter](token, value))),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("finds the connection's own among them, on Cloud by its value and on OSS by its user", async () => {
    const { world } = simulator;
    const { token, id } = world.addAuthorization({
      user: world.addUser("manager"),
      permissions: ["read:authorizations", "read:users"],
    });
    const client = connect(token);
    const ids = async (findsByValue: boolean) =>
      (await ownAuthorizations(client, { value: new Secret(token), findsByValue })).rows.map((own) => own.id);
    try {
      assert.deepEqual(await ids(false), [id]);
      // OSS takes no notice of the value.
      assert.deepEqual(await ids(true), [world.operator.id, id]);
    } finally {
      await client.close();
    }
    const cloud = await startSimulator({ tokens: "redacted" });
    const { operator } = cloud.world;
    cloud.world.addAuthorization({});
    const url = new URL(cloud.url);
    const there = createHttp({
      url,
      authorization: { scheme: "Token", token: fixedToken(new Secret(operator.token)) },
      timeoutSeconds: 5,
      retries: 0,
      parallel: 1,
    });
    try {
      const own = await ownAuthorizations(there, { value: new Secret(operator.token), findsByValue: true });
      assert.deepEqual(
        own.rows.map((each) => [each.id, each.status, each.token, each.userID]),
        [[operator.id, "active", "redacted", operator.userID]],
      );
    } finally {
      await there.close();
      await cloud.close();
    }
  });

  it("takes a status that is new to it for neither active nor inactive", async () => {
    const { id } = simulator.world.addAuthorization({});
    const long = "2020-01-01T00:00:00Z";
    const answer = (status: unknown) => ({ body: JSON.stringify({ id, status, updatedAt: long }) });
    for (const status of ["Inactive", "paused", "", null, 7, ["inactive"]]) {
      simulator.faults.push({
        body: JSON.stringify({ authorizations: [null, {}, { id, status }] }),
        times: 3,
      });
      assert.equal((await list({})).length, 1);
      for (const wanted of ["active", "inactive"] as const) {
        assert.deepEqual(await list({ status: wanted }), []);
      }
      simulator.faults.push(answer(status), answer(status), answer(status));
      const look = await authorizations.get(id);
      assert.match(unlessInactiveFor(look, 1000) ?? "", /neither active nor inactive/);
      // It could be the connection's own.
      const signs = ownAuthorizationSigns(
        http,
        { value: new Secret("own"), findsByValue: false },
        () => authorizations,
      );
      const { signal } = new AbortController();
      assert.match((await signs.mayBe(id, { among: [id] }, signal)) ?? "", /status that is new to us/);
      await assert.rejects(authorizations.update(id, { status: "inactive" }), { code: "not-applied" });
    }
  });

  it("shows nothing of its token where the server repeats the query", async () => {
    const value = "own/+token==";
    const client = connect(value);
    for (const echo of [value, encodeURIComponent(value)]) {
      simulator.faults.push({ status: 500, body: JSON.stringify({ message: `no ?token=${echo}` }) });
      const error = await ownAuthorizations(client, { value: new Secret(value), findsByValue: true }).catch(
        (thrown: unknown) => thrown,
      );
      const told = inspect(error, { depth: 9, showHidden: true });
      assert.match(told, /500 \("… \(it held a secret\)"\)/);
      assert.doesNotMatch(told, /own.{1,5}token=/);
    }
    await client.close();
  });

  it("tells its token of no list and no look, but as the value of that token where it is asked for", async () => {
    const { operator } = simulator.world;
    const echo = {
      ...{ id: "0aaaaaaaaaaaaaaa", status: "active", description: `made with ${operator.token}` },
      ...{ token: operator.token, links: { self: `/x?token=${encodeURIComponent(operator.token)}` } },
      permissions: [operator.token],
    };
    const body = JSON.stringify({ authorizations: [echo] });
    simulator.faults.push({ status: 200, body }, { status: 200, body });
    simulator.faults.push({ status: 200, body: JSON.stringify(echo) });
    const { token, ...rest } = (await list({}, { includeToken: true }))[0]!;
    assert.equal(token, operator.token);
    const told = [rest, await list({}), await authorizations.get("0aaaaaaaaaaaaaaa")];
    assert.doesNotMatch(JSON.stringify(told), new RegExp(operator.token.replace(/\W/g, ".")));
    assert.equal(rest.description, "made with …");
  });

  it("understands the server where its words are in the connection's token as well", async () => {
    for (const [value, status, code, message, expected] of [
      ["my-authorization", 404, "not found", "authorization not found", "not-found"],
      ["token-is-inactive", 401, "unauthorized", "token is inactive", "unauthorized"],
      ["read:authorizations", 401, "unauthorized", "read:authorizations is unauthorized", "unauthorized"],
    ] as const) {
      const client = connect(value);
      const own = { value: new Secret(value), findsByValue: false };
      simulator.faults.push({ status, body: JSON.stringify({ code, message }) });
      const error: unknown = await resource
        .open({ http: client, own }, {})
        .remove("0aaaaaaaaaaaaaaa")
        .catch((thrown: unknown) => thrown);
      assert.equal((error as TokenError).code, expected);
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(value));
      await client.close();
    }
  });

  it("ends all that is under way when it is closed, and begins nothing after", async () => {
    simulator.faults.push({ delay: 60_000 });
    const listing = list({});
    await simulator.arrived(1);
    const ended = assert.rejects(listing, { code: "cancelled" });
    await http.close();
    await ended;
    await assert.rejects(list({}), { code: "cancelled" });
    assert.equal(simulator.requests.length, 1);
  });

  it("ends one call by its signal, also while it waits for its next try", async () => {
    http = connect(undefined, 3);
    simulator.faults.push({ status: 503, headers: { "retry-after": "3600" } });
    const control = new AbortController();
    const listing = allOf(open(http, { signal: control.signal }).list({}));
    await simulator.arrived(1);
    control.abort();
    await assert.rejects(listing, { code: "cancelled" });
  });

  it("carries code, status and wait as own properties of the error", async () => {
    simulator.faults.push({ status: 429, headers: { "retry-after": "7" } });
    const error: unknown = await list({}).catch((thrown: unknown) => thrown);
    assert.deepEqual(
      ["code", "statusCode", "retryAfter", "cause"].map((name) => Object.hasOwn(error as object, name)),
      [true, true, true, true],
    );
    assert.partialDeepStrictEqual(
      { ...(error as object) },
      { code: "rate-limited", statusCode: 429, retryAfter: 7 },
    );
    assert.match(String(error), /^Too many requests, cannot list authorizations: .*\. Try again in 7 s/);
  });
});
