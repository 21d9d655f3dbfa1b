import assert from "node:assert/strict";
import type { OutcomeRecord } from "../../src/sweep.js";
import type { Fault } from "../../simulator/server.js";
import { addTokens, withNode, type Bench } from "../helpers/node.js";
import type { Properties } from "../helpers/runtime.js";

/**
 * What a flow sees of each fault of the network and the server; that no request is lost or doubled, counted on
 * the simulator; and that the next message works.
 */
describe("faults", () => {
  const withList = (work: (bench: Bench) => Promise<void>, connection: Properties = {}) =>
    withNode("list-authorizations", {}, work, { connection: { retries: "0", timeout: "1", ...connection } });
  const withDelete = (
    properties: Properties,
    work: (bench: Bench) => Promise<void>,
    connection: Properties = {},
  ) =>
    withNode("delete-authorization", { confirmed: true, limit: "", ...properties }, work, {
      connection: { retries: "0", timeout: "1", ...connection },
    });
  const outcomes = (payload: unknown) => (payload as OutcomeRecord[]).map(({ outcome }) => outcome);

  const SEEN: [what: string, fault: Fault, code: string, words: RegExp][] = [
    ["a reset before the request is read", { drop: "before" }, "network", /connection was lost/],
    ["a reset before the answer", { drop: "after" }, "network", /connection was lost/],
    ["an answer that is cut short", { cut: 20 }, "network", /connection was lost/],
    ["headers that never come", { delay: 60_000 }, "timeout", /no answer within 1 s/],
    ["a body that drips", { drip: 30 }, "timeout", /no answer within 1 s/],
    ["JSON that is none", { body: '{"authorizations":[}' }, "bad-response", /not JSON/],
    [
      "the html of a proxy",
      { status: 200, headers: { "content-type": "text/html" }, body: "<html>Log in" },
      "bad-response",
      /not JSON/,
    ],
    [
      "the html of a proxy, as an error",
      { status: 502, headers: { "content-type": "text/html" }, body: "<html>Bad gateway" },
      "unavailable",
      /status 502/,
    ],
    [
      "500 for good",
      { status: 500, body: '{"code":"internal error","message":"disk full"}' },
      "unavailable",
      /disk full/,
    ],
    [
      "a redirect",
      { status: 307, headers: { location: "http://127.0.0.1:1/" } },
      "bad-response",
      /redirects/,
    ],
    [
      "an answer of 100 MB",
      { status: 200, body: `[${" ".repeat(100_000_000)}]` },
      "bad-response",
      /another form than expected/,
    ],
  ];
  for (const [what, fault, code, words] of SEEN) {
    it(`${what} is ${code}, one request, and the next message works`, () =>
      withList(async ({ simulator, send, sent }) => {
        simulator.faults.push(fault);
        const { error, ends } = await send({});
        assert.equal(error?.code, code);
        assert.match(error.message, words);
        assert.equal(ends, 1);
        assert.equal(sent().length, 1);
        assert.equal((await send({})).error, undefined);
        assert.equal(sent().length, 2);
      }));
  }

  it("takes an answer with a wrong content type, as the server does with a request", () =>
    withList(async ({ simulator, send }) => {
      const body = JSON.stringify({ authorizations: [{ id: "0aaaaaaaaaaaaaaa", status: "active" }] });
      simulator.faults.push({ headers: { "content-type": "text/plain" }, body });
      assert.equal((await send({})).error, undefined);
    }));

  it("loses and doubles nothing while gateways flap", () =>
    withDelete(
      { notFound: "done" },
      async ({ simulator, send, sent }) => {
        const ids = addTokens(simulator, 40).map(({ id }) => id);
        const flaps: Fault[] = [
          { drop: "after" },
          { status: 502 },
          { drop: "before" },
          { status: 503 },
          { status: 504 },
        ];
        // Every fifth token meets a fault at its first try.
        ids.forEach((id, index) => {
          const fault = flaps[(index / 5) % flaps.length];
          if (fault) simulator.faults.push({ path: `/api/v2/authorizations/${id}`, ...fault });
        });
        const { payload, error } = await send({ payload: ids });
        assert.equal(error, undefined);
        assert.deepEqual(
          outcomes(payload),
          ids.map(() => "deleted"),
        );
        assert.ok(ids.every((id) => !simulator.world.authorizations.has(id)));
        assert.equal(sent().length, 48);
        const tried = (payload as OutcomeRecord[]).filter(({ attempts }) => attempts === 2);
        assert.equal(tried.length, 8);
      },
      { retries: "2" },
    ));

  it("stops a sweep as soon as its own token is disabled meanwhile, and hammers no more", () =>
    withDelete(
      {},
      async ({ simulator, send, sent }) => {
        const ids = addTokens(simulator, 50).map(({ id }) => id);
        const { operator } = simulator.world;
        simulator.faults.push({ path: `/api/v2/authorizations/${ids[9]}`, status: 204 });
        void simulator.arrived(10).then(() => (operator.status = "inactive"));
        const { payload, error } = await send({ payload: ids });
        assert.equal(error?.code, "unauthorized");
        const all = outcomes(payload);
        assert.ok(all.includes("deleted") && all.includes("not-started"));
        // Those under way when the first was refused, and none after.
        assert.ok(all.filter((outcome) => outcome === "failed").length <= 4);
        assert.ok(sent().length < 20);
        operator.status = "active";
        const rest = ids.filter((id) => simulator.world.authorizations.has(id));
        assert.equal((await send({ payload: rest.slice(1) })).error, undefined);
      },
      { parallel: "4" },
    ));

  const RETRY_AFTER: [what: string, header: Record<string, string>][] = [
    ["seconds", { "retry-after": "1" }],
    ["a date", { "retry-after": new Date(Date.now() + 1000).toUTCString() }],
    ["nonsense", { "retry-after": "soon" }],
    ["nothing", {}],
  ];
  for (const [what, headers] of RETRY_AFTER) {
    it(`gets through a storm of 429 with ${what} in Retry-After`, () =>
      withDelete(
        {},
        async ({ simulator, send, sent }) => {
          const ids = addTokens(simulator, 8).map(({ id }) => id);
          simulator.faults.push({ status: 429, headers, times: 6 });
          const { payload, error } = await send({ payload: ids });
          assert.equal(error, undefined);
          assert.deepEqual(
            outcomes(payload),
            ids.map(() => "deleted"),
          );
          assert.equal(sent().length, 14);
        },
        { retries: "5" },
      ));
  }

  it("slows the whole connection at a 429, not the one request alone", () =>
    withDelete({}, async ({ simulator, send, sent }) => {
      const ids = addTokens(simulator, 2).map(({ id }) => id);
      simulator.faults.push({ status: 429, headers: { "retry-after": "1" } });
      assert.equal((await send({ payload: ids[0] })).error?.code, "rate-limited");
      const refused = Date.now();
      assert.equal((await send({ payload: ids[1] })).error, undefined);
      assert.ok(Date.now() - refused >= 900);
      assert.equal(sent().length, 2);
    }));

  it("goes on where the server closes idle connections between requests", () =>
    withList(async ({ simulator, send, sent }) => {
      for (let count = 1; count <= 3; count++) {
        simulator.faults.push({ headers: { connection: "close" } });
        assert.equal((await send({})).error, undefined);
        assert.equal(sent().length, count);
      }
    }));
});
