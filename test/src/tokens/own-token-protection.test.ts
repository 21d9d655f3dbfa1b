import assert from "node:assert/strict";
import { TokenError } from "../../../src/errors.js";
import { Secret } from "../../../src/text/secret.js";
import { createOwnTokenProtection, followToken } from "../../../src/tokens/own-token-protection.js";

const { signal } = new AbortController();

interface World {
  /** What is told for sure, one answer after another; the last for ever. */
  found: (string | undefined | Error)[];
  /** What may be the own one where nothing is told for sure. */
  possible?: string[];
}

function guard(
  { found, possible = [] }: World,
  options: { allowed?: boolean; named?: string | undefined } = {},
) {
  let asked = 0;
  const created = createOwnTokenProtection(
    { allowed: options.allowed ?? false, named: options.named },
    {
      find() {
        const answer = found[Math.min(asked++, found.length - 1)];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      mayBe: (id) => Promise.resolve(possible.includes(id) ? "nobody knows" : undefined),
      canBe: (id) => possible.includes(id),
    },
  );
  return {
    refuse: (id: string) => created.begin([id], signal)(id),
    /** What a list shows of tokens. */
    async marks(...ids: string[]) {
      const recognize = await created.recognize(signal);
      return ids.map((id) => recognize(id, {}));
    },
    begin: () => created.begin([], signal),
    asked: () => asked,
  };
}

describe("createOwnTokenProtection", () => {
  it("refuses the one, lets all others pass, and asks once", async () => {
    const { refuse, asked } = guard({ found: ["own"], possible: ["other"] });
    await refuse("other");
    await assert.rejects(refuse("own"), { code: "protected", message: /is the connection's own token/ });
    await refuse("other");
    assert.equal(asked(), 1);
  });

  it("asks once for many targets of a message at once", async () => {
    const { begin, asked } = guard({ found: ["own"] });
    const refuse = begin();
    await Promise.all(["a", "b", "c"].map((id) => refuse(id)));
    assert.equal(asked(), 1);
  });

  it("touches none that may be it where it is not told, and says why and what to do", async () => {
    const { refuse } = guard({ found: [undefined], possible: ["a", "b"] });
    await refuse("other");
    for (const id of ["a", "b"]) {
      await assert.rejects(refuse(id), { code: "protected", message: /nobody knows.*"Own token ID"/ });
    }
  });

  it("takes the user's word for it, if it can be true", async () => {
    const { refuse } = guard({ found: [undefined], possible: ["a", "b"] }, { named: "a" });
    await refuse("b");
    await assert.rejects(refuse("a"), { code: "protected" });
    for (const found of [["a"], [undefined]]) {
      const wrong = guard({ found, possible: ["a"] }, { named: "c" });
      await assert.rejects(wrong.refuse("d"), {
        code: "invalid-config",
        message: /"Own token ID"/,
        fatal: true,
      });
    }
  });

  it("touches nothing where it may not ask, but by the user's word", async () => {
    const refused = new TokenError("unauthorized", "the token lacks the permission read:users.");
    const { refuse } = guard({ found: [refused] });
    await assert.rejects(refuse("any"), {
      code: "unauthorized",
      message: /read:users.*"Own token ID"/,
      fatal: true,
    });
    const named = guard({ found: [refused], possible: ["own"] }, { named: "own" });
    const wrong = guard({ found: [refused] }, { named: "nobody" });
    await assert.rejects(wrong.refuse("any"), { code: "invalid-config" });
    await named.refuse("any");
    await assert.rejects(named.refuse("own"), { code: "protected" });
  });

  it("lets nothing pass while the server does not answer, and asks anew", async () => {
    const { refuse } = guard({ found: [new TokenError("network", "down"), "own"] });
    await assert.rejects(refuse("any"), { code: "network" });
    await refuse("any");
    await assert.rejects(refuse("own"), { code: "protected" });
  });

  it("is recognized in a list, once for all of it and for what comes after", async () => {
    const { marks, refuse, asked } = guard({ found: ["own"], possible: ["own", "other"] });
    assert.deepEqual(await marks("own", "other"), ["own", undefined]);
    assert.deepEqual(await marks("other", "own"), [undefined, "own"]);
    await refuse("other");
    assert.equal(asked(), 1);
  });

  it("may be each that it can be where nothing tells, or nothing answers", async () => {
    for (const found of [undefined, new TokenError("network", "down"), new TokenError("forbidden", "no")]) {
      const { marks } = guard({ found: [found], possible: ["a", "b"] });
      assert.deepEqual(await marks("a", "other", "b"), ["maybe-own", undefined, "maybe-own"]);
    }
  });

  it("is recognized by the user's word without a question", async () => {
    const { marks, asked } = guard({ found: [undefined], possible: ["a", "b"] }, { named: "b" });
    assert.deepEqual(await marks("a", "b"), [undefined, "own"]);
    assert.equal(asked(), 0);
  });

  it("asks nothing and lets all pass where the user says so", async () => {
    const { refuse, asked } = guard({ found: ["own"] }, { allowed: true });
    await refuse("own");
    assert.equal(asked(), 0);
  });
});

describe("followToken", () => {
  const [first, second] = [new Secret("first"), new Secret("second")];

  /** Protects "first" or "second" by the token that is current; `find` is what happens as it is asked which. */
  function follow(find: (own: Secret) => void = () => undefined) {
    const world = { own: first, made: 0 };
    const source = { current: () => world.own, refresh: () => world.own, known: () => [world.own] };
    const protection = followToken(source, (own) => {
      world.made++;
      return createOwnTokenProtection(
        { allowed: false, named: undefined },
        {
          find() {
            find(own);
            return Promise.resolve(own.reveal());
          },
          mayBe: () => Promise.resolve(undefined),
          canBe: () => false,
        },
      );
    });
    return { world, protection };
  }

  it("keeps what is known as long as the token stays", async () => {
    const { world, protection } = follow();
    await protection.begin(["x"], signal)("x");
    await assert.rejects(protection.begin(["first"], signal)("first"), { code: "protected" });
    assert.equal((await protection.recognize(signal))("first", {}), "own");
    assert.equal(world.made, 1);
  });

  it("protects the new token and no longer the old one, also within a message", async () => {
    const { world, protection } = follow();
    const refuse = protection.begin(["first", "second"], signal);
    await refuse("second");
    world.own = second;
    await refuse("first");
    await assert.rejects(refuse("second"), { code: "protected" });
    assert.equal((await protection.recognize(signal))("second", {}), "own");
    assert.equal((await protection.recognize(signal))("first", {}), undefined);
  });

  it("protects the new token where the old one is replaced while it is looked for", async () => {
    const { world, protection } = follow((own) => {
      if (own === first) world.own = second;
    });
    await assert.rejects(protection.begin(["second"], signal)("second"), { code: "protected" });
    world.own = second;
    await protection.begin(["first"], signal)("first");
  });

  it("does not refuse by what was said of the old token while it was replaced", async () => {
    const { world, protection } = follow((own) => {
      if (own !== first) return;
      world.own = second;
      throw new TokenError("unauthorized", "it is gone", { fatal: true });
    });
    await protection.begin(["x"], signal)("x");
    await assert.rejects(protection.begin(["second"], signal)("second"), { code: "protected" });
  });
});
