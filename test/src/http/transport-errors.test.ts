import assert from "node:assert/strict";
import { inspect } from "node:util";
import { FailedAttempt, TimedOut, TooLong } from "../../../src/http/attempt.js";
import type { ApiCall } from "../../../src/http/call.js";
import { transportError } from "../../../src/http/transport-errors.js";
import { createRedactor } from "../../../src/text/redactor.js";
import { Secret } from "../../../src/text/secret.js";

describe("transportError", () => {
  const GET: ApiCall = { task: "list things", method: "GET", repeat: "safe", path: [] };
  const DELETE: ApiCall = { ...GET, task: "delete it", method: "DELETE" };
  const SECRET = "a-token-of-somebody";
  const context = {
    attempts: 1,
    timeoutMs: 7000,
    longest: 512 * 1024,
    redactor: createRedactor([new Secret(SECRET)]),
  };
  const errorOf = (call: ApiCall, failed: FailedAttempt, attempts = 1) =>
    transportError(call, failed, { ...context, attempts });
  const lost = (code: string, wasSent = true, message = "") =>
    new FailedAttempt(Object.assign(new Error(message), { code }), wasSent);

  const CASES: [what: string, failed: FailedAttempt, code: string, words: RegExp, fatal: boolean][] = [
    ["its own time limit", new FailedAttempt(new TimedOut(), true), "timeout", /no answer within 7 s/, false],
    ["the time limit of a connection", lost("UND_ERR_CONNECT_TIMEOUT", false), "timeout", /7 s/, true],
    ["a response without an end", new FailedAttempt(new TooLong(), true), "bad-response", /512 KB/, false],
    ["an old certificate", lost("CERT_HAS_EXPIRED", false), "tls", /has expired/, true],
    ["a CA that is not known", lost("SELF_SIGNED_CERT_IN_CHAIN", false), "tls", /Give its CA/, true],
    ["no common version of TLS", lost("EPROTO", false), "tls", /agree on no secure connection/, true],
    ["a port without a server", lost("ECONNREFUSED", false), "network", /was refused/, true],
    ["a reset", lost("ECONNRESET"), "network", /was lost/, false],
    [
      "a proxy",
      lost("UND_ERR_ABORTED", false, "Proxy response (403)"),
      "network",
      /the proxy did not/,
      false,
    ],
    ["anything else", lost("HPE_INVALID_CONSTANT"), "network", /the network failed/, false],
  ];
  for (const [what, failed, code, words, fatal] of CASES) {
    it(`${what} is ${code}`, () => {
      const error = errorOf(GET, failed);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.equal(error.fatal, fatal);
      assert.doesNotMatch(error.message, /carried it out|tried/);
      assert.equal(error.attempts, undefined);
    });
  }

  it("says of a change that it may have been made, if the request may have arrived", () => {
    const isSaid = (failed: FailedAttempt) =>
      / may have carried it out/.test(errorOf(DELETE, failed).message);
    assert.ok(isSaid(lost("ECONNRESET")) && isSaid(new FailedAttempt(new TimedOut(), true)));
    assert.ok(!isSaid(lost("ECONNRESET", false)) && !isSaid(new FailedAttempt(new TimedOut(), false)));
  });

  it("tells how often it was tried, and no secret of what lies beneath", () => {
    const error = errorOf(DELETE, lost("ECONNRESET", true, `sent ${SECRET}`), 3);
    assert.match(error.message, /It was tried 3 times\.$/);
    assert.equal(error.attempts, 3);
    assert.deepEqual({ ...(error.cause as object) }, { message: "… (it held a secret)", code: "ECONNRESET" });
    assert.equal(String(error.cause), "… (it held a secret)");
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(SECRET));
  });
});
