import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { TokenError } from "../../src/errors.js";

const requireOfNodeRed = createRequire(require.resolve(process.env.NODE_RED ?? "node-red"));
const { cloneMessage } = (
  requireOfNodeRed("@node-red/util") as { util: { cloneMessage: (msg: object) => { error: TokenError } } }
).util;

/** What the debug sidebar shows of a text. */
const shown = ({ message }: Error) => message.slice(0, 30);

describe("TokenError", () => {
  it("begins with what is wrong, and names the task after it", () => {
    const task = "delete authorization 0aaaaaaaaaaaaaaa";
    const plain = new TokenError("network", "the connection was refused.");
    assert.equal(plain.message, "Server not reached: the connection was refused.");
    assert.equal(
      plain.during(task).message,
      "Server not reached, cannot delete authorization 0aaaaaaaaaaaaaaa: the connection was refused.",
    );
    const exact = new TokenError("unauthorized", "it lacks write:users.", { words: "no permission", task });
    assert.equal(shown(exact), "No permission, cannot delete a");
    assert.deepEqual([plain.words, exact.words], ["server not reached", "no permission"]);
    assert.equal(exact.during("other"), exact);
  });

  it("does not note where it was made, unless that is for us to know", () => {
    const { stackTraceLimit } = Error;
    assert.doesNotMatch(String(new TokenError("network", "no.").stack), /\n/);
    assert.match(String(new TokenError("unexpected", "no.").stack), /errors\.test/);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  });

  it("keeps what is known where it is told anew", () => {
    const cause = { message: "status 429", statusCode: 429, retryAfter: 7 };
    const details = {
      words: "no permission",
      task: "look",
      statusCode: 401,
      fatal: true,
      attempts: 3,
      cause,
    };
    const error = new TokenError("unauthorized", "no.", details).retold("no, again.", { task: "act" });
    assert.equal(error.message, "No permission, cannot act: no, again.");
    assert.deepEqual([error.fatal, error.statusCode, error.attempts], [true, 401, 3]);
    assert.deepEqual({ ...(error.cause as object) }, cause);
  });

  it("has a cause that reads as a sentence, in what Node-RED copies and in JSON, and says nothing of nothing", () => {
    const cause = {
      message: "connect ECONNREFUSED 127.0.0.1:1",
      code: "ECONNREFUSED",
      retryAfter: undefined,
    };
    const { error } = cloneMessage({
      error: { cause: new TokenError("network", "no.", { cause }).cause },
    });
    assert.equal(String(error.cause), "connect ECONNREFUSED 127.0.0.1:1");
    assert.equal(
      JSON.stringify(error.cause),
      '{"message":"connect ECONNREFUSED 127.0.0.1:1","code":"ECONNREFUSED"}',
    );
    assert.ok(!Object.hasOwn(new TokenError("network", "no."), "cause"));
  });
});
