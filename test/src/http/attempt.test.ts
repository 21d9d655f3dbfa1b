import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import {
  attempt,
  Cancelled,
  FailedAttempt,
  LONGEST_SHORT_LIST,
  TimedOut,
  TooLong,
} from "../../../src/http/attempt.js";
import { freePort } from "../../../simulator/node-red.js";
import { createCancellation, type Cancellation } from "../../../src/http/cancellation.js";
import { createDispatcher } from "../../../src/http/dispatcher.js";
import { serve, type Running } from "../../helpers/servers.js";

describe("attempt", () => {
  let server: Running;
  let respond: (response: ServerResponse) => void;
  let arrived: () => void;
  let dispatcher: Dispatcher;
  let cancellation: Cancellation;
  let origin: string;

  before(async () => {
    server = await serve((_, response) => {
      arrived();
      respond(response);
    });
    origin = `http://127.0.0.1:${server.port}`;
  });
  after(() => server.close());
  beforeEach(async () => {
    arrived = () => undefined;
    cancellation = createCancellation();
    dispatcher = await createDispatcher({ url: new URL(origin), parallel: 1, timeoutSeconds: 5 }, new Set());
  });
  afterEach(() => dispatcher.destroy());

  const request = (path = "/") => ({ origin, path, method: "GET" as const, headers: {}, body: null });
  const send = (options: Partial<Parameters<typeof attempt>[2]> = {}) =>
    attempt(dispatcher, request(), { timeoutMs: 5000, cancellation, ...options });
  const failureOf = (result: Awaited<ReturnType<typeof send>>): FailedAttempt => {
    assert.ok(result instanceof FailedAttempt);
    return result;
  };
  const KB = 1024;
  const sends = (status: number, length: number) => (response: ServerResponse) =>
    response.writeHead(status).end("x".repeat(length));

  it("gives status, header fields and body, and tells of the first two as they come", async () => {
    let seen: unknown;
    respond = (response) => {
      response.writeHead(200, { "x-some": "field" });
      // The body comes when the header is known.
      response.flushHeaders();
      end = () => response.end("body");
    };
    let end = (): unknown => undefined;
    const result = await send({
      onHeaders(status, headers) {
        seen = [status, headers["x-some"]];
        end();
      },
    });
    assert.ok(!(result instanceof FailedAttempt));
    assert.deepEqual(seen, [200, "field"]);
    assert.deepEqual([result.status, result.headers["x-some"]], [200, "field"]);
    assert.equal(Buffer.concat(result.body).toString(), "body");
  });

  it("takes more of a list than of a token, and of an error no more than its beginning", async () => {
    respond = sends(200, 513 * KB);
    assert.ok(failureOf(await send()).error instanceof TooLong);
    assert.ok(!((await send({ longest: LONGEST_SHORT_LIST })) instanceof FailedAttempt));
    respond = sends(500, 513 * KB);
    const result = await send();
    assert.ok(!(result instanceof FailedAttempt));
    assert.equal(result.status, 500);
    assert.ok(Buffer.concat(result.body).length <= 64 * KB);
  });

  it("ends with the time limit, the signal, or everything", async () => {
    respond = () => undefined;
    const control = new AbortController();
    arrived = () => control.abort();
    const stopped = failureOf(await send({ signal: control.signal }));
    assert.ok(stopped.error instanceof Cancelled && stopped.wasSent);
    arrived = () => cancellation.end();
    const ended = failureOf(await send());
    assert.ok(ended.error instanceof Cancelled && ended.wasSent);
    arrived = () => undefined;
    const late = failureOf(await send({ timeoutMs: 1 }));
    assert.ok(late.error instanceof TimedOut);
  });

  it("tells whether there was a connection to send it through", async () => {
    respond = (response) => response.socket?.resetAndDestroy();
    assert.equal(failureOf(await send()).wasSent, true);
    const url = new URL(`http://127.0.0.1:${await freePort()}`);
    const nowhere = await createDispatcher({ url, parallel: 1, timeoutSeconds: 5 }, new Set());
    const result = await attempt(
      nowhere,
      { ...request(), origin: url.origin },
      { timeoutMs: 5000, cancellation },
    );
    assert.equal(failureOf(result).wasSent, false);
    await nowhere.destroy();
  });

  it("leaves its request as it is for the next attempt, whatever the dispatcher writes into it", async () => {
    respond = sends(204, 0);
    const given = request("/path");
    const before = structuredClone(given);
    const dispatch = dispatcher.dispatch.bind(dispatcher);
    dispatcher.dispatch = (options, handler) => dispatch(Object.assign(options, { path: "/other" }), handler);
    await attempt(dispatcher, given, { timeoutMs: 5000, cancellation });
    assert.deepEqual(given, before);
  });
});
