import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { inspect } from "node:util";
import { deflateSync, gzipSync } from "node:zlib";
import type { Fault } from "../../simulator/server.js";
import type { World } from "../../simulator/world.js";
import { systemClock } from "../../src/clock.js";
import { CHANGES, DONE, METHODS, outcomes, records, withFaults } from "../helpers/faults.js";
import { serve } from "../helpers/servers.js";

const { steady } = systemClock;

/** The clock by which the package counts pauses, and nothing else, goes on by so many milliseconds. */
function passTime(milliseconds: number): void {
  const before = systemClock.steady;
  // A mock of `node:test` on top of another would outlive `restoreAll`, and keep each call that it sees.
  systemClock.steady = () => before() + milliseconds;
}

function restoreTime(): void {
  systemClock.steady = steady;
}

/**
 * What a flow sees of each fault in the answers of a server, or of what lies before it; that no request is lost
 * or doubled, counted on the simulator; and that the next message works. Faults of the connection itself are in
 * `lost-connections.test.ts` and `tls-and-proxy.test.ts`.
 */
describe("faults", () => {
  const LIST = JSON.stringify({ authorizations: [{ id: "0aaaaaaaaaaaaaaa", status: "active" }] });
  const html = { "content-type": "text/html" };
  /** In chunks, for an answer of which nobody knows the length. */
  const chunked = (body: string) =>
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`;

  describe("in the answer to a list", () => {
    const SEEN: [what: string, fault: Fault, code: string, words: RegExp][] = [
      [
        "chunks without a last one",
        { raw: (socket) => socket.end(chunked(LIST)) },
        "network",
        /connection was lost/,
      ],
      [
        "something that is no HTTP",
        { raw: (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n") },
        "network",
        /Check the network and the URL/,
      ],
      ["JSON that is none", { body: '{"authorizations":[}' }, "bad-response", /not JSON/],
      ["JSON that ends too early", { body: LIST.slice(0, -1) }, "bad-response", /not JSON/],
      ["an empty body", { status: 200, body: "" }, "bad-response", /not JSON/],
      ["no body at all", { status: 204 }, "bad-response", /not one that InfluxDB gives \(status 204\)/],
      ["another JSON", { body: "[]" }, "bad-response", /another form than expected/],
      ["null", { body: "null" }, "bad-response", /another form than expected/],
      ["JSON of another shape", { body: '{"authorizations":[{"id":1}]}' }, "bad-response", /none has an ID/],
      [
        "gzip that nobody asked for",
        { body: gzipSync(LIST), headers: { "content-encoding": "gzip" } },
        "bad-response",
        /is compressed/,
      ],
      [
        "deflate that nobody asked for",
        { body: deflateSync(LIST), headers: { "content-encoding": "deflate" } },
        "bad-response",
        /is compressed/,
      ],
      ["html", { headers: html, body: "<html>Log in" }, "bad-response", /not JSON \(status 200\)/],
      [
        "html with 403",
        { status: 403, headers: html, body: "<html>Denied" },
        "forbidden",
        /403 came without .* before the server/,
      ],
      [
        "500",
        { status: 500, body: '{"message":"unexpected EOF"}' },
        "unavailable",
        /500 \("unexpected EOF"\)/,
      ],
      [
        "html with 502",
        { status: 502, headers: html, body: "<html>Bad gateway" },
        "unavailable",
        /status 502/,
      ],
    ];
    for (const [what, fault, code, words] of SEEN) {
      it(`${what} is ${code}`, () =>
        withFaults("GET", {}, async ({ simulator, fails, works }) => {
          simulator.faults.push(fault);
          await fails({}, code, words);
          await works({});
        }));
    }

    it("a wrong content type is no harm, as in InfluxDB itself", () =>
      withFaults("GET", {}, async ({ simulator, works }) => {
        simulator.faults.push({ headers: { "content-type": "text/plain" }, body: LIST });
        await works({});
      }));

    it("invalid UTF-8 is no harm but to its own letters", () =>
      withFaults("GET", {}, async ({ simulator, works }) => {
        const body = LIST.replace('"active"', '"active","description":"caf\xe9"');
        simulator.faults.push({ body: Buffer.from(body, "latin1") });
        const { payload } = await works({});
        assert.partialDeepStrictEqual(payload, [{ id: "0aaaaaaaaaaaaaaa", description: "caf\ufffd" }]);
      }));

    it("the token is kept out of the error, also where the answer echoes the request", () =>
      withFaults("GET", {}, async ({ simulator, runtime, fails }) => {
        const { token } = simulator.world.operator;
        const message = `Token ${token}`;
        simulator.faults.push(
          { status: 500, body: JSON.stringify({ code: "internal error", message }) },
          { raw: (socket) => socket.end(`${message}\r\n`) },
        );
        const errors = [
          (await fails({}, "unavailable", /it held a secret/)).error,
          (await fails({}, "network", /Check the network and the URL/)).error,
        ];
        assert.ok(!inspect(errors, { depth: 9 }).includes(token));
        assert.ok(!runtime.log().includes(token));
      }));
  });

  describe("in a long answer to a list", () => {
    // So much takes long on a busy machine.
    const PATIENT = { timeout: "300" };
    const MB = 2 ** 20;
    const HEAD = '{"authorizations":[';

    it("100 MB are no harm", () =>
      withFaults("GET", PATIENT, async ({ simulator, works }) => {
        const one = LIST.slice(HEAD.length, -2).replace("}", `,"description":"${"x".repeat(10_000)}"}`);
        simulator.faults.push({ body: `${HEAD}${Array(10_000).fill(one).join()}]}` });
        const { payload } = await works({});
        assert.equal((payload as unknown[]).length, 10_000);
      })).timeout(300_000);

    const piece = Buffer.alloc(MB, `{"id":"0aaaaaaaaaaaaaaa"},${" ".repeat(6)}`);
    const ENDLESS: [what: string, header: string, piece: Buffer][] = [
      ["with its length", `content-length: ${1024 * MB}`, piece],
      [
        "in chunks",
        "transfer-encoding: chunked",
        Buffer.concat([Buffer.from("100000\r\n"), piece, Buffer.from("\r\n")]),
      ],
    ];
    for (const [what, header, piece] of ENDLESS) {
      it(`a list without an end ${what} is not read to its end, nor kept`, () =>
        withFaults(
          "GET",
          PATIENT,
          async ({ simulator, fails, works }) => {
            const held = () => process.memoryUsage().arrayBuffers / MB;
            const before = held();
            let given = 0;
            let most = 0;
            const stream = function* () {
              yield `HTTP/1.1 200 OK\r\n${header}\r\n\r\n`;
              yield header.startsWith("transfer") ? `${HEAD.length.toString(16)}\r\n${HEAD}\r\n` : HEAD;
              for (; given < 320; given++) {
                yield piece;
                most = Math.max(most, held());
              }
            };
            simulator.faults.push({ raw: (socket) => void pipeline(stream, socket).catch(() => undefined) });
            await fails({}, "bad-response", /more than 2,000,000 elements/);
            assert.ok(given < 80);
            assert.ok(most - before < 64, `${most - before} MB were held`);
            await works({ topic: "" });
          },
          { properties: { description: "$", descriptionType: "str" } },
        )).timeout(300_000);
    }
  });

  describe("in the middle of a list, of which some has been sent on if each is a message of its own", () => {
    const one = `{"id":"0aaaaaaaaaaaaaaa","status":"active","description":"${"x".repeat(400)}"}`;
    const begun = `{"authorizations":[${`${one},`.repeat(1000)}`;
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    const part = begun.slice(0, -50);
    /** `raw` is sent and the connection kept, or ended. */
    const BROKEN: [what: string, fault: () => Fault, code: string, words: RegExp, isLost: boolean][] = [
      ["cut", () => ({ raw: (socket) => socket.end(head + part) }), "network", /connection was lost/, true],
      [
        "that drips",
        () => ({ raw: (socket) => void socket.write(head + part) }),
        "timeout",
        /within 1 s/,
        false,
      ],
      ["no JSON any more", () => ({ body: `${begun}}` }), "bad-response", /not JSON/, false],
      ["with more behind it", () => ({ body: `${begun}${one}]}]` }), "bad-response", /not JSON/, false],
      [
        "twice in the answer",
        () => ({ body: `${begun}${one}],"authorizations":[]}` }),
        "bad-response",
        /another form/,
        false,
      ],
      [
        "of zeros",
        () => ({ body: `${begun}${"0,".repeat(1000)}0]` }),
        "bad-response",
        /another form|not JSON/,
        false,
      ],
    ];
    for (const [what, fault, code, words, isLost] of BROKEN) {
      for (const result of ["all", "first", "each"]) {
        it(`a list ${what} is ${code} (${result})`, () =>
          withFaults(
            "GET",
            { retries: "1", timeout: "1" },
            async ({ simulator, runtime, fails, works }) => {
              simulator.faults.push(fault());
              const isRead = result !== "each";
              // It is read anew if nothing of it was sent on.
              if (isLost && isRead) {
                await works({}, 2);
                return;
              }
              const { outputs, error } = await fails({}, code, words);
              const sent = outputs[0].map(({ parts, summary }) => [
                (parts as { index: number }).index,
                summary,
              ]);
              if (isRead) assert.deepEqual(sent, []);
              else {
                assert.ok(sent.length > 100);
                assert.deepEqual(
                  sent,
                  [...sent.keys()].map((index) => [index, undefined]),
                );
                const count = sent.length.toLocaleString("en-US");
                assert.match(error!.message, new RegExp(` ${count} were sent on before\\.$`));
              }
              assert.match(runtime.statuses.at(-1)!, /^red/);
              simulator.requests.length = 0;
              await works({});
            },
            { properties: { result } },
          ));
      }
    }
  });

  describe("in the answer to a change", () => {
    for (const method of CHANGES) {
      // The record tells what the server has answered, whatever it has done.
      const SEEN: [what: string, fault: Fault, code: string, words: RegExp][] = [
        [
          "500 for good",
          { status: 500, body: '{"message":"disk full"}' },
          "unavailable",
          /500 \("disk full"\)/,
        ],
        ["html", { headers: html, body: "<html>Log in" }, "bad-response", /status 200/],
        ["an empty 200", { status: 200, body: "" }, "bad-response", /status 200/],
        [
          "gzip",
          { body: gzipSync("{}"), headers: { "content-encoding": "gzip" } },
          "bad-response",
          /status 200/,
        ],
      ];
      for (const [what, fault, code, words] of SEEN) {
        it(`${method}: ${what} is ${code}, and not tried again`, () =>
          withFaults(method, { retries: "3" }, async ({ simulator, ids, isDone, fails, works }) => {
            const [first, second] = ids(2) as [string, string];
            simulator.faults.push(fault);
            const seen = await fails({ payload: [first] }, code, words);
            assert.partialDeepStrictEqual(records(seen), [{ outcome: "failed", error: { code } }]);
            assert.ok(!isDone(first));
            await works({ payload: [first, second] }, 2);
          }));
      }

      const statuses = [502, 503, 504];
      it(`${method}: ${statuses.join(", ")} now and then lose and double nothing`, () =>
        withFaults(method, { retries: "1" }, async ({ simulator, ids, isDone, works }) => {
          const all = ids(12);
          // Every fourth token meets one at its first try, after 502 and 504 with its work done behind the gateway.
          for (const [index, status] of statuses.entries()) {
            const bad = Buffer.from(`HTTP/1.1 ${status} \r\ncontent-length: 0\r\n\r\n`);
            const fault = status === 503 ? { status } : { raw: (socket: Socket) => void socket.end(bad) };
            simulator.faults.push({ path: `/api/v2/authorizations/${all[4 * index]}`, ...fault });
          }
          const seen = await works({ payload: all }, 15);
          assert.deepEqual(
            outcomes(seen),
            all.map(() => DONE[method]),
          );
          assert.deepEqual(
            records(seen).map(({ attempts }) => attempts ?? 1),
            [2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1],
          );
          assert.ok(all.every(isDone));
        }));
    }

    it("DELETE: a 204 with a body has deleted, and its body is no part of the next answer", () =>
      withFaults("DELETE", {}, async ({ simulator, ids, isDone, works }) => {
        const [first, second] = ids(2) as [string, string];
        simulator.faults.push({ raw: (socket, answer) => socket.write(`${answer}{"id":"x"}`) });
        await works({ payload: first });
        await works({ payload: second });
        assert.ok(isDone(first) && isDone(second));
      }));

    it("503 for good is tried as often as the connection says", () =>
      withFaults("DELETE", { retries: "1" }, async ({ simulator, ids, fails, works }) => {
        const [id] = ids(1);
        simulator.faults.push({ status: 503, times: 2 });
        await fails({ payload: id }, "unavailable", /status 503 after 2 tries/, 2);
        await works({ payload: id });
      }));

    it("takes not found for its own work only where an earlier try may have done it", () =>
      withFaults("DELETE", { retries: "1" }, async ({ simulator, works }) => {
        for (const [status, outcome] of [
          [502, "deleted"],
          [503, "not-found"],
          [504, "deleted"],
        ] as const) {
          simulator.faults.push({ status });
          assert.deepEqual(outcomes(await works({ payload: ["0aaaaaaaaaaaaaaa"] }, 2)), [outcome]);
        }
      }));
  });

  describe("that redirects", () => {
    for (const method of METHODS) {
      for (const status of [301, 302, 307, 308]) {
        it(`${method}: ${status} is not followed, and the token stays with its server`, async () => {
          let asked = 0;
          const other = await serve((_, answer) => {
            asked++;
            answer.end(LIST);
          });
          await withFaults(method, { retries: "3" }, async ({ simulator, ids, isDone, fails, works }) => {
            const [id] = ids(1);
            simulator.faults.push({ status, headers: { location: `http://127.0.0.1:${other.port}/` } });
            await fails({ payload: id }, "bad-response", /^Server redirects, .* to another address/);
            assert.ok(!isDone(id!));
            await works({ payload: id });
          }).finally(other.close);
          assert.equal(asked, 0);
        });
      }
    }
  });

  describe("that refuses the connection's token in the middle of a sweep", () => {
    const REFUSED: [
      what: string,
      refuse: (world: World) => void,
      code: string,
      words: RegExp,
      restore?: (world: World) => void,
    ][] = [
      [
        "disabled",
        ({ operator }) => (operator.status = "inactive"),
        "unauthorized",
        /token is inactive/,
        ({ operator }) => (operator.status = "active"),
      ],
      [
        "of a user who is inactive",
        ({ users, operator }) => (users.get(operator.userID)!.status = "inactive"),
        "forbidden",
        /user who owns the connection's token is inactive/,
        ({ users, operator }) => (users.get(operator.userID)!.status = "active"),
      ],
      [
        "deleted",
        (world) => world.deleteAuthorization(world.operator, world.operator.id),
        "unauthorized",
        /wrong, deleted/,
      ],
    ];
    for (const [what, refuse, code, words, restore] of REFUSED) {
      for (const method of CHANGES) {
        it(`${method}: a token that is ${what} stops it at once`, () =>
          withFaults(method, { parallel: "4", retries: "3" }, async (fixture) => {
            const { simulator, ids, isDone, send, sent, fails, works } = fixture;
            const all = ids(50);
            void simulator.arrived(10).then(() => refuse(simulator.world));
            const seen = await send({ payload: all });
            assert.equal(seen.error?.code, code);
            assert.match(seen.error.message, words);
            assert.equal(seen.ends, 1);
            const count = (wanted: string) => outcomes(seen).filter((outcome) => outcome === wanted).length;
            assert.equal(count(DONE[method]), 10);
            // Those under way when the first was refused, and none after; none is tried again.
            assert.ok(count("failed") <= 4);
            assert.equal(sent().length, 10 + count("failed"));
            assert.equal(count("not-started"), 50 - sent().length);
            assert.deepEqual(
              all.map(isDone),
              outcomes(seen).map((outcome) => outcome === DONE[method]),
            );

            if (restore) {
              restore(simulator.world);
              await works({ payload: all.filter((id) => !isDone(id)) }, 40);
            } else await fails({ payload: all.at(-1) }, code, words);
          }));
      }
    }
  });

  describe("of too many requests", () => {
    const RETRY_AFTER: [what: string, header: () => Record<string, string>][] = [
      ["seconds", () => ({ "retry-after": "1" })],
      ["a date", () => ({ "retry-after": new Date(Date.now() + 1000).toUTCString() })],
      ["nonsense", () => ({ "retry-after": "soon" })],
      ["nothing", () => ({})],
    ];
    for (const [what, header] of RETRY_AFTER) {
      it(`a storm of 429 with ${what} in Retry-After passes`, () =>
        withFaults("DELETE", { retries: "5", parallel: "4" }, async ({ simulator, ids, isDone, works }) => {
          const all = ids(8);
          simulator.faults.push({ status: 429, headers: header(), times: 4 });
          const seen = await works({ payload: all }, 12);
          assert.deepEqual(
            outcomes(seen),
            all.map(() => "deleted"),
          );
          assert.ok(all.every(isDone));
        }));
    }

    it("429 is an error where there are no tries left, which says how long to wait", () =>
      withFaults("DELETE", {}, async ({ simulator, ids, fails, works }) => {
        const [id] = ids(1);
        simulator.faults.push({ status: 429, headers: { "retry-after": "3600" } });
        const { error } = await fails({ payload: id }, "rate-limited", /Try again in 3600 s/);
        assert.partialDeepStrictEqual(error?.cause, { statusCode: 429, retryAfter: 3600 });
        // The connection rests for half a minute, which is over at once here, and not for an hour.
        passTime(30_000);
        try {
          await works({ payload: id });
        } finally {
          restoreTime();
        }
      }));

    it("503 with no time to wait in Retry-After: it waits all the same, and longer each time", () =>
      withFaults("DELETE", { retries: "2" }, async ({ simulator, ids, works }) => {
        const [id] = ids(1);
        simulator.faults.push({ status: 503, headers: { "retry-after": "0" }, times: 2 });
        const begun = performance.now();
        await works({ payload: id }, 3);
        assert.ok(performance.now() - begun > 350);
      }));

    it("503 for good: no try begins later than two minutes after the first", () =>
      withFaults("DELETE", { retries: "10" }, async ({ simulator, ids, fails }) => {
        const [id] = ids(1);
        simulator.faults.push({ status: 503, times: 20 });
        // By the clock each try takes 50 s: they begin at 0, 50 and 100 s.
        const aging = [1, 2, 3].map(async (count) => {
          await simulator.arrived(count);
          passTime(50_000);
        });
        try {
          await fails({ payload: id }, "unavailable", /after 3 tries/, 3);
          await Promise.all(aging);
        } finally {
          restoreTime();
        }
      }));

    it("429 slows the whole connection, not the one request alone", () =>
      withFaults("DELETE", {}, async ({ simulator, ids, fails, works }) => {
        const [first, second] = ids(2);
        simulator.faults.push({ status: 429, headers: { "retry-after": "1" } });
        const begun = performance.now();
        await fails({ payload: first }, "rate-limited", /Try again in 1 s/);
        await works({ payload: second });
        assert.ok(performance.now() - begun >= 900);
      }));
  });
});
