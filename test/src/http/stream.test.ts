import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { asTokenError, TokenError } from "../../../src/errors.js";
import type { ApiCall, ArrivingResponse, Watch } from "../../../src/http/call.js";
import { createHttp, type Http } from "../../../src/http/client.js";
import { readLongList } from "../../../src/http/long-lists.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { all } from "../../../src/tokens/resource.js";
import { serve, type Running } from "../../helpers/servers.js";

const KB = 1024;
const ELEMENT = `{"id":"0aaaaaaaaaaaaaaa","description":"${"x".repeat(500)}"}`;

/** So many bytes of a list, and no more than its beginning. */
const beginning = (bytes: number) => `[${`${ELEMENT},`.repeat(Math.ceil(bytes / (ELEMENT.length + 1)))}`;
const whole = (count: number) => `[${Array(count).fill(ELEMENT).join()}]`;

describe("a list that is read while it arrives", () => {
  let server: Running;
  let https: Http[];
  let requests: ServerResponse[];
  /** How the next requests are answered. */
  let answers: ((response: ServerResponse) => void)[];

  before(async () => {
    server = await serve((_, response) => {
      requests.push(response);
      const answer = answers.shift();
      if (answer) answer(response);
      else response.end("[]");
    });
  });
  after(() => server.close());
  beforeEach(() => {
    [https, requests, answers] = [[], [], []];
  });
  afterEach(() => Promise.all(https.map((http) => http.close())));

  function open({ timeoutSeconds = 10, retries = 0 } = {}): Http {
    const http = createHttp({
      url: new URL(`http://127.0.0.1:${server.port}`),
      authorization: { scheme: "Token", token: fixedToken(new Secret("a-token")) },
      timeoutSeconds,
      retries,
      parallel: 1,
    });
    https.push(http);
    return http;
  }
  const call = (watch?: Watch): ApiCall => ({
    ...{ task: "list things", method: "GET", repeat: "safe", path: ["things"], isList: true, watch },
  });
  const batches = (response: ArrivingResponse) =>
    readLongList(response, undefined, (element) => (element as { id?: string }).id);
  const idsIn = (response: ArrivingResponse) => all(batches(response));
  const failureOf = async (work: Promise<unknown>): Promise<TokenError> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof TokenError, String(error));
    return error;
  };
  /** In the middle of an element. */
  const cut = (bytes: number) => (response: ServerResponse) => {
    response.write(beginning(bytes).slice(0, -9), () => response.destroy());
  };

  it("gives up the rest of an answer whose reader throws at once", async () => {
    const { signal } = new AbortController();
    for (let time = 0; time < 2; time++) {
      answers = [(response) => response.writeHead(201).write(beginning(2 * KB * KB))];
      const http = open({ timeoutSeconds: 1 });
      const failure = new TokenError("bad-response", "no list");
      const reading = http.stream(call({ signal }), () => {
        throw failure;
      });
      assert.equal(await failureOf(reading), failure);
      // The one place is free, and so is the socket.
      assert.deepEqual(await http.stream(call(), idsIn), []);
      if (!requests[0]!.destroyed) await once(requests[0]!, "close");
    }
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("is asked for anew where it is cut, and what was read is forgotten", async () => {
    answers.push(cut(300 * KB), cut(10), (response) => response.end(whole(1000)));
    let retries = 0;
    const ids = await open({ retries: 2 }).stream(call({ onRetry: () => retries++ }), idsIn);
    assert.equal(ids.length, 1000);
    assert.deepEqual([requests.length, retries], [3, 2]);
  });

  it("says that the connection was lost, where it may not be asked for again", async () => {
    answers.push(cut(300 * KB), cut(300 * KB));
    const error = await failureOf(open({ retries: 1 }).stream(call(), idsIn));
    assert.deepEqual([error.code, error.attempts, requests.length], ["network", 2, 2]);
  });

  it("is not asked for anew where its reader makes an error of its own of it", async () => {
    answers.push(cut(300 * KB));
    const error = await failureOf(
      open({ retries: 2 }).stream(call(), async (response) => {
        await idsIn(response).catch((lost: unknown) => {
          throw asTokenError(lost).retold("600 were sent on.");
        });
      }),
    );
    assert.deepEqual([error.reason, requests.length], ["600 were sent on.", 1]);
  });

  it("is given up where its reader stops, which frees its place and its socket", async () => {
    answers.push((response) => {
      response.write(beginning(300 * KB));
      // What never comes to an end.
    });
    const http = open();
    const first = await http.stream(call(), async (response) => {
      for await (const [id] of batches(response)) return id;
      return undefined;
    });
    assert.equal(first, "0aaaaaaaaaaaaaaa");
    if (!requests[0]!.destroyed) await once(requests[0]!, "close");
    assert.deepEqual(await http.stream(call(), idsIn), []);
  });

  it("keeps its place until its body has come to its end, and no longer", async () => {
    let end = (): unknown => undefined;
    answers.push((response) => {
      response.write(beginning(300 * KB));
      end = () => response.end(`${ELEMENT}]`);
    });
    const http = open();
    const order: string[] = [];
    await http.stream(call(), async (response) => {
      let next: Promise<unknown> | undefined;
      for await (const batch of batches(response)) {
        // The next waits for the place: it does not reach the server while the list is under way.
        next ??= http.send(call()).then(() => order.push("next"));
        assert.ok(batch.length > 0);
        assert.equal(requests.length, 1);
        order.push("batch");
        end();
      }
      await next;
    });
    assert.equal(order.at(-1), "next");
    assert.equal(requests.length, 2);
  });

  it("lets a server wait that sends faster than it is read, and holds little of what it sends", async () => {
    let given = 0;
    const block = beginning(KB * KB).slice(1);
    answers.push((response) => {
      response.write("[");
      const more = () => {
        while (given < 200 && response.write(block)) given++;
        if (given++ < 200) response.once("drain", more);
        else response.end(`${ELEMENT}]`);
      };
      more();
    });
    let count = 0;
    await open().stream(call(), async (response) => {
      for await (const batch of batches(response)) {
        count += batch.length;
        // The system's buffers between the two take some megabytes.
        assert.ok(given < (count * ELEMENT.length) / (KB * KB) + 32, `${given} MB were given`);
        await new Promise(setImmediate);
      }
    });
    assert.ok(count > 200 * KB);
  }).timeout(60_000);

  it("does not count the time in which its reader lets it wait", async () => {
    answers.push((response) => response.end(whole(2000)));
    const http = open({ timeoutSeconds: 0.5 });
    const count = await http.stream(call(), async (response) => {
      let count = 0;
      for await (const batch of batches(response)) {
        if (count === 0) await wait(1000);
        count += batch.length;
      }
      return count;
    });
    assert.equal(count, 2000);
  });

  it("ends with the time limit where the server lets wait, however long it drips", async () => {
    answers.push((response) => {
      response.write(beginning(300 * KB));
      const drip = setInterval(() => response.write(" "), 10);
      response.once("close", () => clearInterval(drip));
    });
    const error = await failureOf(open({ timeoutSeconds: 0.5 }).stream(call(), idsIn));
    assert.equal(error.code, "timeout");
  });

  it("ends with its signal, or with the client", async () => {
    for (const end of ["signal", "client"] as const) {
      const control = new AbortController();
      const http = open({ retries: 3 });
      answers.push((response) => void response.write(beginning(300 * KB)));
      const error = await failureOf(
        http.stream(call({ signal: control.signal }), async (response) => {
          for await (const batch of batches(response)) {
            assert.ok(batch.length > 0);
            if (end === "signal") control.abort();
            else void http.close();
          }
        }),
      );
      assert.equal(error.code, "cancelled");
    }
    assert.equal(requests.length, 2);
  });

  it("gives a response that is no success to its reader, without a body", async () => {
    answers.push((response) => response.writeHead(401).end('{"code":"unauthorized","message":"no"}'));
    const seen = await open().stream(call(), async ({ status, error, body }) => {
      let bytes = 0;
      for await (const each of body) bytes += each.length;
      return [status, error?.code, bytes];
    });
    assert.deepEqual(seen, [401, "unauthorized", 0]);
  });
});
