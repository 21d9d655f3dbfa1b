import assert from "node:assert/strict";
import type { Http } from "../../../src/http/client.js";
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { asTokenError, type TokenError } from "../../../src/errors.js";
import type { Watch } from "../../../src/http/call.js";
import { Secret } from "../../../src/text/secret.js";
import { makeMarked } from "../../../src/tokens/creation.js";
import { readTime, type Influxdb3Token } from "../../../src/tokens/influxdb3-api.js";
import { ADMIN } from "../../../src/tokens/influxdb3-permissions.js";
import { influxdb3Tokens, type Influxdb3TokenFilters } from "../../../src/tokens/influxdb3-tokens.js";
import type { NewInfluxdb3Token } from "../../../src/tokens/wanted.js";
import type { Fault } from "../../../simulator/server.js";
import { allOf } from "../../helpers/batches.js";
import { closing } from "../../helpers/closing.js";
import {
  answer,
  before,
  LIST,
  MAKE,
  OPERATOR_VALUE,
  REGENERATE,
  REMOVE,
  startTokens,
  valueOf,
  type Started,
} from "../../helpers/influxdb3.js";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const sha512 = (text: string) => createHash("sha512").update(text).digest("hex");
const iso = (ms: number) => new Date(ms).toISOString();
/** A time as a flow gives it: in whole seconds. */
const inWhole = (ms: number) => `${iso(ms).slice(0, 19)}Z`;
const httpDate = (ms: number) => ({ date: new Date(ms).toUTCString() });
const PAGE = "<html>Log in</html>";
const NOT_AUTHENTICATED = '{"error": "the request was not authenticated"}';

/** The error of work that fails; no value is in it. */
async function failureOf(work: Promise<unknown>): Promise<TokenError> {
  const thrown: unknown = await work.then(
    (result) => assert.fail(`it gives ${inspect(result)}`),
    (error: unknown) => error,
  );
  if (thrown instanceof assert.AssertionError) throw thrown;
  const error = asTokenError(thrown);
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /apiv3_[\w-]{8}/);
  return error;
}

describe("the tokens of InfluxDB 3", () => {
  const also = closing(afterEach);
  const start = (options: Parameters<typeof startTokens>[0] = {}) => also(startTokens(options));

  const namesOf = async ({ tokens }: Started, filters: Influxdb3TokenFilters) =>
    (await allOf(tokens().list(filters))).map(({ name }) => name);

  /** A row of a list, as the server writes it. */
  const row = (more: object = {}) => ({
    ...{
      token_id: 7,
      name: "ci",
      hash: "0123abcde",
      created_at: "2026-01-31T08:00:00.5",
      permissions: "*:*:*",
    },
    ...more,
  });
  const listOf = (...rows: unknown[]): Fault => ({ ...LIST, ...answer(200, JSON.stringify(rows)) });

  describe("in a list", () => {
    it("are as the server has them: without what is NULL, and without a hash", async () => {
      const started = await start();
      const created = Date.parse("2026-01-31T08:00:00.5Z");
      started.world.addToken({ name: "ci", createdAt: new Date(created) });
      started.world.addToken({
        ...{ name: "gone", createdAt: new Date(created), expiry: new Date(created + 1500) },
        ...{ permissions: ["db:a:read"], description: "of Anna" },
      });
      const [operator, ci, gone, ...others] = await allOf(started.tokens().list({}));
      assert.deepEqual(others, []);
      assert.equal(operator?.kind, "operator");
      assert.deepEqual(ci, {
        ...{ id: "ci", name: "ci", tokenId: "1", kind: "admin", state: "active" },
        ...{ createdAt: "2026-01-31T08:00:00.500Z", permissions: ADMIN },
      });
      assert.deepEqual(gone, {
        ...{
          id: "gone",
          name: "gone",
          tokenId: "2",
          kind: "resource",
          state: "expired",
          description: "of Anna",
        },
        ...{ createdAt: "2026-01-31T08:00:00.500Z", expiresAt: "2026-01-31T08:00:02Z" },
        permissions: [{ resource_type: "db", resource_names: ["a"], actions: ["read"] }],
      });
    });

    it("have times in UTC, in whatever time zone Node-RED runs", async () => {
      const started = await start();
      const { TZ } = process.env;
      try {
        for (const zone of ["UTC", "America/St_Johns", "Pacific/Kiritimati"]) {
          process.env.TZ = zone;
          started.faults.push(listOf(row({ expiry: "2026-01-31T08:00:00" })));
          const [token] = await allOf(started.tokens().list({}));
          assert.equal(token?.createdAt, "2026-01-31T08:00:00.5Z");
          assert.equal(Date.parse(token.expiresAt ?? ""), Date.UTC(2026, 0, 31, 8));
        }
      } finally {
        if (TZ === undefined) delete process.env.TZ;
        else process.env.TZ = TZ;
      }
    });

    it("have expired by the server's clock", async () => {
      const started = await start();
      const { world, faults, tokens } = started;
      world.addToken({ name: "soon", expiry: new Date(Date.now() + HOUR) });
      world.addToken({ name: "late", expiry: new Date(Date.now() - HOUR) });
      const states = async () => (await allOf(tokens().list({}))).slice(1).map(({ state }) => state);
      assert.deepEqual(await states(), ["active", "expired"]);
      faults.push({ ...LIST, headers: httpDate(Date.now() + 2 * HOUR) });
      assert.deepEqual(await states(), ["expired", "expired"]);
      faults.push({ ...LIST, headers: httpDate(Date.now() - 2 * HOUR) });
      assert.deepEqual(await states(), ["active", "active"]);
    });

    it("are found by each filter, and by several", async () => {
      const started = await start();
      const { world } = started;
      const now = Date.now();
      const at = (ms: number) => new Date(now + ms);
      world.addToken({ name: "ci", createdAt: at(-2 * HOUR), expiry: at(HOUR) });
      world.addToken({ name: "CI", createdAt: at(-4 * HOUR), description: "the press" });
      world.addToken({ name: " ci", createdAt: at(-4 * HOUR), expiry: at(-HOUR) });
      world.addToken({ name: "x' OR '1'='1", createdAt: at(-HOUR), permissions: ["db:a:read"] });
      const FOUND: [filters: Influxdb3TokenFilters, names: string[]][] = [
        [{}, ["_admin", "ci", "CI", " ci", "x' OR '1'='1"]],
        [{ tokenName: "ci" }, ["ci"]],
        [{ tokenName: "CI" }, ["CI"]],
        [{ tokenName: " ci" }, [" ci"]],
        [{ tokenName: "c" }, []],
        [{ tokenName: "x' OR '1'='1" }, ["x' OR '1'='1"]],
        [{ nameContains: "ci" }, ["ci", " ci"]],
        [{ description: "press" }, ["CI"]],
        [{ kind: "operator" }, ["_admin"]],
        [{ kind: "admin" }, ["ci", "CI", " ci"]],
        [{ kind: "resource" }, ["x' OR '1'='1"]],
        [{ state: "expired" }, [" ci"]],
        [{ state: "active", kind: "admin" }, ["ci", "CI"]],
        [{ createdBefore: { ago: 3 * HOUR } }, ["CI", " ci"]],
        [{ createdBefore: now - 3 * HOUR, createdAfter: now - 5 * HOUR }, ["CI", " ci"]],
        [{ createdAfter: { ago: 1.5 * HOUR } }, ["_admin", "x' OR '1'='1"]],
        // One that never expires matches neither.
        [{ expiresBefore: now + 2 * HOUR }, ["ci", " ci"]],
        [{ expiresBefore: now }, [" ci"]],
        [{ expiresWithin: 2 * HOUR }, ["ci"]],
        [{ expiresWithin: HOUR / 2 }, []],
        [{ tokenName: "ci", state: "expired" }, []],
      ];
      for (const [filters, names] of FOUND)
        assert.deepEqual(await namesOf(started, filters), names, inspect(filters));
    });

    it("are asked for by their name, which is no part of the query", async () => {
      const started = await start();
      await namesOf(started, { tokenName: "x' OR '1'='1" });
      const { q, params, db, format } = JSON.parse(started.requests[0]?.body ?? "") as Record<
        string,
        unknown
      >;
      assert.deepEqual(
        { params, db, format },
        { params: { name: "x' OR '1'='1" }, db: "_internal", format: "json" },
      );
      assert.match(String(q), /^SELECT \* FROM system\.tokens WHERE name = \$name ORDER BY token_id$/);
      // Any other makes the server refuse the request, or answer in another form.
      assert.equal(started.requests[0]?.headers.accept, "application/json");
    });

    describe("by a value", () => {
      const byValue = (started: Started, text: string, more: Influxdb3TokenFilters = {}) =>
        namesOf(started, { tokenValue: new Secret(text), ...more });

      it("are the one whose hash begins like that of the value, also one that has expired", async () => {
        const started = await start();
        const { world } = started;
        const ci = world.addToken({ name: "ci" });
        const gone = world.addToken({ name: "gone", expiry: new Date(0) });
        assert.deepEqual(await byValue(started, ci.value), ["ci"]);
        assert.deepEqual(await byValue(started, gone.value), ["gone"]);
        assert.deepEqual(await byValue(started, OPERATOR_VALUE), ["_admin"]);
        assert.deepEqual(await byValue(started, valueOf("nobody")), []);
        assert.deepEqual(await byValue(started, ci.value, { state: "active", tokenName: "ci" }), ["ci"]);
        assert.deepEqual(await byValue(started, ci.value, { tokenName: "gone" }), []);
        for (const { path, body } of started.requests)
          for (const told of ["apiv3_", ci.hash.slice(0, 9)]) assert.ok(!`${path} ${body}`.includes(told));
      });

      it("are none where two can be meant, whatever else is asked, and none is given before that is known", async () => {
        const value = valueOf("twice");
        const hash = sha512(value).slice(0, 9);
        // In two pieces of the list, which are read one after the other.
        const rest = Array.from({ length: 2000 }, (_, index) =>
          row({ name: `n${index}`, token_id: index + 10 }),
        );
        const twice = listOf(row({ hash }), ...rest, row({ hash, name: "other", token_id: 8 }));
        for (const filters of [{}, { tokenName: "ci" }, { tokenName: "nobody" }]) {
          const started = await start();
          started.faults.push(twice);
          const given: Influxdb3Token[] = [];
          const error = await failureOf(
            started
              .tokens()
              .list({ tokenValue: new Secret(value), ...filters })
              .read(async (batches) => {
                for await (const batch of batches) given.push(...batch);
              }),
          );
          assert.equal(error.code, "hidden-value");
          assert.deepEqual(given, []);
          // Asked for all, for the other can have any name.
          assert.ok(!started.requests[0]?.body.includes("params"));
        }
      });

      it("are not told by a server without authorization", async () => {
        const started = await start({ flags: ["--without-auth"] });
        started.world.addToken({ name: "ci" });
        assert.deepEqual(await namesOf(started, {}), ["_admin", "ci"]);
        const error = await failureOf(byValue(started, valueOf("any")));
        assert.equal(error.code, "forbidden");
        assert.match(error.message, /--without-auth/);
        started.world.tokens.clear();
        assert.equal((await failureOf(byValue(started, valueOf("any")))).code, "forbidden");
      });
    });

    it("are those that are tokens, and a list of something else is none", async () => {
      const started = await start();
      const { faults } = started;
      const odd = [
        7,
        null,
        "ci",
        [],
        {},
        { name: "a" },
        { token_id: 1 },
        row({ name: 7 }),
        row({ token_id: 1.5 }),
      ];
      faults.push(listOf(...odd, row(), { name: "least", token_id: 0 }));
      const found = await allOf(started.tokens().list({}));
      assert.deepEqual(
        found.map(({ name }) => name),
        ["ci", "least"],
      );
      assert.deepEqual(found[1], {
        ...{ id: "least", name: "least", tokenId: "0", kind: "resource", state: "active" },
      });
      for (const body of [JSON.stringify(odd), PAGE, "{}", '{"results":[]}', "", "7"]) {
        faults.push({ ...LIST, status: 200, body });
        assert.equal((await failureOf(namesOf(started, {}))).code, "bad-response", body);
      }
    });

    it("keep odd fields to themselves", async () => {
      const started = await start();
      started.faults.push(
        listOf(
          row({
            expiry: 7,
            created_at: "soon",
            updated_at: null,
            description: {},
            permissions: 1,
            hash: 1,
            more: 2,
          }),
        ),
      );
      assert.deepEqual(await allOf(started.tokens().list({})), [
        { id: "ci", name: "ci", tokenId: "7", kind: "resource", state: "active" },
      ]);
    });
  });

  describe("by their names", () => {
    it("are the one that is written exactly so", async () => {
      const { tokens, world } = await start();
      for (const name of ["ci", "CI", "ci ", "a&b=c", "ü 😀\n"]) world.addToken({ name });
      for (const name of ["ci", "CI", "ci ", "a&b=c", "ü 😀\n", "_admin"]) {
        const { token, now } = await tokens().get(name);
        assert.equal(token?.name, name);
        assert.ok(Math.abs(now - Date.now()) < HOUR);
      }
      for (const name of ["Ci", "c", "ci\n", "_ADMIN"]) {
        const error = await failureOf(tokens().get(name));
        assert.equal(error.code, "not-found");
        assert.match(error.message, /capital letters and spaces count/);
      }
    });

    it("are no other, whatever a server shows when it is asked for one", async () => {
      const { tokens, faults } = await start();
      faults.push(listOf(row({ name: "CI" }), row({ name: "ci " })));
      assert.equal((await failureOf(tokens().get("ci"))).code, "not-found");
    });
  });

  const TIMES: [written: unknown, read: string | undefined, ms?: number][] = [
    ["2026-11-25T17:56:11.590", "2026-11-25T17:56:11.590Z", Date.UTC(2026, 10, 25, 17, 56, 11, 590)],
    ["2026-11-25T17:57:15", "2026-11-25T17:57:15Z", Date.UTC(2026, 10, 25, 17, 57, 15)],
    ["2026-11-25T17:57:15Z", "2026-11-25T17:57:15Z"],
    ["2026-11-25T17:56:11.529Z", "2026-11-25T17:56:11.529Z"],
    ["+11533-07-10T23:16:11.600Z", "+011533-07-10T23:16:11.600Z", Date.UTC(11_533, 6, 10, 23, 16, 11, 600)],
    ["+11533-07-10T23:16:11.600", "+011533-07-10T23:16:11.600Z"],
    ["+262142-12-31T23:59:59.999", "+262142-12-31T23:59:59.999Z"],
    ["-0001-01-01T00:00:00", "-000001-01-01T00:00:00Z"],
    ["2026-11-25T17:57:15+01:00", undefined],
    ["2026-11-25 17:57:15", undefined],
    ["2026-11-25", undefined],
    ["2026-13-25T17:57:15", undefined],
    ["99999-01-01T00:00:00", undefined],
    ["+999999-01-01T00:00:00", undefined],
    ["", undefined],
    [undefined, undefined],
    [null, undefined],
    [1_764_000_000_000, undefined],
  ];
  for (const [written, read, ms] of TIMES)
    it(`a time: ${inspect(written)} is ${read ?? "none"}`, () => {
      assert.equal(readTime(written), read);
      if (read !== undefined) assert.ok(!Number.isNaN(Date.parse(read)));
      if (ms !== undefined) assert.equal(Date.parse(read ?? ""), ms);
    });

  describe("answers that refuse a list", () => {
    const REFUSALS: [what: string, fault: Fault, code: string, words: RegExp, fatal: boolean][] = [
      ["an unknown token", answer(401, NOT_AUTHENTICATED), "unauthorized", /wrong, expired or deleted/, true],
      [
        "an unknown token, up to 3.7",
        { status: 401, body: "" },
        "unauthorized",
        /wrong, expired or deleted/,
        true,
      ],
      ["a 401 of a proxy", { status: 401, body: PAGE }, "unauthorized", /may come from a proxy/, true],
      [
        "a 401 of a proxy without a body",
        { status: 401, body: "", headers: { "www-authenticate": "Basic" } },
        "unauthorized",
        /may come from a proxy/,
        true,
      ],
      [
        "a malformed header",
        answer(400, '{"error": "Authorization header was malformed, the request was not in the form of"}'),
        "unauthorized",
        /has a space in it/,
        true,
      ],
      [
        "a resource token",
        answer(403, '{"error": "unauthorized to perform requested action with the token"}'),
        "forbidden",
        /not an admin token/,
        true,
      ],
      ["a resource token, without a body", answer(403, ""), "forbidden", /not an admin token/, true],
      ["a 403 of a proxy", { status: 403, body: PAGE }, "forbidden", /may come from a proxy/, true],
      ["no such route", answer(404, "Not found"), "unsupported-product", /no such route/, true],
      ["a 404 of a proxy", { status: 404, body: PAGE }, "bad-response", /may come from a proxy/, false],
      [
        "a query that fails",
        answer(500, "Schema error: No field named id."),
        "unavailable",
        /status 500/,
        false,
      ],
      ["a query that is refused", answer(400, "SQL error: ParserError"), "invalid-config", /SQL error/, true],
      ["a 400 of TLS", { status: 400, body: PAGE }, "bad-response", /not one that InfluxDB gives/, false],
      ["503", { status: 503, body: "" }, "unavailable", /status 503/, false],
      ["429", { status: 429, headers: { "retry-after": "7" } }, "rate-limited", /in 7 s/, false],
      [
        "a redirection",
        { status: 302, headers: { location: "/login" } },
        "bad-response",
        /another address/,
        false,
      ],
      ["204", answer(204, ""), "bad-response", /not one that InfluxDB gives/, false],
    ];
    it("a lost one says nothing of what may have been carried out, because it only asks", async () => {
      const started = await start();
      started.faults.push({ ...LIST, drop: "after" });
      const error = await failureOf(namesOf(started, {}));
      assert.equal(error.code, "network");
      assert.doesNotMatch(error.message, /carried it out/);
    });

    for (const [what, fault, code, words, fatal] of REFUSALS)
      it(`${what} is ${code}`, async () => {
        const started = await start();
        started.faults.push({ ...LIST, ...fault });
        const error = await failureOf(namesOf(started, {}));
        assert.deepEqual([error.code, error.fatal], [code, fatal], error.message);
        assert.match(error.message, words);
        // A 429 would keep the first connection waiting.
        const other = await start();
        other.faults.push({ ...LIST, ...fault });
        assert.equal((await failureOf(other.tokens().get("ci"))).code, code);
      });
  });

  /** An admin token, unless it is said otherwise. */
  const wanted = (more: Partial<NewInfluxdb3Token> = {}): NewInfluxdb3Token => ({
    ...{ name: "ci", permissions: ADMIN },
    ...more,
  });

  describe("when one is made", () => {
    it("is what the server has then, and its value works", async () => {
      const { tokens, world, requests } = await start();
      const expiresAt = inWhole(Date.now() + YEAR);
      const { token, value, attempts } = await tokens().make(wanted({ name: " a&b ü", expiresAt }));
      const made = world.tokens.get(" a&b ü");
      assert.ok(made);
      assert.equal(value.reveal(), made.value);
      assert.equal(attempts, 1);
      assert.ok(Math.abs((made.expiry?.getTime() ?? 0) - Date.parse(expiresAt)) < 3000);
      const { permissions, ...listed } = (await tokens().get(" a&b ü")).token!;
      assert.deepEqual(permissions, ADMIN);
      // A list has the last digits of a fraction as well.
      const times = ({ createdAt, expiresAt: end, ...rest }: Influxdb3Token) => ({
        ...rest,
        ...{ createdAt: Date.parse(createdAt ?? ""), expiresAt: Date.parse(end ?? "") },
      });
      assert.deepEqual(times(token), times(listed as Influxdb3Token));
      const { method, path, headers, body } = requests[1]!;
      assert.deepEqual([method, path], ["POST", "/api/v3/configure/token/named_admin"]);
      assert.match(String(headers["content-type"]), /^application\/json\b/);
      assert.deepEqual(Object.keys(JSON.parse(body) as object), ["token_name", "expiry_secs"]);
    });

    it("never expires unless that is wanted: the key is left out", async () => {
      const { tokens, world, requests } = await start();
      const { token } = await tokens().make(wanted());
      assert.ok(!("expiresAt" in token));
      assert.equal(world.tokens.get("ci")?.expiry, undefined);
      assert.deepEqual(JSON.parse(requests[1]!.body), { token_name: "ci" });
    });

    it("has rights of its own in Enterprise, in the form that the server reads", async () => {
      const { tokens, world, requests } = await start({ edition: "Enterprise" });
      world.addDatabase("a");
      const permissions = [
        { resource_type: "db" as const, resource_names: ["a"], actions: ["read", "write"] },
      ];
      const { token } = await tokens().make(wanted({ permissions }));
      assert.deepEqual([token.kind, token.permissions], ["resource", permissions]);
      assert.equal(requests[1]!.path, "/api/v3/enterprise/configure/token");
      assert.deepEqual(JSON.parse(requests[1]!.body), { token_name: "ci", permissions });
      assert.equal((await tokens().get("ci")).token?.kind, "resource");
    });

    it("is refused by Core where it is to have rights of its own", async () => {
      const { tokens, names } = await start();
      const permissions = [{ resource_type: "db" as const, resource_names: ["a"], actions: ["read"] }];
      const error = await failureOf(tokens().make(wanted({ permissions })));
      assert.equal(error.code, "unsupported-product");
      assert.match(error.message, /Core has admin tokens alone/);
      assert.deepEqual(names(), ["_admin"]);
    });

    it("is refused before anything is sent if the name is taken, also by one that has expired", async () => {
      const started = await start();
      started.world.addToken({ name: "ci" });
      started.world.addToken({ name: "gone", expiry: new Date(0) });
      for (const name of ["ci", "gone"]) {
        const error = await failureOf(started.tokens().make(wanted({ name })));
        assert.deepEqual([error.code, error.words], ["conflict", "name is taken"]);
        assert.match(error.message, /Nothing was made/);
      }
      assert.deepEqual(started.changes(), []);
      const tokens = started.tokens();
      await tokens.make(wanted({ name: "CI" }));
      assert.match((await failureOf(tokens.make(wanted({ name: "CI" })))).message, /Nothing was made/);
    });

    const WRONG: [what: string, wrong: Partial<NewInfluxdb3Token>][] = [
      ["an empty name", { name: "" }],
      ["a name of space", { name: " \n" }],
      ["a value for a name", { name: "apiv3_x" }],
      ["half a character", { name: "a\ud83d" }],
      ["the name of the operator token", { name: "_admin" }],
      ["no permissions", { permissions: [] }],
      ["everything that is not said to be so", { permissions: [{ ...ADMIN[0]! }] }],
      ["an expiry that is past", { expiresAt: "2020-01-01T00:00:00Z" }],
      ["an expiry within a second", { expiresAt: "2099-01-01T00:00:00.5Z" }],
      // With so many seconds, 3.9.6 breaks down, and 3.10.1 makes a token that never expires.
      ["an expiry in a year of five digits", { expiresAt: "+10000-01-01T00:00:00Z" }],
      ["an expiry that is no time", { expiresAt: "9300000000000000" }],
    ];
    for (const [what, wrong] of WRONG)
      it(`is refused before anything is sent: ${what}`, async () => {
        const { tokens, requests } = await start();
        assert.equal((await failureOf(tokens().make(wanted(wrong)))).code, "invalid-config");
        assert.equal(requests.length, 0);
      });

    it("expires when it is wanted by the server's clock, at the latest time that can be wanted, and never at once", async () => {
      const { tokens, world, faults, requests } = await start();
      const secondsAt = async (ahead: number, expiresAt: string, name: string) => {
        const now = 1000 * Math.floor(Date.now() / 1000) + ahead;
        faults.push({ ...LIST, headers: httpDate(now) });
        // Its own time is the server's, too.
        const expiry = iso(Math.max(Date.parse(expiresAt), now + 1000));
        const shown = {
          id: 9,
          name,
          token: valueOf("x"),
          hash: sha512(valueOf("x")),
          created_at: iso(now),
          expiry,
        };
        faults.push({ ...MAKE, ...answer(201, JSON.stringify(shown)) });
        const made = await tokens()
          .make(wanted({ name, expiresAt }))
          .then(
            () => true,
            () => false,
          );
        const { expiry_secs: seconds } = JSON.parse(requests.at(-1)?.body ?? "") as { expiry_secs: number };
        return { seconds, wanted: (Date.parse(expiresAt) - now) / 1000, made };
      };
      for (const ahead of [0, 2 * HOUR, -2 * HOUR]) {
        const { seconds, wanted, made } = await secondsAt(
          ahead,
          inWhole(Date.now() + 5 * HOUR),
          `at ${ahead}`,
        );
        assert.deepEqual([seconds, made], [wanted, true]);
      }
      const past = await secondsAt(2 * HOUR, inWhole(Date.now() + HOUR), "past by the server");
      assert.deepEqual([past.seconds, past.made], [1, false]);
      const last = await secondsAt(0, "9999-12-31T23:59:59Z", "last");
      assert.ok(last.made);
      assert.ok(Number.isInteger(last.seconds) && last.seconds < 9.3e15);
      assert.equal(
        (await tokens().make(wanted({ expiresAt: "9999-12-31T23:59:59Z" }))).token.state,
        "active",
      );
      assert.ok(world.tokens.get("ci")?.expiry);
    });

    const REFUSALS: [what: string, fault: Fault, code: string, words: RegExp][] = [
      [
        "415",
        answer(415, "unacceptable content-type, expected: application/json"),
        "invalid-config",
        /content-type/,
      ],
      ["400", answer(400, "serde json error: missing field `token_name`"), "invalid-config", /missing field/],
      [
        "413",
        answer(413, "max request size (10485760 bytes) exceeded"),
        "invalid-config",
        /max request size/,
      ],
      [
        "409",
        answer(409, "token name already exists, ci"),
        "conflict",
        /choose another, or delete that token/,
      ],
      ["404", answer(404, "Not found"), "unsupported-product", /before 3\.1 have no named ones/],
      ["405", answer(405, "endpoint disabled, started without auth"), "forbidden", /--without-auth/],
      ["401", answer(401, NOT_AUTHENTICATED), "unauthorized", /expired or deleted/],
      [
        "403",
        answer(403, '{"error": "unauthorized to perform requested action with the token"}'),
        "forbidden",
        /admin/,
      ],
      ["409 of something else", { status: 409, body: PAGE }, "conflict", /reports a conflict/],
      ["405 of something else", { status: 405, body: PAGE }, "bad-response", /not one that InfluxDB gives/],
    ];
    for (const [what, fault, code, words] of REFUSALS)
      it(`is refused with ${what}, which is ${code}, and not made anew`, async () => {
        const { tokens, faults, names, changes } = await start();
        faults.push({ ...MAKE, ...fault, times: 3 });
        const error = await failureOf(makeMarked(tokens(), wanted()));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, words);
        assert.equal(changes().length, code === "bad-response" ? 3 : 1);
        assert.deepEqual(names(), ["_admin"]);
      });

    /** What a server shows of a new token, which it has made. */
    const shownWith = (more: object): Fault => ({
      ...MAKE,
      raw(socket, bytes) {
        const [head = "", body = ""] = bytes.toString().split("\r\n\r\n");
        const text = JSON.stringify({ ...(JSON.parse(body) as object), ...more });
        socket.end(
          `${head.replace(/content-length: \d+/i, `content-length: ${text.length}`)}\r\n\r\n${text}`,
        );
      },
    });

    const LIES: [what: string, more: object, code: string, words: RegExp][] = [
      ["another hash", { hash: sha512("other") }, "not-applied", /not that of its value/],
      ["the hash in part", { hash: sha512("other").slice(0, 9) }, "not-applied", /not that of its value/],
      ["another value", { token: valueOf("other") }, "not-applied", /not that of its value/],
      ["another name", { name: "CI" }, "not-applied", /another name/],
      ["no value", { token: undefined }, "bad-response", /another form than expected at token/],
      ["a value that is none", { token: "redacted" }, "bad-response", /does not show the value/],
      ["another form", { id: "7" }, "bad-response", /another form/],
    ];
    for (const [what, more, code, words] of LIES)
      it(`is removed again where the answer shows ${what}`, async () => {
        const { tokens, faults, names } = await start();
        faults.push({ ...shownWith(more), times: 3 });
        const error = await failureOf(makeMarked(tokens(), wanted()));
        assert.equal(error.code, code);
        assert.match(error.message, words);
        assert.match(error.message, /was removed again\.$/);
        assert.deepEqual(names(), ["_admin"]);
      });

    it("is removed again where it does not expire as wanted, but never", async () => {
      for (const expiry of [null, undefined, "2199-01-01T00:00:00Z"]) {
        const { tokens, world, faults, names } = await start();
        // As 3.10.1 does with more seconds than it can count.
        faults.push(shownWith({ expiry }));
        const overflow = () => {
          const made = world.tokens.get("ci");
          if (made) made.expiry = expiry ? new Date(expiry) : undefined;
        };
        faults.push(
          before(LIST, () => undefined),
          before(LIST, overflow),
        );
        const expiresAt = inWhole(Date.now() + HOUR);
        const error = await failureOf(makeMarked(tokens(), wanted({ expiresAt })));
        assert.equal(error.code, "not-applied");
        assert.match(error.message, /another time of expiry of the new InfluxDB 3 token "ci"/);
        assert.match(error.message, /was removed again\.$/);
        assert.deepEqual(names(), ["_admin"]);
      }
    });
  });

  describe("when the answer to a new one is lost", () => {
    const make = ({ tokens }: Started, more: Partial<NewInfluxdb3Token> = {}, watch?: Watch) =>
      makeMarked(tokens(watch), wanted(more));

    for (const drop of ["before", "after"] as const)
      it(`${drop} it took effect, is made once more, and one is left`, async () => {
        const started = await start({ retries: 2 });
        const expiresAt = inWhole(Date.now() + HOUR);
        started.faults.push({ ...MAKE, drop, times: 2 });
        const { value, token } = await make(started, { expiresAt });
        assert.deepEqual(started.names(), ["_admin", "ci"]);
        assert.equal(started.world.tokens.get("ci")?.value, value.reveal());
        assert.equal(String(started.world.tokens.get("ci")?.id), token.tokenId);
        const counts = started.changes().map((each) => each.split(" ")[0]);
        assert.equal(counts.filter((method) => method === "POST").length, 3);
        assert.equal(counts.filter((method) => method === "DELETE").length, drop === "after" ? 2 : 0);
      });

    it("again and again, none is left, and the error says so", async () => {
      const started = await start();
      started.faults.push({ ...MAKE, drop: "after", times: 9 });
      const error = await failureOf(make(started));
      assert.equal(error.code, "network");
      assert.match(error.message, /was removed again\.$/);
      assert.deepEqual(started.names(), ["_admin"]);
    });

    it("another of the name, made by somebody else meanwhile, is left alone where it can be told", async () => {
      for (const expiry of [undefined, new Date(Date.now() + 2 * HOUR)]) {
        const started = await start();
        const others = () => started.world.addToken({ name: "ci", ...(expiry && { expiry }) });
        started.faults.push({ ...before(MAKE, others), drop: "before" });
        const error = await failureOf(make(started, { expiresAt: inWhole(Date.now() + HOUR) }));
        assert.equal(error.code, "conflict");
        assert.deepEqual(started.changes().length, 1);
        assert.deepEqual(started.names(), ["_admin", "ci"]);
      }
    });

    it("one that was there before is left alone, whatever its expiry", async () => {
      const started = await start();
      started.world.addToken({ name: "ci" });
      // A list that leaves it out, as one that lags behind does.
      started.faults.push(listOf(row({ name: "_admin", token_id: 1 })), { ...MAKE, drop: "after" });
      const error = await failureOf(make(started));
      assert.equal(error.code, "conflict");
      assert.deepEqual(started.names(), ["_admin", "ci"]);
      assert.deepEqual(started.changes().length, 1);
    });

    it("one that turns up late is said to be perhaps its own", async () => {
      const started = await start();
      const nothing = () => undefined;
      const turnsUp = () => started.world.addToken({ name: "ci" });
      started.faults.push(before(LIST, nothing), before(LIST, nothing), before(LIST, turnsUp));
      started.faults.push({ ...MAKE, drop: "before" });
      const error = await failureOf(make(started));
      assert.equal(error.code, "conflict");
      assert.match(error.message, /An earlier try may have made it/);
    });

    it("what cannot be removed or looked for is named", async () => {
      const started = await start();
      started.faults.push({ ...MAKE, drop: "after" }, { ...REMOVE, status: 500 });
      assert.match(
        (await failureOf(make(started))).message,
        /may be left, which is ci\. It was not removed: /,
      );
      started.faults.push(
        { ...MAKE, drop: "after" },
        before(LIST, () => undefined),
        { ...LIST, status: 500 },
      );
      assert.match(
        (await failureOf(make(started, { name: "cd" }))).message,
        /may be left, which has the name "cd"\. It was not removed: /,
      );
    });

    it("a stop in the middle leaves none", async () => {
      for (const [what, stopped] of Object.entries({ MAKE, LIST, REMOVE })) {
        const started = await start();
        const control = new AbortController();
        const stop: Fault = { ...stopped, raw: () => setImmediate(() => control.abort()) };
        if (stopped !== MAKE) started.faults.push({ ...MAKE, drop: "after" });
        if (stopped === LIST) started.faults.push(before(LIST, () => undefined));
        started.faults.push(stop);
        const error = await failureOf(make(started, {}, { signal: control.signal }));
        assert.ok(control.signal.aborted);
        assert.equal(error.code, "cancelled", what);
        assert.deepEqual(started.names(), ["_admin"], what);
      }
    });

    /** What can happen to a request, whichever it is. */
    const FAULTS: Record<string, () => Fault> = {
      "goes well": () => ({ headers: {} }),
      "is lost": () => ({ drop: "before" }),
      "is carried out, and its answer is lost": () => ({ drop: "after" }),
      "is carried out, and a gateway answers": () => ({
        raw: (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"),
      }),
      "is carried out, and its answer is cut": () => ({
        raw: (socket, bytes) => socket.end(bytes.subarray(0, bytes.length - 20)),
      }),
      "is carried out, and something else answers": () => ({
        raw: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nWelcome! "),
      }),
      fails: () => answer(500, "no"),
      "meets 503": () => ({ status: 503 }),
      "meets a 404 of something else": () => ({ status: 404 }),
      "is refused": () => answer(401, NOT_AUTHENTICATED),
      "is too many": () => ({ status: 429, headers: { "Retry-After": "0" } }),
      "a list without it": () => ({ ...LIST, ...listOf(row({ name: "_admin", token_id: 0 })) }),
    };

    it("whatever happens to each request, leaves none that nobody knows, and none of others is gone", async () => {
      const happenings = fc.array(fc.constantFrom(...Object.keys(FAULTS)), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(happenings, async (happens) => {
          // Each time a client that has met no 429 yet.
          const started = await start();
          const { world, faults } = started;
          world.addToken({ name: "ci 1" });
          faults.push(...happens.map((each) => FAULTS[each]!()));
          const { made, error } = await make(started).then(
            (made) => ({ made, error: undefined }),
            (thrown: unknown) => ({ made: undefined, error: asTokenError(thrown) }),
          );
          const left = world.tokens.get("ci");
          assert.ok(world.tokens.has("ci 1"));
          assert.ok(error?.code !== "unexpected", error?.message);
          if (happens.every((each) => each === "goes well")) assert.ok(made);
          if (made) assert.equal(made.value.reveal(), left?.value);
          // A later try finds the name taken by what an earlier one has left.
          else assert.ok(!left || /"ci"|which is ci/.test(error.message), error.message);
        }),
        { numRuns: 150 },
      );
    }).timeout(60_000);
  });

  describe("when one is deleted", () => {
    it("is gone at once, by its very name, with one request", async () => {
      const started = await start();
      const names = ["ci", "CI", "ci ", "a+b", "a%2Bb", "a&token_name=ci", "ü 😀\n/?#"];
      for (const name of names) started.world.addToken({ name });
      for (const [index, name] of names.entries()) {
        assert.deepEqual(await started.tokens().remove(name), { attempts: 1 });
        assert.deepEqual(started.names(), ["_admin", ...names.slice(index + 1)]);
      }
      assert.equal(started.requests.length, names.length);
    });

    it("is refused if it is the operator token, before anything is sent, and by the server", async () => {
      const started = await start();
      const error = await failureOf(started.tokens().remove("_admin"));
      assert.deepEqual([error.code, error.words], ["protected", "operator token"]);
      assert.equal(started.requests.length, 0);
      started.faults.push({ ...REMOVE, ...answer(405, "cannot delete operator token") });
      const ofServer = await failureOf(started.tokens().remove("ci"));
      assert.deepEqual([ofServer.code, ofServer.words], ["protected", "operator token"]);
      assert.throws(() => influxdb3Tokens.refuseEnd("_admin"), { code: "protected" });
      influxdb3Tokens.refuseEnd("_Admin");
    });

    it("is not found if there is none, which another 404 does not say", async () => {
      const started = await start();
      assert.equal((await failureOf(started.tokens().remove("ci"))).code, "not-found");
      for (const [fault, code] of [
        [answer(404, "Not found"), "unsupported-product"],
        [{ status: 404, body: PAGE }, "bad-response"],
        [{ status: 404, body: "" }, "bad-response"],
      ] as const) {
        started.world.addToken({ name: `at ${code}` });
        started.faults.push({ ...REMOVE, ...fault });
        assert.equal((await failureOf(started.tokens().remove(`at ${code}`))).code, code);
        started.world.tokens.delete(`at ${code}`);
      }
      assert.equal(started.changes().length, 4);
    });

    const REFUSALS: [what: string, fault: Fault, code: string][] = [
      ["401", answer(401, NOT_AUTHENTICATED), "unauthorized"],
      ["403", answer(403, ""), "forbidden"],
      ["405", answer(405, "endpoint disabled, started without auth"), "forbidden"],
      ["400", answer(400, "serde error: missing field `token_name`"), "invalid-config"],
      ["500", answer(500, "no"), "unavailable"],
      ["503", { status: 503 }, "unavailable"],
      ["429", { status: 429, headers: { "retry-after": "9" } }, "rate-limited"],
      ["302", { status: 302, headers: { location: "/login" } }, "bad-response"],
      ["201", answer(201, ""), "bad-response"],
      ["204", answer(204, ""), "bad-response"],
    ];
    for (const [what, fault, code] of REFUSALS)
      it(`is ${code} for ${what}, and not asked again`, async () => {
        const started = await start();
        started.world.addToken({ name: "ci" });
        started.faults.push({ ...REMOVE, ...fault });
        assert.equal((await failureOf(started.tokens().remove("ci"))).code, code);
        assert.deepEqual([started.requests.length, started.names()], [1, ["_admin", "ci"]]);
      });

    it("is told from others by the server's words, also if the own token holds some of them", async () => {
      const ownValue = "apiv3_cannot-delete-operator-token-resource-was-not-found-rejected";
      const started = await start({ ownValue });
      started.world.addToken({ name: "own", value: ownValue });
      assert.equal((await failureOf(started.tokens().remove("ci"))).code, "not-found");
      started.faults.push({ ...REMOVE, ...answer(405, "cannot delete operator token") });
      assert.equal((await failureOf(started.tokens().remove("ci"))).code, "protected");
      started.faults.push({ ...REMOVE, ...answer(400, `rejected: ${ownValue}`) });
      const error = await failureOf(started.tokens().remove("ci"));
      assert.equal(error.code, "invalid-config");
      assert.match(error.message, /it held a secret/);
    });

    it("is asked for again after 503 and 429, as often as the connection says", async () => {
      for (const status of [503, 429]) {
        for (const headers of [{}, { "retry-after": "0" }]) {
          const started = await start({ retries: 2 });
          started.world.addToken({ name: "ci" });
          started.faults.push({ ...REMOVE, status, headers, times: 2 });
          assert.deepEqual(await started.tokens().remove("ci"), { attempts: 3 });
          assert.deepEqual(started.names(), ["_admin"]);
          started.world.addToken({ name: "ci" });
          started.faults.push({ ...REMOVE, status, headers, times: 9 });
          const error = await failureOf(started.tokens().remove("ci"));
          assert.deepEqual(
            [error.code, error.attempts],
            [status === 503 ? "unavailable" : "rate-limited", 3],
          );
          assert.deepEqual(started.names(), ["_admin", "ci"]);
        }
      }
    });

    const OLD = { createdAt: new Date("2026-01-31T08:00:00Z") };
    /** What keeps people from knowing what became of a request. */
    const LOST: [what: string, fault: Fault, hasEffect: boolean][] = [
      ["lost before it took effect", { drop: "before" }, false],
      ["lost after it took effect", { drop: "after" }, true],
      ["502 before it took effect", { status: 502, body: PAGE }, false],
      ["504 before it took effect", { status: 504 }, false],
      [
        "502 after it took effect",
        { raw: (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n") },
        true,
      ],
      ["cut after it took effect", { raw: (socket) => socket.end("HTTP/1.1 2") }, true],
    ];
    for (const [what, fault, hasEffect] of LOST) {
      it(`is gone once, after an answer was ${what}`, async () => {
        const started = await start();
        started.world.addToken({ name: "ci", ...OLD });
        started.faults.push({ ...REMOVE, ...fault });
        let retries = 0;
        const { attempts } = await started.tokens({ onRetry: () => retries++ }).remove("ci");
        assert.deepEqual([attempts, retries], hasEffect ? [1, 0] : [2, 1]);
        assert.equal(started.changes().length, attempts);
        assert.deepEqual(started.names(), ["_admin"]);
      });

      it(`is spared if it was made anew with the name after an answer was ${what}`, async () => {
        const started = await start();
        const { world } = started;
        world.addToken({ name: "ci", ...OLD });
        const anew = () => {
          world.tokens.delete("ci");
          world.addToken({ name: "ci" });
        };
        started.faults.push({ ...REMOVE, ...fault }, before(LIST, anew));
        const error = await failureOf(started.tokens().remove("ci"));
        assert.match(error.code, /^(network|unavailable)$/);
        assert.equal(started.changes().length, 1);
        assert.deepEqual(started.names(), ["_admin", "ci"]);
      });
    }

    it("is spared if it was made anew between two lost answers, however old it says that it is", async () => {
      const started = await start();
      const { world } = started;
      world.addToken({ name: "ci", ...OLD });
      const anew = () => {
        world.tokens.delete("ci");
        world.addToken({ name: "ci", ...OLD });
      };
      started.faults.push(
        { ...REMOVE, drop: "before", times: 2 },
        before(LIST, () => undefined),
        before(LIST, anew),
      );
      assert.equal((await failureOf(started.tokens().remove("ci"))).code, "network");
      assert.equal(started.changes().length, 2);
      assert.deepEqual(started.names(), ["_admin", "ci"]);
    });

    it("is done if it is gone when it is asked for once more", async () => {
      const started = await start();
      started.world.addToken({ name: "ci", ...OLD });
      const gone = () => started.world.tokens.delete("ci");
      started.faults.push({ ...REMOVE, drop: "before" }, before(REMOVE, gone));
      assert.deepEqual(await started.tokens().remove("ci"), { attempts: 2 });
    });

    it("is not asked for blindly, whatever the connection's retries", async () => {
      const started = await start({ retries: 2 });
      const { world } = started;
      world.addToken({ name: "ci", ...OLD });
      const anew = () => world.addToken({ name: "ci" });
      started.faults.push({ ...REMOVE, drop: "after" }, before(REMOVE, anew));
      assert.deepEqual(await started.tokens().remove("ci"), { attempts: 1 });
      assert.equal(started.changes().length, 1);
    });

    it("is asked for three times at most", async () => {
      const started = await start();
      started.world.addToken({ name: "ci", ...OLD });
      started.faults.push({ ...REMOVE, drop: "before", times: 9 });
      assert.equal((await failureOf(started.tokens().remove("ci"))).code, "network");
      assert.equal(started.changes().length, 3);
    });

    it("is the failure of the request if what became of it cannot be seen", async () => {
      for (const look of [
        { drop: "before" },
        { status: 500 },
        answer(200, PAGE),
        answer(401, NOT_AUTHENTICATED),
      ]) {
        const started = await start();
        started.world.addToken({ name: "ci", ...OLD });
        started.faults.push({ ...REMOVE, drop: "after" }, { ...LIST, ...(look as Fault) });
        const error = await failureOf(started.tokens().remove("ci"));
        assert.equal(error.code, "network");
        assert.match(error.message, /may have carried it out all the same/);
      }
    });

    it("is proved if the answer could be anybody's", async () => {
      // Before 3.8 the server has no mark.
      const old = await start({ version: "3.7.0" });
      old.world.addToken({ name: "ci" });
      assert.deepEqual(await old.tokens().remove("ci"), { attempts: 1 });
      assert.equal(old.requests.length, 2);
      for (const fault of [
        { status: 200, body: PAGE },
        { status: 200, body: "" },
        answer(200, PAGE),
        { status: 200, body: "", headers: { "cluster-uuid": "1", "content-encoding": "gzip" } },
      ]) {
        const started = await start();
        started.world.addToken({ name: "ci" });
        started.faults.push({ ...REMOVE, ...fault });
        const error = await failureOf(started.tokens().remove("ci"));
        assert.match(error.code, /^(not-applied|bad-response)$/);
        assert.deepEqual(started.names(), ["_admin", "ci"]);
        started.faults.push({ ...REMOVE, ...fault }, { ...LIST, status: 200, body: PAGE });
        assert.equal((await failureOf(started.tokens().remove("ci"))).code, "bad-response");
      }
    });

    for (const [what, faults] of [
      ["the request", [{ ...REMOVE }]],
      ["the look after it", [{ ...REMOVE, drop: "after" }, { ...LIST }]],
      ["the second request", [{ ...REMOVE, drop: "before" }, { ...REMOVE }]],
    ] as [string, Fault[]][])
      it(`ends with the signal during ${what}, and says that it was sent`, async () => {
        const started = await start();
        started.world.addToken({ name: "ci", ...OLD });
        const control = new AbortController();
        started.faults.push(...faults.slice(0, -1), {
          ...faults.at(-1),
          raw: () => setImmediate(() => control.abort()),
        });
        const error = await failureOf(started.tokens({ signal: control.signal }).remove("ci"));
        assert.equal(error.code, "cancelled");
        assert.ok(error.attempts !== 0);
        assert.match(error.message, /may have taken effect/);
      });

    it("says that it was sent if the stop comes before the look, or before it is sent again", async () => {
      for (const [lost, at] of [
        ["after", 1],
        ["before", 2],
      ] as const) {
        const started = await start();
        started.world.addToken({ name: "ci", ...OLD });
        started.faults.push({ ...REMOVE, drop: lost });
        const control = new AbortController();
        let sends = 0;
        const counted = () => {
          if (sends++ === at) control.abort();
        };
        const http: Http = {
          ...started.http,
          send(call) {
            counted();
            return started.http.send(call);
          },
          stream(call, read) {
            counted();
            return started.http.stream(call, read);
          },
        };
        const { signal } = control;
        const error = await failureOf(influxdb3Tokens.open({ http }, { signal }).remove("ci"));
        assert.deepEqual([error.code, error.attempts], ["cancelled", 1]);
        assert.match(error.message, /may have taken effect/);
        assert.equal(started.requests.length, at);
      }
    });

    it("is not sent at all after a stop", async () => {
      const started = await start();
      const error = await failureOf(started.tokens({ signal: AbortSignal.abort() }).remove("ci"));
      assert.deepEqual([error.code, error.attempts, started.requests.length], ["cancelled", 0, 0]);
    });
  });

  describe("when the operator token is regenerated", () => {
    it("has a new value, and all else as it was; the old one is refused", async () => {
      const other = valueOf("other");
      const { world, tokens, requests } = await start({ ownValue: other });
      world.addToken({ name: "other", value: other });
      const { token: then } = await tokens().get("_admin");
      const { token, value } = await tokens().regenerate();
      assert.equal(value.reveal(), world.tokens.get("_admin")?.value);
      assert.notEqual(value.reveal(), OPERATOR_VALUE);
      assert.equal(world.active(OPERATOR_VALUE), undefined);
      const { updatedAt, ...now } = (await tokens().get("_admin")).token!;
      assert.ok(updatedAt);
      assert.deepEqual(now, then);
      for (const key of ["id", "tokenId", "kind", "createdAt", "expiresAt"])
        assert.equal(token[key], now[key], key);
      const regenerated = requests.find(({ path }) => path.endsWith("/regenerate"));
      assert.deepEqual([regenerated?.method, regenerated?.body], ["POST", ""]);
    });

    it("keeps the expiry that one can have which was made as any other", async () => {
      const other = valueOf("other");
      const { world, tokens } = await start({ ownValue: other });
      world.addToken({ name: "other", value: other });
      world.tokens.get("_admin")!.expiry = new Date("2199-01-01T00:00:00Z");
      assert.equal((await tokens().regenerate()).token.expiresAt, "2199-01-01T00:00:00Z");
    });

    it("is not found if there is none", async () => {
      const other = valueOf("other");
      const { world, tokens } = await start({ ownValue: other });
      world.addToken({ name: "other", value: other });
      world.tokens.delete("_admin");
      const error = await failureOf(tokens().regenerate());
      assert.deepEqual([error.code, error.words], ["not-found", "no operator token"]);
      assert.doesNotMatch(error.message, /nobody knows it/);
    });

    const shown = { id: 0, name: "_admin", token: valueOf("x"), hash: sha512(valueOf("x")), created_at: "x" };
    const FAILURES: [what: string, fault: Fault, code: string, isLost: boolean][] = [
      ["a lost request", { drop: "before" }, "network", true],
      ["a lost answer", { drop: "after" }, "network", true],
      ["502", { status: 502 }, "unavailable", true],
      ["503", { status: 503 }, "unavailable", true],
      ["a login page", { status: 200, body: PAGE }, "bad-response", true],
      ["a page with 201", { status: 201, body: PAGE }, "bad-response", true],
      ["another hash", answer(201, JSON.stringify({ ...shown, hash: "00" })), "not-applied", true],
      ["another name", answer(201, JSON.stringify({ ...shown, name: "ci" })), "not-applied", true],
      ["no value", answer(201, JSON.stringify({ ...shown, token: "" })), "bad-response", true],
      ["401", answer(401, NOT_AUTHENTICATED), "unauthorized", false],
      ["403", answer(403, ""), "forbidden", false],
      ["404", answer(404, "Not found"), "unsupported-product", false],
      ["405", answer(405, "endpoint disabled, started without auth"), "forbidden", false],
      ["429", { status: 429 }, "rate-limited", false],
    ];
    for (const [what, fault, code, isLost] of FAILURES)
      it(`is ${code} for ${what}, is sent once, and ${isLost ? "tells" : "does not tell"} that the value can be lost`, async () => {
        const { tokens, faults, requests } = await start({ retries: 2 });
        faults.push({ ...REGENERATE, ...fault, times: 3 });
        const error = await failureOf(tokens().regenerate());
        assert.equal(error.code, code);
        assert.equal(/nobody knows it: send the message again/.test(error.message), isLost);
        assert.equal(requests.length, code === "rate-limited" ? 3 : 1);
      });

    it("tells that the value can be lost if it is stopped, but not before it is sent", async () => {
      const { tokens, faults } = await start();
      const control = new AbortController();
      faults.push({ ...REGENERATE, raw: () => setImmediate(() => control.abort()) });
      const error = await failureOf(tokens({ signal: control.signal }).regenerate());
      assert.equal(error.code, "cancelled");
      assert.match(error.message, /nobody knows it/);
      const before = await failureOf(tokens({ signal: control.signal }).regenerate());
      assert.deepEqual([before.code, before.attempts], ["cancelled", 0]);
      assert.doesNotMatch(before.message, /nobody knows it/);
    });

    it("does not tell so where no connection was made", async () => {
      const { tokens, server } = await start();
      await server.close();
      assert.doesNotMatch((await failureOf(tokens().regenerate())).message, /nobody knows it/);
    });
  });

  describe("the connection's own", () => {
    const { signal } = new AbortController();
    const hash = sha512(OPERATOR_VALUE).slice(0, 9);
    const signsOf = ({ http, own }: Started) => influxdb3Tokens.ownToken({ http, own });

    it("is the one whose hash begins like that of its value", async () => {
      const started = await start();
      started.world.addToken({ name: "ci" });
      const signs = signsOf(started);
      assert.equal(await signs.find(signal), "_admin");
      assert.deepEqual(
        ["_admin", "ci"].map((id) => signs.canBe(id, {})),
        [true, false],
      );
      const around = { among: ["ci"] };
      assert.equal(await signs.mayBe("ci", around, signal), undefined);
      assert.equal(await signs.mayBe("_admin", around, signal), "its hash does not tell");
    });

    it("can be either of two whose hashes begin so, and is no other", async () => {
      const started = await start();
      const twice = listOf(
        row({ hash }),
        row({ name: "cd", token_id: 8, hash }),
        row({ name: "other", token_id: 9 }),
      );
      const signs = signsOf(started);
      started.faults.push(twice);
      assert.equal(await signs.find(signal), undefined);
      assert.deepEqual(
        ["ci", "cd", "other"].map((id) => signs.canBe(id, {})),
        [true, true, false],
      );
      started.faults.push({ ...twice, times: 2 });
      assert.ok(await signs.mayBe("cd", { among: [] }, signal));
      assert.equal(await signs.mayBe("other", { among: [] }, signal), undefined);
    });

    it("can be any where no hash tells: of a server without authorization, and in a list without it", async () => {
      for (const rows of [
        [row({ hash: undefined }), row({ name: "cd", hash: undefined })],
        [row(), row({ name: "cd" })],
      ]) {
        const started = await start();
        started.faults.push({ ...listOf(...rows), times: 3 });
        const signs = signsOf(started);
        assert.equal(await signs.find(signal), undefined);
        for (const name of ["ci", "cd"]) {
          assert.ok(signs.canBe(name, {}));
          assert.ok(await signs.mayBe(name, { among: [] }, signal));
          started.faults.push({ ...listOf(...rows), times: 3 });
        }
      }
    });

    it("is not certain of the only one that is listed, if its hash does not fit", async () => {
      const started = await start();
      started.faults.push(listOf(row({ name: "cd" })));
      const signs = signsOf(started);
      assert.equal(await signs.find(signal), undefined);
      assert.ok(signs.canBe("cd", {}));
    });

    it("is not told by a server that refuses", async () => {
      const started = await start({ ownValue: valueOf("unknown") });
      assert.equal((await failureOf(signsOf(started).find(signal))).code, "unauthorized");
    });
  });

  describe("the check of a value", () => {
    const check = async ({ http }: Started, value: string) => {
      const liveness = await influxdb3Tokens.check({ http }, new Secret(value), {});
      assert.ok(!inspect(liveness, { depth: 9, showHidden: true }).includes(value));
      const { works, state, token } = liveness;
      return [works, state, token?.id];
    };

    it("tells one that works, has expired, was deleted, or is unknown, and which it is", async () => {
      const started = await start();
      const { world } = started;
      const ci = world.addToken({ name: "ci", value: valueOf("ci") });
      const gone = world.addToken({ name: "gone", value: valueOf("gone"), expiry: new Date(0) });
      assert.deepEqual(await check(started, ci.value), [true, "active", "ci"]);
      assert.deepEqual(await check(started, gone.value), [false, "expired", "gone"]);
      assert.deepEqual(await check(started, OPERATOR_VALUE), [true, "active", "_admin"]);
      assert.deepEqual(await check(started, valueOf("nobody")), [false, "not-accepted", undefined]);
      world.tokens.delete("ci");
      assert.deepEqual(await check(started, ci.value), [false, "not-accepted", undefined]);
      for (const { path, body } of started.requests) assert.ok(!`${path} ${body}`.includes("apiv3_"));
    });

    it("is of one that has expired since the second by which the list counts", async () => {
      const started = await start();
      const expiry = new Date(Date.UTC(2026, 0, 31, 8, 0, 0, 500));
      const { value } = started.world.addToken({ name: "gone", value: valueOf("gone"), expiry });
      started.faults.push({ path: /query_sql/, headers: { date: expiry.toUTCString() }, times: 2 });
      assert.deepEqual(await check(started, value), [false, "expired", "gone"]);
    });

    it("is the same up to 3.7, where a refusal has no body", async () => {
      const started = await start({ version: "3.7.0" });
      assert.deepEqual(await check(started, valueOf("nobody")), [false, "not-accepted", undefined]);
    });

    it("tells a resource token, which may not list", async () => {
      for (const forbidden of ["json", "empty"] as const) {
        const started = await start({ edition: "Enterprise", forbidden });
        started.world.addToken({ name: "sensor", value: valueOf("sensor"), permissions: ["db:a:read"] });
        assert.deepEqual(await check(started, valueOf("sensor")), [true, "active", "sensor"]);
      }
    });

    it("does not need the connection's own token for one that may list", async () => {
      const started = await start({ ownValue: valueOf("dead") });
      assert.deepEqual(await check(started, OPERATOR_VALUE), [true, "active", "_admin"]);
      assert.equal((await failureOf(check(started, valueOf("nobody")))).code, "unauthorized");
    });

    it("does not say which it is where two can be meant", async () => {
      const started = await start();
      const hash = sha512(valueOf("x")).slice(0, 9);
      started.faults.push(listOf(row({ hash }), row({ hash, name: "cd" })));
      assert.deepEqual(await check(started, valueOf("x")), [true, "active", undefined]);
    });

    it("takes a value for none that the server cannot read", async () => {
      const started = await start();
      assert.deepEqual(await check(started, "apiv3_with space"), [false, "not-accepted", undefined]);
    });

    it("tells nothing where the server looks at no token", async () => {
      for (const name of ["ci", undefined]) {
        const started = await start({ flags: ["--without-auth"] });
        started.world.tokens.clear();
        if (name) started.world.addToken({ name });
        const error = await failureOf(check(started, valueOf("any")));
        assert.deepEqual([error.code, error.words], ["forbidden", "no authorization"]);
      }
    });

    const NEITHER: [what: string, fault: Fault, code: string][] = [
      ["a login page", { status: 200, body: PAGE }, "bad-response"],
      ["another object", { status: 200, body: '{"id":7}' }, "bad-response"],
      ["another list", { status: 200, body: "[{}]" }, "bad-response"],
      ["a redirection", { status: 302, headers: { location: "/login" } }, "bad-response"],
      ["401 of a proxy", { status: 401, body: PAGE }, "unauthorized"],
      [
        "401 of a proxy without a body",
        { status: 401, headers: { "www-authenticate": "Negotiate" } },
        "unauthorized",
      ],
      ["403 of a proxy", { status: 403, body: PAGE }, "forbidden"],
      ["400 of something else", { status: 400, body: PAGE }, "bad-response"],
      ["400 of the query", answer(400, "SQL error: ParserError"), "invalid-config"],
      ["404", answer(404, "Not found"), "unsupported-product"],
      ["429", { status: 429 }, "rate-limited"],
      ["500", answer(500, "no"), "unavailable"],
      ["503", { status: 503 }, "unavailable"],
      ["a lost connection", { drop: "before" }, "network"],
    ];
    for (const [what, fault, code] of NEITHER)
      it(`takes ${what} for neither`, async () => {
        const started = await start();
        started.faults.push({ ...LIST, ...fault });
        assert.equal((await failureOf(check(started, OPERATOR_VALUE))).code, code);
      });
  });
});
