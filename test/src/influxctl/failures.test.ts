import assert from "node:assert/strict";
import { explain, explainNoStart } from "../../../src/influxctl/failures.js";

const failed = { exit: 1 };
const meaning = (words: string, ended: Parameters<typeof explain>[0] = failed) => {
  const { code, fatal = false } = explain(ended, words, words, 5);
  return `${code}${fatal ? ", fatal" : ""}`;
};
const DIALING =
  'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing:';
const HANDSHAKE =
  'rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed:';
const LOGIN = "To log in, visit https://auth.influxdata.com/activate?user_code=WDJB-MJHT";
const PAGE = `<html><title>ERROR: Cache Access Denied</title>
<p>Sorry, you are not allowed to request https://console.influxdata.com until you have authenticated yourself.
<a href="https://proxy.example.com/login?user_code=1">Sign in</a></html>`;

describe("a failure of influxctl", () => {
  for (const [words, expected] of [
    ["rpc error: code = Unauthenticated desc = bad token", "unauthorized, fatal"],
    ["rpc error: code = PermissionDenied desc = no", "forbidden, fatal"],
    ["rpc error: code = NotFound desc = account not found", "not-found, fatal"],
    ["rpc error: code = ResourceExhausted desc = slow down", "rate-limited"],
    ["rpc error: code = DeadlineExceeded desc = context deadline exceeded", "timeout"],
    ["rpc error: code = Unavailable desc = transport is closing", "unavailable"],
    ["rpc error: code = Internal desc = oops", "influxctl-failed"],
    [`${DIALING} dial tcp 10.0.0.1:443: connect: connection refused"`, "network, fatal"],
    [`${DIALING} dial tcp: lookup influx.example.com on 10.0.0.2:53: no such host"`, "network, fatal"],
    [`${DIALING} dial tcp 10.0.0.1:443: i/o timeout"`, "timeout"],
    ["read tcp 10.0.0.1:5->10.0.0.2:443: read: connection reset by peer", "network"],
    ["net/http: TLS handshake timeout", "timeout"],
    [`${HANDSHAKE} tls: failed to verify certificate: x509: certificate has expired"`, "tls, fatal"],
    [`${HANDSHAKE} tls: first record does not look like a TLS handshake"`, "tls, fatal"],
    ["x509: certificate signed by unknown authority", "tls, fatal"],
    [`${DIALING} failed to do connect handshake, response: \\"HTTP/1.1 407 Proxy\\""`, "network"],
    ["proxyconnect tcp: tls: first record does not look like a TLS handshake", "network"],
    ["proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused", "network"],
    ["unexpected HTTP status code received from server: 407 (Proxy Authentication Required)", "network"],
    [`unexpected status 407: ${PAGE}`, "network"],
    [PAGE, "influxctl-failed"],
    ["the token bucket is empty, took 407 ms", "influxctl-failed"],
    ["unknown flag: --format", "influxctl-failed, fatal"],
    [`${LOGIN}\nfailed to log in: context deadline exceeded`, "unauthorized, fatal"],
    ["https://example.com/activate?user_code=1 authentication", "influxctl-failed"],
  ] as const) {
    it(`that says ${JSON.stringify(words.slice(-70))} is ${expected}`, () => {
      assert.equal(meaning(words), expected);
    });
  }

  it("means what it says last; before that are warnings", () => {
    const warning = "WARN: cannot look for a newer version: dial tcp: lookup example.com: no such host";
    assert.equal(
      meaning(`${warning}\nError: rpc error: code = PermissionDenied desc = no\n`),
      "forbidden, fatal",
    );
  });

  it("is a login that nobody makes, or a time that is over", () => {
    const ended = { exit: null, stopped: "timeout" } as const;
    assert.equal(meaning(`WARN: x\n${LOGIN}`, ended), "unauthorized, fatal");
    assert.equal(meaning(PAGE, ended), "timeout");
    assert.equal(meaning("", ended), "timeout");
  });

  it("tells how it ended where it says nothing", () => {
    assert.match(explain({ exit: 3 }, "", "", 5).reason, /^influxctl failed \(exit code 3\)\. /);
    assert.match(explain({ exit: "SIGSEGV" }, "", "", 5).reason, /\(ended by SIGSEGV\)/);
  });

  it("is a program that did not start, and says what to do", () => {
    for (const [code, expected] of [
      ["ENOENT", /^influxctl-missing: influxctl was not found as "influx ctl", .* set its path/],
      ["EACCES", /^influxctl-missing: /],
      ["EMFILE", /^influxctl-failed: .* could not be started \(EMFILE\)\. Too many files are open: /],
      ["ENFILE", /^influxctl-failed: .* \(ENFILE\)\. Too many files are open: /],
      ["ENOEXEC", /^influxctl-failed: .* \(ENOEXEC\)\. Check its path/],
    ] as const) {
      const failure = explainNoStart(Object.assign(new Error(), { code }), "influx ctl");
      assert.match(`${failure.code}: ${failure.reason}`, expected);
      assert.equal(failure.fatal, true);
    }
  });

  it("is explained fast, whatever it says", () => {
    for (const part of ["unknown flag ", "HTTP/1.1.1 ", "code ", "x509: tls: 407 ", "\n", "server =\\"])
      assert.ok(meaning(part.repeat(24_000 / part.length)));
  });
});
