import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { CallName, End } from "../../helpers/hostile-answers.js";
import { serve, type Running } from "../../helpers/servers.js";

const MB = 2 ** 20;

/** So many bytes of the same text again and again. */
function* repeated(text: string, bytes: number): Generator<Buffer> {
  const piece = Buffer.from(text.repeat(Math.ceil(MB / text.length)));
  for (let left = bytes; left > 0; left -= piece.length) yield piece;
}

/** A body that is made while it is sent. */
type Body = () => Iterable<Buffer | string>;

const around =
  (before: string, text: string, bytes: number, after = "]"): Body =>
  () =>
    (function* () {
      yield before;
      yield* repeated(text, bytes);
      yield after;
    })();

/** What makes an element a token, whatever its kind. */
const ID = '"id":"0aaaaaaaaaaaaaaa","name":"a","token_id":1';

const OBJECT_LISTS: CallName[] = ["authorizations.list", "ownAuthorizations"];
const LISTS: [before: string, after: string, calls: CallName[]][] = [
  ['{"authorizations":[', "]}", OBJECT_LISTS],
  ["[", "]", ["databaseTokens.list", "influxdb3Tokens.list"]],
];

/**
 * A heap of 256 MB, which is a quarter of what Node takes on a small machine, outlives them all. What they hold, times
 * what it would take to keep it, would not fit in.
 */
describe("answers that could end Node-RED", function () {
  this.timeout(120_000);
  let server: Running;
  let child: ChildProcess;
  let respond: (response: ServerResponse) => void;

  before(async () => {
    server = await serve((_, response) => respond(response));
    child = fork(
      new URL("../../helpers/hostile-answers.ts", import.meta.url).pathname,
      [`http://127.0.0.1:${server.port}`],
      { execArgv: ["--max-old-space-size=256", "--import", "tsx"] },
    );
  });
  after(async () => {
    child.kill();
    await server.close();
  });

  async function send(call: CallName): Promise<End> {
    const stop = new AbortController();
    const ended = once(child, "exit", stop).then(([code, signal]) => {
      throw new Error(`The client has ended: ${code ?? signal}`);
    });
    child.send(call);
    try {
      return ((await Promise.race([once(child, "message", stop), ended])) as [End])[0];
    } finally {
      ended.catch(() => undefined);
      stop.abort();
    }
  }

  async function endOf(call: CallName, status: number, body: Body, headers = {}): Promise<End> {
    respond = (response) => {
      response.writeHead(status, headers);
      void pipeline(Readable.from(body()), response).catch(() => undefined);
    };
    return send(call);
  }

  const ELEMENTS: [what: string, element: string, bytes: number, code: string | undefined][] = [
    ["zeros", "0,", 20 * MB, "bad-response"],
    ["a million zeros", "0,", MB, "bad-response"],
    ["empty objects", "{},", 20 * MB, "bad-response"],
    ["nulls", "null,", 20 * MB, "bad-response"],
    ["lists in lists", "[", 50 * MB, "bad-response"],
    ["objects in objects", '{"a":', 50 * MB, "bad-response"],
    ["brackets that close", "]", 20 * MB, "bad-response"],
    ["spaces", " ", 100 * MB, "bad-response"],
    ["one endless text", "x", 50 * MB, "bad-response"],
    ["short texts", '"\\u2028",', 50 * MB, "bad-response"],
    ["tokens of other people's servers", '{"ID":"0aaaaaaaaaaaaaaa"},', 100 * MB, "bad-response"],
    ["invalid UTF-8", "\xff\xfe", 20 * MB, "bad-response"],
  ];
  for (const [before, after, calls] of LISTS) {
    for (const call of calls) {
      for (const [what, element, bytes, code] of ELEMENTS) {
        it(`${call}: a list of ${what} is ${code}`, async () => {
          const end = await endOf(call, 200, around(before, element, bytes, `0${after}`));
          assert.equal(end.code, code);
        });
      }

      it(`${call}: 100 MB of pairs in one element are bad-response`, async () => {
        const end = await endOf(call, 200, around(`${before}{`, '"a":"b",', 100 * MB, `"a":0}${after}`));
        assert.equal(end.code, "bad-response");
      });

      it(`${call}: what is around an element with an ID, and not more than a token has, is no harm`, async () => {
        const one = (more: string) => `{${ID},"__proto__":{"id":"x"},${more}}`;
        const many = (count: number, each: (index: number) => string) =>
          Array.from({ length: count }, (_, i) => each(i)).join();
        const elements = [
          one(many(40_000, (index) => `"a${index}":0`)),
          one(many(40_000, () => '"a":"xxxx"')),
          one(`"a":${"9".repeat(450_000)}`),
          one(`"a":"${"\\u0000".repeat(75_000)}"`),
          one(`"${"a".repeat(450_000)}":0`),
        ];
        assert.equal((await endOf(call, 200, () => [before, elements.join(), after])).code, undefined);
      });

      it(`${call}: tokens that hold much in little are bad-response`, async () => {
        for (const each of ["{}", "[]", "0", '"a"', "{},[]"]) {
          const token = `{${ID},"permissions":[${`${each},`.repeat(100_000)}0]},`;
          const end = await endOf(call, 200, around(before, token, 60 * MB, `{}${after}`));
          assert.equal(end.code, "bad-response", each);
        }
      });

      it(`${call}: more than fits into memory is bad-response`, async () => {
        const token = `{${ID},"description":"${"x".repeat(500)}"},`;
        const end = await endOf(call, 200, around(before, token, 600 * MB, `{}${after}`));
        assert.equal(end.code, "bad-response");
      });

      it(`${call}: 50,000 tokens are read, and others have their turn`, async () => {
        const token = `{${ID},"description":"${"x".repeat(500)}"},`;
        const { code, turns } = await endOf(call, 200, around(before, token, 26 * MB, `{}${after}`));
        assert.equal(code, undefined);
        assert.ok(turns > 10);
      });
    }
  }

  const OBJECTS: [call: CallName, status: number][] = [
    ["authorizations.get", 200],
    ["databaseTokens.get", 200],
    ["influxdb3Tokens.regenerate", 201],
    ["influxdb3Tokens.remove", 200],
  ];
  for (const [call, status] of OBJECTS) {
    for (const [what, before, text, bytes] of [
      ["long", '{"id":"', "x", 50 * MB],
      ["deep", "", "[", MB - 10],
      ["long without an end", " ", " ", 1024 * MB],
    ] as const) {
      it(`${call}: a token that is ${what} is bad-response`, async () => {
        assert.equal((await endOf(call, status, around(before, text, bytes))).code, "bad-response");
      });
    }
  }

  for (const call of ["authorizations.list", "databaseTokens.get", "influxdb3Tokens.list"] as const) {
    for (const [status, code] of [
      [401, "unauthorized"],
      [403, "forbidden"],
      [404, "bad-response"],
      [400, "bad-response"],
      [429, "rate-limited"],
      [503, "unavailable"],
      [302, "bad-response"],
    ] as const) {
      it(`${call}: status ${status} with a body without an end is ${code}`, async () => {
        const end = await endOf(call, status, around('{"code":"x","message":"', "\\u0061", 1024 * MB));
        assert.equal(end.code, code);
      });
    }
  }

  it("a list that is longer than the heap is read, where few of it match", async () => {
    const token = `{${ID},"description":"${"x".repeat(500)}"},`;
    const body = around('{"authorizations":[', token, 300 * MB, '{"id":"a","description":"few"}]}');
    const { code, turns } = await endOf("authorizations.list few", 200, body);
    assert.equal(code, undefined);
    assert.ok(turns > 100);
  });

  it("a list of tokens that are long, and match or not, has an end", async () => {
    const token = `{${ID},"description":"${"x".repeat(400_000)}"},`;
    const body = around('{"authorizations":[', token, 1400 * MB, '{"id":"a","description":"few"}]}');
    assert.equal((await endOf("authorizations.list few", 200, body)).code, "bad-response");
  });

  it("a body that comes byte by byte takes no more than its bytes", async () => {
    const chunks = function* () {
      yield "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
      yield* repeated("1\r\n \r\n", 48 * MB);
      yield "0\r\n\r\n";
    };
    respond = (response) => void pipeline(Readable.from(chunks()), response.socket!).catch(() => undefined);
    assert.equal((await send("authorizations.list")).code, "bad-response");
  });
});
