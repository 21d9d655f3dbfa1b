import assert from "node:assert/strict";
import fc from "fast-check";
import type { Clock } from "../../../src/clock.js";
import { factsOf } from "../../../src/error-codes.js";
import { FailedAttempt, TimedOut } from "../../../src/http/attempt.js";
import type { ApiCall } from "../../../src/http/call.js";
import { refusal } from "../../../src/http/refusals.js";
import {
  isTooMany,
  mayHaveTakenEffect,
  mayTryAgain,
  retryAfterSeconds,
  retryDelayMs,
  signOf,
} from "../../../src/http/retries.js";
import { createRedactor } from "../../../src/text/redactor.js";
import { unicode } from "../../helpers/arbitraries.js";

describe("retryAfterSeconds", () => {
  const of = (value?: string) => retryAfterSeconds({ headers: { "retry-after": value } });

  it("reads seconds, and a date", () => {
    assert.equal(of("12"), 12);
    assert.equal(of("0"), 0);
    const wait = of(new Date(Date.now() + 60_000).toUTCString()) ?? NaN;
    assert.ok(wait > 50 && wait <= 60);
    assert.equal(of(new Date(0).toUTCString()), 0);
  });

  it("takes nonsense for nothing", () => {
    for (const value of ["soon", "", "-1", "1.5", undefined]) assert.equal(of(value), undefined);
  });

  it("is a number of seconds that can be waited, or nothing", () => {
    const digits = fc.string({ unit: fc.constantFrom("0", "9"), minLength: 1, maxLength: 400, size: "max" });
    const date = fc.date().map((at) => at.toUTCString());
    const text = fc.oneof(
      digits,
      date,
      unicode,
      unicode.map((any) => `${any} GMT`),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.array(unicode)), (value) => {
        const seconds = retryAfterSeconds({ headers: { "retry-after": value } });
        assert.ok(seconds === undefined || (Number.isFinite(seconds) && seconds >= 0), String(seconds));
      }),
    );
  });
});

const response = (status: number, headers = {}) => ({ status, headers, body: [] });
const failed = (code: string, wasSent: boolean, message = "") =>
  new FailedAttempt(Object.assign(new Error(message), { code }), wasSent);

describe("what a result means to a call", () => {
  const CASES: [what: string, result: Parameters<typeof mayTryAgain>[1], safe: boolean, never: boolean][] = [
    ["429", response(429), true, true],
    ["502", response(502), true, false],
    ["503", response(503), true, false],
    ["504", response(504), true, false],
    ["500", response(500), false, false],
    ["a success", response(204), false, false],
    ["a connection that was refused", failed("ECONNREFUSED", false), true, true],
    ["a connection lost before it was used", failed("ECONNRESET", false), true, true],
    ["a connection lost after it", failed("ECONNRESET", true), true, false],
    [
      "a proxy that refused it",
      failed("UND_ERR_INVALID_ARG", true, "Proxy Authentication Required"),
      true,
      true,
    ],
    ["no response in time", new FailedAttempt(new TimedOut(), true), false, false],
    ["a certificate that has expired", failed("CERT_HAS_EXPIRED", false), false, false],
  ];
  for (const [what, result, safe, never] of CASES) {
    it(`${what}: another attempt is ${safe ? "" : "not "}safe, and ${never ? "" : "not "}made in any case`, () => {
      assert.equal(mayTryAgain({ repeat: "safe" }, result), safe);
      assert.equal(mayTryAgain({ repeat: "never" }, result), never);
      assert.equal(mayTryAgain({ repeat: "if-refused" }, result), never || what === "503");
    });
  }

  it("tries again only what the table of codes says is tried again", () => {
    const call: ApiCall = { task: "try", method: "GET", repeat: "safe", path: [] };
    for (let status = 300; status < 600; status++) {
      if (!mayTryAgain(call, response(status))) continue;
      const answer = {
        ...response(status),
        call,
        error: undefined,
        text: "",
        attempts: 1,
        mayBeRepeated: false,
      };
      const { code } = refusal({ ...answer, redactor: createRedactor([]) });
      assert.ok(factsOf(code).isRetried, `${status}: ${code}`);
    }
  });

  it("tells what may have taken effect, and what is too many", () => {
    const all = CASES.map(([what, result]) => [what, result] as const);
    assert.deepEqual(
      all.filter(([, result]) => mayHaveTakenEffect(result)).map(([what]) => what),
      ["502", "504", "a connection lost after it", "no response in time"],
    );
    assert.deepEqual(
      all.filter(([, result]) => isTooMany(result)).map(([what]) => what),
      ["429"],
    );
  });

  it("tells how much the server can take, or nothing", () => {
    assert.deepEqual(
      CASES.map(([what, result]) => [what, signOf(result, 7)] as const).filter(
        ([, sign]) => sign !== undefined,
      ),
      [
        ["429", "refused"],
        ...["502", "503", "504"].map((what) => [what, "overloaded"]),
        ["a success", 7],
        ["no response in time", "overloaded"],
      ],
    );
  });
});

describe("retryDelayMs", () => {
  const clock: Clock = { now: () => 0, steady: () => 0, random: () => 0.5 };
  const lost = failed("ECONNRESET", true);

  it("doubles each time, up to half a minute", () => {
    const delays = [1, 2, 3, 4, 20].map((attempts) => retryDelayMs(attempts, lost, clock));
    assert.deepEqual(delays, [187.5, 375, 750, 1500, 30_000]);
  });

  it("varies by half", () => {
    const of = (random: number) => retryDelayMs(1, lost, { ...clock, random: () => random });
    assert.deepEqual([of(0), of(1)], [125, 250]);
  });

  it("is what the server asks for, but no less than the own, and no more than half a minute", () => {
    const asking = (header: string) => retryDelayMs(1, response(429, { "retry-after": header }), clock);
    assert.deepEqual(
      [asking("7"), asking("0"), asking("3600"), asking("soon")],
      [7000, 187.5, 30_000, 187.5],
    );
  });
});
