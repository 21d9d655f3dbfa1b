import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer, type Socket } from "node:net";
import { mock } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { databaseTokens } from "../../../src/tokens/database-tokens.js";
import { TokenError } from "../../../src/errors.js";
import { systemClock, type Clock } from "../../../src/clock.js";
import type { ApiCall, Watch } from "../../../src/http/call.js";
import { createHttp, type Http, type HttpOptions } from "../../../src/http/client.js";
import { ENOUGH_IN_ALL, START_PARALLEL, type Parallel } from "../../../src/http/parallelism.js";
import { readProxy } from "../../../src/http/proxy.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken, type TokenSource } from "../../../src/token-source.js";
import { unicode } from "../../helpers/arbitraries.js";
import { ERROR_CODES } from "../../../src/error-codes.js";
import { allOf } from "../../helpers/batches.js";
import { freePort } from "../../../simulator/node-red.js";
import { run, serve, startProxy, type Running } from "../../helpers/servers.js";

/** As the Management API does: what was deleted is not found afterwards. */
function answerAsApi(response: ServerResponse): void {
  if (response.req.method === "DELETE") response.writeHead(204).end();
  else response.writeHead(404).end('{"code":404,"message":"not found"}');
}

/** The clients on a server that answers as each run wants it to. */
describe("createHttp, for any request and any answer", () => {
  let server: Running;
  /** As the requests arrived: `METHOD target`. */
  let arrived: string[];
  let respond: (response: ServerResponse) => void;

  before(async () => {
    server = await serve((request, response) => {
      arrived.push(`${request.method} ${request.url}`);
      respond(response);
    });
  });
  after(() => server.close());
  beforeEach(() => (respond = answerAsApi));

  async function withHttp<T>(
    { prefix = "", token = "a-token", timeoutSeconds = 5, retries = 0, parallel = 1 as Parallel },
    work: (http: Http) => Promise<T>,
  ): Promise<T> {
    arrived = [];
    const url = new URL(`http://127.0.0.1:${server.port}${prefix}`);
    const http = createHttp({
      url,
      authorization: { scheme: "Token", token: fixedToken(new Secret(token)) },
      timeoutSeconds,
      retries,
      parallel,
    });
    try {
      return await work(http);
    } finally {
      await http.close();
    }
  }

  const separators = fc.constantFrom(
    "/",
    "\\",
    ".",
    "..",
    "?",
    "#",
    "%",
    "%2f",
    "%2e",
    ";",
    "&",
    "=",
    "+",
    "a",
  );
  const anyText = fc.oneof(
    unicode,
    fc.string(),
    fc.array(separators, { maxLength: 4 }).map((parts) => parts.join("")),
  );
  const prefix = fc
    .array(fc.webSegment(), { maxLength: 3 })
    .map((segments) => segments.map((each) => `/${each}`).join(""));
  const clientOf = (http: Http, watch: Watch = {}) =>
    authorizations.open({ http, own: { value: new Secret("a-token"), findsByValue: false } }, watch);
  /** What no path can name: nothing, and what a URL takes for the folder itself or the one above. */
  const isNoSegment = (text: string) => ["", ".", ".."].includes(text);

  it("sends each ID as one segment of the path, below the whole path of its URL, or nothing", () =>
    fc.assert(
      fc.asyncProperty(prefix, anyText, anyText, anyText, async (base, accountId, clusterId, id) =>
        withHttp({ prefix: base }, async (http) => {
          const work = databaseTokens.open({ http, cluster: { accountId, clusterId } }, {}).remove(id);
          if ([accountId, clusterId, id].some(isNoSegment)) {
            await assert.rejects(work, { name: "Error", code: "invalid-id" });
            assert.deepEqual(arrived, []);
            return;
          }
          await work;
          const root = new URL(`http://host${base}`).pathname.replace(/\/+$/, "");
          const [target = "", look = ""] = arrived;
          assert.equal(look, target.replace("DELETE", "GET"));
          assert.ok(target.startsWith(`DELETE ${root}/api/v0/`), target);
          assert.doesNotMatch(target, /[?#]/);
          assert.deepEqual(target.slice(`DELETE ${root}/api/v0/`.length).split("/").map(decodeURIComponent), [
            "accounts",
            accountId,
            "clusters",
            clusterId,
            "tokens",
            id,
          ]);
        }),
      ),
    ));

  it("sends nothing for an ID that is no text of whole characters", () =>
    fc.assert(
      fc.asyncProperty(unicode, fc.integer({ min: 0xd800, max: 0xdfff }), async (around, half) =>
        withHttp({}, async (http) => {
          const id = `${around}${String.fromCharCode(half)}-${around}`;
          await assert.rejects(clientOf(http).remove(id), { code: "invalid-id" });
          assert.deepEqual(arrived, []);
        }),
      ),
    ));

  it("sends the names of users and organizations exactly as they are, and nothing beside them", () =>
    fc.assert(
      fc.asyncProperty(anyText, anyText, async (user, org) =>
        withHttp({}, async (http) => {
          await assert.rejects(allOf(clientOf(http).list({ user, org })), TokenError);
          const [path, query = "", ...rest] = arrived[0]!.split("?");
          assert.deepEqual([path, rest], ["GET /api/v2/authorizations", []]);
          const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
          assert.deepEqual(
            query.split("&").map((pair) => pair.split("=").map(decode)),
            [
              ["user", user],
              ["org", org],
            ],
          );
        }),
      ),
    ));

  /** What each client asks for, and the one status that is its success. */
  const CALLS: [status: number, call: (http: Http) => Promise<unknown>][] = [
    [200, (http) => allOf(clientOf(http).list({}))],
    [200, (http) => allOf(clientOf(http).list({ user: "me" }))],
    [200, (http) => clientOf(http).update("0aaaaaaaaaaaaaaa", { status: "inactive" })],
    [204, (http) => clientOf(http).remove("0aaaaaaaaaaaaaaa")],
    [200, (http) => allOf(databaseTokens.open({ http }, {}).list({}))],
    [204, (http) => databaseTokens.open({ http }, {}).remove("55555555-5555-4555-8555-555555555555")],
  ];
  const call = fc.constantFrom(...CALLS);
  const token = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 16,
  });
  const escaped = (text: string) =>
    text.replace(/[^]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
  /** Bodies that hold a text in one way or another. */
  const ECHOES: ((text: string) => string | Buffer)[] = [
    (text) => text,
    (text) => JSON.stringify({ code: "invalid", message: `authorization: Token ${text}` }),
    (text) => JSON.stringify({ code: 400, message: text, [text]: text }),
    (text) => `{"code":"unauthorized","message":"${escaped(text)} is unauthorized"}`,
    (text) => `{"code":"not found","message":"user ${escaped(text)} not found"}`,
    (text) => JSON.stringify({ authorizations: [{ id: text, status: text, token: text }] }),
    (text) => JSON.stringify([{ id: 7, [text]: text }]),
    (text) => `<html><body>${text}</body></html>`,
    (text) => Buffer.from([0xff, 0xfe, ...Buffer.from(text)]),
  ];
  const body = (text: string) =>
    fc.oneof(
      fc.constantFrom(...ECHOES).map((echo) => echo(text)),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(
        '{"authorizations":[]}',
        "[]",
        '{"message":null}',
        "null",
        "",
        '{"message":"path not found"}',
      ),
    );
  const headers = fc.dictionary(
    fc.constantFrom(
      "retry-after",
      "content-type",
      "content-encoding",
      "location",
      "www-authenticate",
      "x-other",
    ),
    fc.oneof(
      fc.string(),
      fc.constantFrom("0", "7", "9".repeat(400), "-1", "gzip", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ),
  );

  it("makes of every answer its result or an error of its own, which never holds the connection's token", () =>
    fc.assert(
      fc.asyncProperty(
        call,
        fc.integer({ min: 200, max: 599 }),
        headers,
        token.chain((secret) => fc.tuple(fc.constant(secret), body(secret))),
        async ([success, work], status, fields, [secret, text]) => {
          respond = (response) => response.writeHead(status, fields).end(text);
          const error: unknown = await withHttp({ token: secret }, work).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error === undefined) {
            assert.equal(status, success);
            return;
          }
          assert.ok(error instanceof TokenError, inspect(error));
          assert.ok(Object.hasOwn(ERROR_CODES, error.code) && error.code !== "unexpected", error.code);
          assert.equal(error.statusCode, status);
          // As Node-RED shows it, as JSON, and with all that its properties hold.
          const { message, cause } = error;
          for (const told of [message, JSON.stringify([error, cause])]) assert.ok(!told.includes(secret));
          assert.ok(!inspect(error, { depth: null, showHidden: true }).includes(secret));
        },
      ),
      { numRuns: 300 },
    ));

  it("takes an answer that announces another, which never comes, for none", () =>
    fc.assert(
      fc.asyncProperty(call, fc.integer({ min: 100, max: 199 }), async ([, work], status) => {
        respond = (response) => response.socket?.write(`HTTP/1.1 ${status} Soon\r\n\r\n`);
        await assert.rejects(withHttp({ timeoutSeconds: 0.05 }, work), ({ code }: TokenError) =>
          ["timeout", "network"].includes(code),
        );
      }),
      { numRuns: 10 },
    ));

  /** Answers these, one after another, and the last of them again and again. */
  function answerInTurn(...answers: ((response: ServerResponse) => void)[]): void {
    respond = (response) => {
      const [next] = answers.length > 1 ? answers.splice(0, 1) : answers;
      next?.(response);
    };
  }
  const endless = (status: number) => (response: ServerResponse) => {
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(10_000)));
    };
    response.writeHead(status).on("drain", more);
    more();
  };

  it("tries again after an error whose body has no end, and does not wait for that", () =>
    withHttp({ retries: 3 }, async (http) => {
      answerInTurn(endless(503), endless(429), endless(502), (response) => response.writeHead(204).end());
      const id = "55555555-5555-4555-8555-555555555555";
      respond = ((before) => (response: ServerResponse) =>
        response.req.method === "DELETE" ? before(response) : answerAsApi(response))(respond);
      assert.deepEqual(await databaseTokens.open({ http }, {}).remove(id), { attempts: 4 });
    }));

  it("leaves nothing behind of its pauses", async () => {
    const any = mock.method(AbortSignal, "any");
    const { signal } = new AbortController();
    const listeners = () => getEventListeners(signal, "abort").length;
    await withHttp({ retries: 2 }, async (http) => {
      const seen: number[] = [];
      answerInTurn((response) => {
        seen.push(listeners());
        response.writeHead(503).end();
      });
      await assert.rejects(allOf(clientOf(http, { signal }).list({})), { code: "unavailable" });
      // That of the one try that is under way.
      assert.deepEqual(seen, [1, 1, 1]);
      await http.now(signal);
    });
    assert.equal(listeners(), 0);
    assert.equal(any.mock.callCount(), 0);
    mock.restoreAll();
  });

  it("counts no call that cannot be sent, for all connections share what is counted", () =>
    withHttp({ parallel: "auto" }, async (http) => {
      for (let time = 0; time < ENOUGH_IN_ALL; time++)
        await assert.rejects(clientOf(http).remove(".."), { code: "invalid-id" });
      let now = 0;
      let most = 0;
      respond = (response) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now--;
          answerAsApi(response);
        }, 20);
      };
      const remove = () => databaseTokens.open({ http }, {}).remove("55555555-5555-4555-8555-555555555555");
      await Promise.all(Array.from({ length: 200 }, remove));
      assert.ok(most > START_PARALLEL, `${most} at once`);
    }));

  /** How a server or a proxy can refuse. */
  type Refused = [who: string, status: number, body: string, code: string, words: RegExp, calls: string];
  const REFUSED: Refused[] = [
    [
      "InfluxDB",
      401,
      '{"code":"unauthorized","message":"unauthorized access"}',
      "unauthorized",
      /does not accept the connection's token/,
      "v2",
    ],
    [
      "the Management API",
      401,
      '{"code":401,"message":"unauthorized"}',
      "unauthorized",
      /does not accept the connection's management token/,
      "v0",
    ],
    ["InfluxDB", 403, '{"code":"forbidden","message":"no"}', "forbidden", /the server forbids it/, "v2"],
    [
      "the Management API",
      403,
      '{"code":403,"message":"no"}',
      "forbidden",
      /no access to this account/,
      "v0",
    ],
    ...["v2", "v0"].flatMap((calls) =>
      [401, 403, 404, 407].flatMap((status) =>
        ["", "Unauthorized", "<html>Log in", '{"message":"no"}', '{"code":"x","message":"no"}', "null"].map(
          (body): Refused => [
            `something with ${body || "nothing"} for ${calls}`,
            status,
            body,
            { 401: "unauthorized", 403: "forbidden", 404: "bad-response", 407: "network" }[status] ?? "",
            /without an error of InfluxDB's own, so it may come from a proxy, a gateway or a login page/,
            calls,
          ],
        ),
      ),
    ),
  ];
  for (const [who, status, text, code, words, calls] of REFUSED) {
    it(`tells who refuses: ${status} of ${who}`, () =>
      withHttp({}, async (http) => {
        respond = (response) => response.writeHead(status).end(text);
        const work =
          calls === "v2" ? allOf(clientOf(http).list({})) : allOf(databaseTokens.open({ http }, {}).list({}));
        const error: unknown = await work.catch((thrown: unknown) => thrown);
        assert.ok(error instanceof TokenError);
        assert.equal(error.code, code);
        assert.match(error.message, words);
        // Each further request would meet the same, but for InfluxDB's own 403, and what is not there.
        assert.equal(error.fatal, (status !== 404 && who !== "InfluxDB") || status === 401);
      }));
  }

  it("tells of a message that is long no more than its beginning, in plain text", () =>
    withHttp({}, async (http) => {
      const message = `a\u001b[31m\n${"x".repeat(60_000)}`;
      respond = (response) =>
        response.writeHead(500).end(JSON.stringify({ code: "internal error", message }));
      const error: unknown = await allOf(clientOf(http).list({})).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof TokenError);
      assert.ok(error.message.length < 400);
      assert.match(error.message, /\("a�\[31m x+"\)/);
      assert.ok(JSON.stringify(error.cause).length < 1200);
    }));
});

describe("createHttp, for a call that may be repeated or not", () => {
  type Fault = (response: ServerResponse) => void;
  const status =
    (code: number): Fault =>
    (response) =>
      response.writeHead(code).end();
  /** For attempts that follow one another as soon as they may. */
  const clock: Clock = { ...systemClock, random: () => 0 };

  /** Sends a call to a server whose first response is a fault; gives what it came to, and the requests that arrived. */
  async function send(
    fault: Fault,
    call: Partial<ApiCall>,
    { port = 0, timeoutSeconds = 5 } = {},
  ): Promise<{ end: string | number; requests: number }> {
    let requests = 0;
    const listen = () => serve((_, response) => (requests++ === 0 ? fault : status(204))(response), port);
    let server = port === 0 ? await listen() : undefined;
    const http = createHttp({
      url: new URL(`http://127.0.0.1:${server?.port ?? port}`),
      authorization: { scheme: "Token", token: fixedToken(new Secret("a-token")) },
      ...{ timeoutSeconds, retries: 5, parallel: 1, clock },
    });
    // A server that was away comes back with the second attempt.
    const back: Promise<unknown>[] = [];
    const onRetry = () => {
      if (port !== 0 && back.length === 0) back.push(listen().then((running) => (server = running)));
    };
    try {
      const end = await http
        .send({ task: "try", method: "PATCH", repeat: "safe", path: ["x"], watch: { onRetry }, ...call })
        .then(
          (response) => response.status,
          (error: unknown) => (error as TokenError).code,
        );
      await Promise.all(back);
      return { end, requests };
    } finally {
      await http.close();
      await server?.close();
    }
  }

  const FAULTS: [
    what: string,
    fault: Fault,
    safe: [string | number, number],
    never: [string | number, number],
  ][] = [
    ["429", status(429), [204, 2], [204, 2]],
    ["502", status(502), [204, 2], [502, 1]],
    ["503", status(503), [204, 2], [503, 1]],
    ["504", status(504), [204, 2], [504, 1]],
    ["a reset", ({ socket }) => socket?.resetAndDestroy(), [204, 2], ["network", 1]],
    ["a connection that is closed", ({ socket }) => socket?.destroy(), [204, 2], ["network", 1]],
    [
      "half a response",
      ({ socket }) => socket?.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
      [204, 2],
      ["network", 1],
    ],
    ["something that is no HTTP", ({ socket }) => socket?.end("no"), [204, 2], ["network", 1]],
    ["500", status(500), [500, 1], [500, 1]],
  ];
  for (const [what, fault, safe, never] of FAULTS) {
    it(`sends it again after ${what} only if that can do no harm`, async () => {
      for (const [repeat, [end, requests]] of [
        ["safe", safe],
        ["never", never],
        // By a 503 the server says that it has not taken it.
        ["if-refused", what === "503" ? safe : never],
      ] as const) {
        assert.deepEqual(await send(fault, { repeat }), { end, requests }, repeat);
      }
    });
  }

  it("sends it once if there is no response in time", async () => {
    for (const repeat of ["safe", "never"] as const) {
      const seen = await send(() => undefined, { repeat }, { timeoutSeconds: 0.3 });
      assert.deepEqual(seen, { end: "timeout", requests: 1 });
    }
  });

  it("sends it when there is a connection, as none of the attempts before has arrived", async () => {
    for (const repeat of ["safe", "never"] as const) {
      const seen = await send(status(204), { repeat }, { port: await freePort() });
      assert.deepEqual(seen, { end: 204, requests: 1 });
    }
  });
});

describe("createHttp, for secrets and clocks that it is given", () => {
  const OWN = "the-own-token-0123";
  const OTHER = "another-token-4567";
  const PASSWORD = "the-proxy-password";

  async function withServer(
    respond: (response: ServerResponse) => void,
    options: Partial<HttpOptions>,
    work: (http: Http) => Promise<void>,
  ): Promise<void> {
    const server = await serve((_, response) => respond(response));
    const http = createHttp({
      url: new URL(`http://127.0.0.1:${server.port}`),
      authorization: { scheme: "Token", token: fixedToken(new Secret(OWN)) },
      ...{ timeoutSeconds: 5, retries: 0, parallel: 1, ...options },
    });
    try {
      await work(http);
    } finally {
      await http.close();
      await server.close();
    }
  }
  const GET = { task: "try", method: "GET", repeat: "safe", path: ["x"] } as const;

  it("withholds those of the connection from every response, and those of a call from its own", () => {
    const text = JSON.stringify({ code: "invalid", message: `no ${OTHER}` });
    return withServer(
      (response) => response.writeHead(500).end(text),
      {},
      async (http) => {
        const own = await http.send({ ...GET, query: { token: OTHER }, secrets: [new Secret(OTHER)] });
        const other = await http.send(GET);
        assert.equal(own.error?.told, "… (it held a secret)");
        assert.equal(own.redactor.concealer(OTHER)?.(`${OTHER} ${OWN}`), "… …");
        assert.equal(other.error?.told, `no ${OTHER}`);
        assert.equal(other.redactor.withhold(`no ${OWN}`), "… (it held a secret)");
      },
    );
  });

  it("gives the text of an error that is no JSON, plain and short, and none of a success", () => {
    const page = `<html>\r\n${"x".repeat(5000)}`;
    const answers: [status: number, body: string][] = [
      [404, "Not found"],
      [500, page],
      [200, "a success"],
    ];
    return withServer(
      (response) => {
        const [status, body] = answers.shift()!;
        response.writeHead(status).end(body);
      },
      {},
      async (http) => {
        const [unknown, long, success] = [await http.send(GET), await http.send(GET), await http.send(GET)];
        assert.deepEqual([unknown.text, unknown.error, success.text], ["Not found", undefined, ""]);
        assert.ok(long.text.startsWith("<html>") && long.text.length <= 1001);
        assert.doesNotMatch(long.text, /[\r\n]/);
      },
    );
  });

  it("sends the host of its own server, whatever a call without a token sent through a proxy", async () => {
    const hosts: unknown[] = [];
    const see = (response: ServerResponse) => {
      hosts.push(response.req.headers.host);
      response.writeHead(204).end();
    };
    const send = (options: Partial<HttpOptions>) =>
      withServer(see, options, async (http) => {
        await http.send({ ...GET, isAnonymous: true });
        await http.send(GET);
      });
    const proxy = await startProxy();
    try {
      await send({ proxy: readProxy(`http://127.0.0.1:${proxy.port}`, "x") });
      assert.equal(proxy.seen.length, 2);
      await send({});
    } finally {
      await proxy.close();
    }
    assert.deepEqual([hosts[0], hosts[2]], [hosts[1], hosts[3]]);
    assert.notEqual(hosts[0], hosts[2]);
  });

  for (const scheme of ["http", "https"]) {
    it(`leaves no socket open to a proxy that says nothing, when it is closed (${scheme})`, async () => {
      // As one in the middle of its TLS handshake.
      const server = createServer();
      const silent = await run(server);
      const arrived = once(server, "connection") as Promise<[Socket]>;
      const http = createHttp({
        url: new URL(`${scheme}://127.0.0.1:1`),
        authorization: { scheme: "Token", token: fixedToken(new Secret(OWN)) },
        ...{ timeoutSeconds: 60, retries: 0, parallel: 1 },
        proxy: readProxy(`https://127.0.0.1:${silent.port}`, "x"),
      });
      try {
        const sending = http.send(GET);
        const [socket] = await arrived;
        const closed = once(socket, "close", { signal: AbortSignal.timeout(5000) });
        await Promise.all([assert.rejects(sending, { code: "cancelled" }), http.close()]);
        await closed;
      } finally {
        await silent.close();
      }
    });
  }

  it("ends what waits for its turn as soon as it is called off", async () => {
    let arrive: (response: ServerResponse) => void;
    const arrived = new Promise<ServerResponse>((resolve) => (arrive = resolve));
    await withServer(
      (response) => arrive(response),
      {},
      async (http) => {
        const first = http.send(GET);
        const stop = new AbortController();
        const watch = { signal: stop.signal };
        const waiting = [
          http.send({ ...GET, watch }),
          http.stream({ ...GET, watch }, () => assert.fail("nothing comes")),
        ];
        const own = http.now(stop.signal);
        stop.abort();
        waiting.push(http.send({ ...GET, watch }));
        const end = { code: "cancelled", attempts: 0 };
        await Promise.all(waiting.map((each) => assert.rejects(each, end)));
        await own;
        (await arrived).writeHead(204).end();
        assert.equal((await first).status, 204);
      },
    );
  });

  it("asks on without delay after many calls that were called off while the server wanted a pause", async () => {
    // Five a second, by which it goes.
    const statuses = [429, 204, 204, 204, 204, 204, 429];
    const clock = { ...systemClock, steady: () => systemClock.steady() + passed };
    let passed = 0;
    await withServer(
      (response) => response.writeHead(statuses.shift() ?? 204).end(),
      { parallel: 64, clock },
      async (http) => {
        while (statuses.length > 0) {
          await http.send(GET);
          passed += 200;
        }
        passed += 1000;
        const stop = new AbortController();
        const all = Array.from({ length: 200 }, () => http.send({ ...GET, watch: { signal: stop.signal } }));
        // As many as may be under way have taken their places.
        await new Promise(setImmediate);
        stop.abort();
        await Promise.allSettled(all);
        const began = performance.now();
        assert.equal((await http.send(GET)).status, 204);
        assert.ok(performance.now() - began < 3000);
      },
    );
  }).timeout(20_000);

  it("withholds the password of its proxy", async () => {
    const proxy = await serve((_, response) =>
      response.writeHead(500).end(JSON.stringify({ message: `you are ${PASSWORD}` })),
    );
    try {
      const address = `http://me:${PASSWORD}@127.0.0.1:${proxy.port}`;
      await withServer(
        () => assert.fail("it goes through the proxy"),
        { proxy: readProxy(address, "x") },
        async (http) => {
          assert.equal((await http.send(GET)).error?.told, "… (it held a secret)");
        },
      );
    } finally {
      await proxy.close();
    }
  });

  it("shows its token to nobody who looks into its options", () => {
    const options = { authorization: { scheme: "Token", token: fixedToken(new Secret(OWN)) } };
    assert.ok(!`${inspect(options, { depth: 9, showHidden: true })}${JSON.stringify(options)}`.includes(OWN));
  });

  /** Answers 401 to all but the accepted tokens, and notes what was sent; the file of the source is `next`. */
  function changing(
    next: readonly string[],
    accepted: string,
    refusal: object = { code: "unauthorized", message: "no" },
  ) {
    const sent: string[] = [];
    const known = [new Secret(OWN)];
    const waiting = [...next];
    const token: TokenSource = {
      current: () => known[0]!,
      refresh() {
        const value = waiting.shift();
        if (value !== undefined) known.unshift(new Secret(value));
        return known[0]!;
      },
      known: () => known,
    };
    const respond = (response: ServerResponse) => {
      const { authorization = "" } = response.req.headers;
      sent.push(`${response.req.method} ${authorization}`);
      if (authorization === `Token ${accepted}`) response.writeHead(204).end();
      else response.writeHead(401).end(JSON.stringify(refusal));
    };
    return { sent, respond, authorization: { scheme: "Token", token } as const };
  }
  const POST = { ...GET, method: "POST", repeat: "never", body: {} } as const;

  for (const refusal of [
    { code: "unauthorized", message: OWN },
    { code: 401, message: OWN },
    { error: "the request was not authenticated" },
  ]) {
    const told = JSON.stringify({ ...refusal, message: undefined });
    it(`sends a call again with the new token, even a POST, if the API refuses the old one by ${told}`, () => {
      const { sent, respond, authorization } = changing([OTHER], OTHER, refusal);
      return withServer(respond, { authorization }, async (http) => {
        const { status, attempts, redactor } = await http.send(POST);
        assert.deepEqual([status, attempts], [204, 2]);
        assert.deepEqual(sent, [`POST Token ${OWN}`, `POST Token ${OTHER}`]);
        for (const value of [OWN, OTHER]) assert.equal(redactor.withhold(value), "… (it held a secret)");
        await http.send(POST);
        assert.equal(sent.length, 3);
      });
    });
  }

  for (const [what, next, refusal, call] of [
    ["there is no other token", [], undefined, GET],
    ["it is not InfluxDB that refuses it", [OTHER], { message: "log in" }, GET],
    ["it is another token that is tried", [OTHER], undefined, { ...GET, token: new Secret("any") }],
    ["no token was sent", [OTHER], undefined, { ...GET, isAnonymous: true }],
  ] as const) {
    it(`does not send it again if ${what}`, () => {
      const { sent, respond, authorization } = changing(next, OTHER, refusal);
      return withServer(respond, { authorization }, async (http) => {
        assert.equal((await http.send(call)).status, 401);
        assert.equal(sent.length, 1);
      });
    });
  }

  it("sends it again once, and not for every further token", () => {
    const { sent, respond, authorization } = changing([OTHER, "third", "fourth"], "fourth");
    return withServer(respond, { authorization, retries: 5 }, async (http) => {
      assert.equal((await http.send(POST)).status, 401);
      assert.deepEqual(sent, [`POST Token ${OWN}`, `POST Token ${OTHER}`]);
    });
  });

  it("takes the time of its own clock for that of a server that does not tell it", () => {
    const clock: Clock = { ...systemClock, now: () => 1_234_567 };
    return withServer(
      (response) => response.socket?.destroy(),
      { clock },
      async (http) => assert.equal(await http.now(), 1_234_567),
    );
  });

  it("rests after too many requests by its own clock", () => {
    const clock = { ...systemClock, steady: () => time };
    let time = 0;
    let requests = 0;
    return withServer(
      (response) => response.writeHead(requests++ === 0 ? 429 : 204, { "retry-after": "3600" }).end(),
      { clock },
      async (http) => {
        assert.equal((await http.send(GET)).status, 429);
        // The longest rest is half a minute.
        time += 30_000;
        assert.equal((await http.send(GET)).status, 204);
      },
    );
  });
});
