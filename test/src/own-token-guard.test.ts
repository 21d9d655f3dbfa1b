import assert from "node:assert/strict";
import { TokenError } from "../../src/errors.js";
import { createOwnTokenGuard } from "../../src/own-token-guard.js";

const { signal } = new AbortController();

/** A guard that is told these candidates, one after another; the last for ever. */
function guard(answers: (readonly string[] | Error)[], options: { allowed?: boolean; id?: string } = {}) {
  let asked = 0;
  const created = createOwnTokenGuard({
    allowed: options.allowed ?? false,
    id: options.id,
    candidates() {
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  return {
    refuse: (id: string) => created.begin(signal)(id),
    begin: () => created.begin(signal),
    asked: () => asked,
  };
}

describe("createOwnTokenGuard", () => {
  it("refuses the one, lets all others pass, and asks once", async () => {
    const { refuse, asked } = guard([["own"]]);
    await refuse("other");
    await assert.rejects(refuse("own"), { code: "protected" });
    await refuse("other");
    assert.equal(asked(), 1);
  });

  it("asks once for many targets of a message at once", async () => {
    const { begin, asked } = guard([["own"]]);
    const refuse = begin();
    await Promise.all(["a", "b", "c"].map(refuse));
    assert.equal(asked(), 1);
  });

  it("touches none of several, says what to do, and looks again before it refuses", async () => {
    const { refuse } = guard([["a", "b"], ["a", "b"], ["a"]]);
    await refuse("other");
    await assert.rejects(refuse("b"), { code: "protected", message: /one of 2.*"Own token ID"/ });
    // The other is gone meanwhile: now it is known.
    await assert.rejects(refuse("a"), { code: "protected", message: /is the connection's own token/ });
    await refuse("b");
  });

  it("takes the user's word for it, if it can be true", async () => {
    const { refuse } = guard([["a", "b"]], { id: "a" });
    await refuse("b");
    await assert.rejects(refuse("a"), { code: "protected" });
    const wrong = guard([["a", "b"]], { id: "c" });
    await assert.rejects(wrong.refuse("d"), {
      code: "invalid-config",
      message: /"Own token ID"/,
      fatal: true,
    });
  });

  it("touches nothing where it cannot be told, but by the user's word", async () => {
    const refused = new TokenError("unauthorized", "the token lacks the permission read:users.");
    const { refuse } = guard([refused]);
    await assert.rejects(refuse("any"), {
      code: "unauthorized",
      message: /read:users.*"Own token ID"/,
      fatal: true,
    });
    const named = guard([refused], { id: "own" });
    await named.refuse("any");
    await assert.rejects(named.refuse("own"), { code: "protected" });
  });

  it("lets nothing pass while the server does not answer, and asks anew", async () => {
    const { refuse } = guard([new TokenError("network", "down"), ["own"]]);
    await assert.rejects(refuse("any"), { code: "network" });
    await refuse("any");
  });

  it("asks nothing and lets all pass where the user says so", async () => {
    const { refuse, asked } = guard([["own"]], { allowed: true });
    await refuse("own");
    assert.equal(asked(), 0);
  });

  it("protects nothing where the own one is not among those that can be acted upon", async () => {
    const { refuse, asked } = guard([[]]);
    await refuse("any");
    await refuse("other");
    assert.equal(asked(), 1);
  });
});
