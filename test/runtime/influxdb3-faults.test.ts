import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Fault } from "../../simulator/server.js";
import { withNode, type NodeFixture } from "../helpers/fixture.js";
import { outcomes, records } from "../helpers/faults.js";
import { serve } from "../helpers/servers.js";
import type { Message, Properties } from "../helpers/runtime.js";

const CREATE = { tokenName: "made", tokenNameType: "str", permissionsFrom: "admin", understood: true };
/** What a flow does with tokens of InfluxDB 3. */
const NODES: Record<string, Properties> = {
  "list-influxdb3-tokens": {},
  "delete-influxdb3-token": { confirmed: true, limit: "", notFound: "done" },
  "create-influxdb3-token": { ...CREATE, place: "newValue", placeType: "flow" },
  "regenerate-operator-token": { confirmed: true, limit: "", place: "newValue", placeType: "flow" },
};

interface FaultFixture extends NodeFixture {
  /** The names of so many new tokens, which were made long ago. */
  names(count: number): string[];
  /** The message ends once, with this error or none, after so many requests. */
  ends(
    msg: Message,
    code: string | undefined,
    words?: RegExp,
    requests?: number,
  ): ReturnType<NodeFixture["send"]>;
}

/** On a connection that tries once, unless it is told otherwise. */
function withFaults(
  kind: string,
  connection: Properties,
  work: (fixture: FaultFixture) => Promise<void>,
): Promise<void> {
  return withNode(
    kind,
    NODES[kind] ?? {},
    (fixture) =>
      work({
        ...fixture,
        names: (count) =>
          Array.from({ length: count }, (_, index) => {
            const createdAt = new Date("2026-01-31T08:00:00Z");
            return fixture.influxdb3.world.addToken({ name: `token ${index}`, createdAt }).name;
          }),
        async ends(msg, code, words = /./, requests) {
          const before = fixture.sent().length;
          const seen = await fixture.send(msg);
          assert.equal(seen.ends, 1);
          assert.equal(seen.error?.code, code, seen.error?.message);
          if (seen.error) assert.match(seen.error.message, words);
          if (requests !== undefined) assert.equal(fixture.sent().length - before, requests);
          return seen;
        },
      }),
    // No request asks which token is the connection's own.
    { connection: { retries: "0", allowOwnToken: true, ...connection } },
  );
}

/** What a flow sees of each fault on the routes of InfluxDB 3; no request is lost or doubled, and the next one works. */
describe("faults of InfluxDB 3", () => {
  const LIST = JSON.stringify([{ token_id: 1, name: "ci", created_at: "2026-01-31T08:00:00" }]);
  const html = { "content-type": "text/html" };
  const page = { headers: html, body: "<html>Log in" };

  describe("in the answer to a list", () => {
    const SEEN: [what: string, fault: Fault, code: string, words: RegExp][] = [
      ["no HTTP", { raw: (socket) => socket.end("SSH-2.0\r\n") }, "network", /Check the network and the URL/],
      [
        "chunks without a last one",
        {
          raw: (socket) =>
            socket.end(
              `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${LIST.length.toString(16)}\r\n${LIST}\r\n`,
            ),
        },
        "network",
        /connection was lost/,
      ],
      ["JSON that is none", { body: "[}" }, "bad-response", /not JSON/],
      ["JSON that ends too early", { body: LIST.slice(0, -1) }, "bad-response", /not JSON/],
      ["an empty body", { status: 200, body: "" }, "bad-response", /not JSON/],
      ["no body at all", { status: 204 }, "bad-response", /not one that InfluxDB gives \(status 204\)/],
      ["another JSON", { body: "{}" }, "bad-response", /another form than expected/],
      ["null", { body: "null" }, "bad-response", /another form than expected/],
      ["JSON of another shape", { body: '[{"id":1}]' }, "bad-response", /none has an ID/],
      [
        "gzip that nobody asked for",
        { body: gzipSync(LIST), headers: { "content-encoding": "gzip" } },
        "bad-response",
        /is compressed/,
      ],
      ["html", page, "bad-response", /not JSON \(status 200\)/],
      ["html with 403", { status: 403, ...page }, "forbidden", /403 came without .* before the server/],
      ["html with 502", { status: 502, ...page }, "unavailable", /status 502/],
    ];
    for (const [what, fault, code, words] of SEEN)
      it(`${what} is ${code}`, () =>
        withFaults("list-influxdb3-tokens", {}, async ({ influxdb3, ends }) => {
          influxdb3.faults.push(fault);
          await ends({}, code, words, 1);
          await ends({}, undefined, undefined, 1);
        }));
  });

  describe("in the answer to a deletion", () => {
    const SEEN: [what: string, fault: Fault, code: string, requests: number][] = [
      ["500 for good", { status: 500, body: "disk full" }, "unavailable", 1],
      // Something else answers, so the token is looked for.
      ["html", { status: 200, ...page }, "not-applied", 2],
      ["an empty 200", { status: 200, body: "" }, "not-applied", 2],
      ["gzip", { body: gzipSync("{}"), headers: { "content-encoding": "gzip" } }, "not-applied", 2],
      ["a 404 of something else", { status: 404, ...page }, "bad-response", 1],
    ];
    for (const [what, fault, code, requests] of SEEN)
      it(`${what} is ${code}, and not tried again`, () =>
        withFaults("delete-influxdb3-token", { retries: "3" }, async ({ influxdb3, names, ends }) => {
          const [first, second] = names(2);
          influxdb3.faults.push(fault);
          const seen = await ends({ payload: [first] }, code, undefined, requests);
          assert.partialDeepStrictEqual(records(seen), [{ id: first, outcome: "failed", error: { code } }]);
          assert.ok(influxdb3.world.tokens.has(first!));
          await ends({ payload: [first, second] }, undefined, undefined, 2);
        }));

    it("502, 503, 504 and lost answers now and then lose and double nothing", () =>
      withFaults("delete-influxdb3-token", { retries: "1" }, async ({ influxdb3, names, ends }) => {
        const all = names(12);
        const gateway = (status: number) => (socket: Socket) =>
          void socket.end(`HTTP/1.1 ${status} \r\ncontent-length: 0\r\n\r\n`);
        for (const [index, fault] of [
          { raw: gateway(502) },
          { status: 502 },
          { status: 503 },
          { raw: gateway(504) },
          { drop: "before" as const },
          { drop: "after" as const },
        ].entries()) {
          influxdb3.faults.push({
            ...{ method: "DELETE", path: `/api/v3/configure/token?token_name=token+${2 * index}` },
            ...fault,
          });
        }
        const seen = await ends({ payload: all }, undefined);
        assert.deepEqual(outcomes(seen), Array(12).fill("deleted"));
        assert.equal(influxdb3.faults.length, 0);
        assert.deepEqual(
          records(seen).map(({ attempts }) => attempts ?? 1),
          [1, 1, 2, 1, 2, 1, 1, 1, 2, 1, 1, 1],
        );
        assert.deepEqual([...influxdb3.world.tokens.keys()], ["_admin"]);
      }));

    it("503 for good is tried as often as the connection says", () =>
      withFaults("delete-influxdb3-token", { retries: "1" }, async ({ influxdb3, names, ends }) => {
        const [name] = names(1);
        influxdb3.faults.push({ status: 503, times: 2 });
        await ends({ payload: name }, "unavailable", /status 503 after 2 tries/, 2);
        await ends({ payload: name }, undefined);
      }));

    it("a connection's token that is deleted in the middle of a sweep stops it at once", () =>
      withFaults("delete-influxdb3-token", { parallel: "4", retries: "3" }, async (fixture) => {
        const { influxdb3, names, send, sent } = fixture;
        const all = names(50);
        void influxdb3.arrived(10).then(() => influxdb3.world.tokens.delete("_admin"));
        const seen = await send({ payload: all });
        assert.equal(seen.error?.code, "unauthorized");
        assert.match(seen.error.message, /wrong, expired or deleted/);
        const count = (wanted: string) => outcomes(seen).filter((outcome) => outcome === wanted).length;
        assert.equal(count("deleted"), 10);
        assert.ok(count("failed") <= 4);
        assert.equal(sent().length, 10 + count("failed"));
        assert.equal(count("not-started"), 50 - sent().length);
        assert.deepEqual(
          all.map((name) => !influxdb3.world.tokens.has(name)),
          outcomes(seen).map((outcome) => outcome === "deleted"),
        );
      }));
  });

  describe("in the answer to a new token", () => {
    for (const [what, fault] of [
      ["an answer that is lost", { drop: "after" }],
      ["502 behind a gateway", { raw: (socket) => socket.end("HTTP/1.1 502 \r\ncontent-length: 0\r\n\r\n") }],
      ["html", { raw: (socket) => socket.end("HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\n<html") }],
    ] as [string, Fault][])
      it(`${what} leaves one token, whose value is handed over`, () =>
        withFaults("create-influxdb3-token", {}, async ({ influxdb3, ends, runtime }) => {
          influxdb3.faults.push({ method: "POST", path: /named_admin$/, ...fault });
          await ends({}, undefined);
          assert.deepEqual([...influxdb3.world.tokens.keys()], ["_admin", "made"]);
          const { value } = influxdb3.world.tokens.get("made")!;
          assert.ok(!runtime.log().includes(value));
        }));

    it("a name that is taken is a conflict, and that token is as it was", () =>
      withFaults("create-influxdb3-token", {}, async ({ influxdb3, ends }) => {
        const { value } = influxdb3.world.addToken({ name: "made" });
        await ends({}, "conflict", /Name is taken/, 1);
        assert.equal(influxdb3.world.tokens.get("made")?.value, value);
      }));
  });

  it("a lost answer to the new value of the operator token is said to have lost that", () =>
    withFaults("regenerate-operator-token", { retries: "3" }, async ({ influxdb3, ends }) => {
      const { value } = influxdb3.world.tokens.get("_admin")!;
      influxdb3.faults.push({ method: "POST", path: /regenerate$/, drop: "after" });
      await ends({}, "network", /nobody knows it/, 1);
      assert.notEqual(influxdb3.world.tokens.get("_admin")?.value, value);
    }));

  for (const kind of Object.keys(NODES)) {
    it(`${kind}: a redirection is not followed, and the token stays with its server`, async () => {
      let asked = 0;
      const other = await serve((_, answer) => {
        asked++;
        answer.end(LIST);
      });
      await withFaults(kind, { retries: "3" }, async ({ influxdb3, names, ends }) => {
        const [name] = names(1);
        for (const status of [301, 302, 307, 308]) {
          const headers = { location: `http://127.0.0.1:${other.port}/` };
          influxdb3.faults.push({ status, headers, times: 9 });
          await ends({ payload: name }, "bad-response", /^Server redirects, .* to another address/);
          influxdb3.faults.length = 0;
        }
      }).finally(other.close);
      assert.equal(asked, 0);
    });
  }
});
