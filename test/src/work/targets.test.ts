import assert from "node:assert/strict";
import fc from "fast-check";
import type { IdForm } from "../../../src/ids.js";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { databaseTokens } from "../../../src/tokens/database-tokens.js";
import { TokenError } from "../../../src/errors.js";
import { readTargets, type TokenKind, type Targets } from "../../../src/work/targets.js";
import { anything, hexId, space, unicode, uuid } from "../../helpers/arbitraries.js";
import { BAD_TARGETS } from "../../helpers/bad-targets.js";

const read = (value: unknown) => readTargets(value, authorizations);
const A = "0aaaaaaaaaaaaaaa";
const B = "0bbbbbbbbbbbbbbb";

describe("readTargets", () => {
  it("reads one id, trimmed and in lower case", () => {
    assert.deepEqual(read(` ${A.toUpperCase()}\n`), {
      many: false,
      list: [{ id: A, known: {}, listed: {} }],
      dryRun: false,
    });
  });

  it("reads an object with an id, and keeps what is worth a record, but no token", () => {
    const { list } = read({
      id: A,
      user: "me",
      token: "secret",
      permissions: [],
      status: 1,
      outcome: "updated",
    });
    assert.deepEqual(list, [{ id: A, known: { user: "me" }, listed: { status: "[1]" } }]);
  });

  it("reads a circular object by its id", () => {
    const object: Record<string, unknown> = { id: A };
    object.self = object;
    assert.deepEqual(read(object).list, [{ id: A, known: {}, listed: {} }]);
  });

  it("reads an array of either, and keeps the first of each id", () => {
    const { many, list } = read([B, { id: A, user: "first" }, { id: A.toUpperCase(), user: "second" }, B]);
    assert.equal(many, true);
    assert.deepEqual(list, [
      { id: B, known: {}, listed: {} },
      { id: A, known: { user: "first" }, listed: {} },
    ]);
  });

  it("compares as the form of the IDs says, and changes nothing itself", () => {
    const reference: IdForm = {
      ...{ name: "hexId", word: "ID", pattern: /^[^_]/, expected: "a name" },
      normalize: (text) => text,
      split: (text) => [text],
    };
    const named: TokenKind = { ...authorizations, noun: "admin token", reference };
    const names = ["CI", "ci", " ci", "CI", "ci\n"];
    assert.deepEqual(
      readTargets(names, named).list.map(({ id }) => id),
      ["CI", "ci", " ci", "ci\n"],
    );
    assert.throws(() => readTargets("_admin", named), { code: "invalid-id" });
    // The space is part of the name.
    assert.equal(readTargets(" _admin", named).list[0]!.id, " _admin");
  });

  it("keeps how the token was listed, in a form that can be compared", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const uuid = "55555555-5555-4555-8555-555555555555";
    const permissions = [{ action: "read", resource: "a" }];
    const listed = (token: object) => readTargets({ id: uuid, ...token }, databaseTokens).list[0]!.listed;
    assert.deepEqual(listed({ createdAt: "x", permissions, expiresAt: null, other: 1 }), {
      createdAt: "x",
      permissions: JSON.stringify([permissions]),
    });
    // What no server says is not as any token was listed.
    for (const odd of [circular, 1n]) assert.deepEqual(listed({ permissions: odd }), { permissions: "none" });
  });

  it("hears an object ask for a dry run", () => {
    assert.equal(read({ id: A, dryRun: true }).dryRun, true);
    assert.equal(read([B, { id: A, dry_run: "yes" }]).dryRun, true);
    assert.equal(read([{ id: A, dryRun: false }]).dryRun, false);
    assert.throws(() => read([{ id: A, dryRun: "" }]), { code: "invalid-config" });
  });

  it("does not take an array of holes for an empty one", () => {
    assert.throws(() => read(new Array(3)), { code: "missing-id" });
  });

  it("reads an empty array as nothing to do", () => {
    assert.deepEqual(read([]), { many: true, list: [], dryRun: false });
  });

  it("takes what cannot even be looked at for no ID", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const value of [proxy, [proxy], { id: proxy }])
      assert.throws(() => read(value), { code: "invalid-id" });
  });

  for (const [what, value, code] of BAD_TARGETS) {
    it(`answers ${what} with ${code}`, () => {
      assert.throws(() => read(value), { code });
    });
  }

  it("says which element of an array is wrong, of what kind it is, and what was expected, but not the value", () => {
    assert.throws(() => read([A, "my-secret-token"]), {
      message:
        "Not an ID: found a text of 15 characters in element 1 of the array instead of an authorization ID, expected 16 hexadecimal digits. " +
        'Use the "id" of the authorization, not its token or its name.',
    });
  });

  it("counts one character as one", () =>
    assert.throws(() => read("x"), {
      message: /found a text of 1 character instead of an authorization ID, expected/,
    }));

  it("says what to put before the node where the cause can be told", () => {
    for (const value of [`["${A}"]`, [`["${A}"]`], { id: `["${A}"]` }]) {
      assert.throws(() => read(value), {
        code: "invalid-id",
        message: /\. It looks like JSON: put a JSON node/,
      });
    }
    for (const value of [Promise.resolve(A), [Promise.resolve(A)]]) {
      assert.throws(() => read(value), { code: "missing-id", message: /lacks an await/ });
    }
    const bytes = { code: "invalid-id", message: /output of the node before/ };
    assert.throws(() => read(new TextEncoder().encode(A)), bytes);
    assert.throws(() => read(JSON.parse(JSON.stringify(Buffer.from(A)))), bytes);
  });
});

describe("readTargets, for any value", () => {
  const spelled = (id: fc.Arbitrary<string>) => fc.tuple(space, id, space).map((parts) => parts.join(""));
  /** The id in any spelling and space, bare or in an object. */
  const named = (id: fc.Arbitrary<string>) =>
    spelled(id).chain((text) => fc.constantFrom<unknown>(text, { id: text }));
  const idOf = (value: unknown) =>
    (typeof value === "string" ? value : (value as { id: string }).id).trim().toLowerCase();
  const KINDS: [TokenKind, fc.Arbitrary<string>][] = [
    [authorizations, hexId],
    [databaseTokens, uuid],
  ];
  const attempt = (value: unknown, kind: TokenKind): Targets | TokenError => {
    try {
      return readTargets(value, kind);
    } catch (error) {
      assert.ok(error instanceof TokenError, String(error));
      return error;
    }
  };

  for (const [kind, id] of KINDS) {
    it(`reads each ${kind.noun} ID once, in lower case, in the order of the first of each, which stays`, () => {
      fc.assert(
        fc.property(fc.array(spelled(id), { minLength: 1 }), fc.array(fc.nat()), (distinct, again) => {
          const texts = [...distinct, ...again.map((index) => distinct[index % distinct.length]!)];
          const known = texts.map((_, index) => (index % 2 === 0 ? {} : { description: `${index}` }));
          const value = texts.map((text, index) => (index % 2 === 0 ? text : { id: text, ...known[index] }));
          const ids = texts.map((text) => text.trim().toLowerCase());
          const listed = (index: number) => (kind.listed.includes("description") ? known[index] : {});
          const first = ids.map((each, index) => ({ id: each, known: known[index], listed: listed(index) }));
          const list = first.filter((target, index) => ids.indexOf(target.id) === index);
          assert.deepEqual(readTargets(value, kind), { many: true, list, dryRun: false });
        }),
      );
    });

    it(`reads one ${kind.noun} ID as one`, () => {
      fc.assert(
        fc.property(named(id), (value) => {
          const { many, list } = readTargets(value, kind);
          assert.deepEqual([many, list.map((target) => target.id)], [false, [idOf(value)]]);
        }),
      );
    });

    it(`takes nothing else for a ${kind.noun} ID, and throws nothing else than that`, () => {
      fc.assert(
        fc.property(fc.oneof(anything, fc.array(anything), fc.record({ id: anything })), (value) => {
          const result = attempt(value, kind);
          if (result instanceof TokenError) assert.match(result.code, /^(missing|invalid)-id$/);
          else for (const target of result.list) assert.match(target.id, kind.reference.pattern);
        }),
      );
    });

    it(`refuses the whole array for one that is no ${kind.noun} ID`, () => {
      const bad = fc.oneof(
        unicode.filter((text) => !kind.reference.pattern.test(text.trim())),
        id.map((text) => `${text}0`),
        id.map((text) => text.slice(1)),
        fc.constantFrom(null, 7, [], {}),
      );
      fc.assert(
        fc.property(fc.array(named(id)), bad, fc.array(named(id)), (before, wrong, after) => {
          assert.ok(attempt([...before, wrong, ...after], kind) instanceof TokenError);
        }),
      );
    });
  }

  it("never repeats the given value in the error", () => {
    // Long enough not to be found in the sentence by chance.
    const secret = fc.string({ unit: "binary", minLength: 20 }).filter((text) => text.trim().length >= 20);
    const holding = secret.chain((text) =>
      fc.tuple(fc.constant(text), fc.constantFrom<unknown>(text, { id: text }, [text], { id: [text] })),
    );
    fc.assert(
      fc.property(holding, ([text, value]) => {
        const error = attempt(value, authorizations);
        assert.ok(error instanceof TokenError);
        assert.ok(!error.message.includes(text.trim()));
      }),
    );
  });

  it("keeps of an object, or of what a record has of its token, the texts that are worth a record alone", () => {
    const names = fc.constantFrom(...authorizations.known, "token", "accessToken", "outcome", "__proto__");
    fc.assert(
      fc.property(hexId, fc.dictionary(names, anything), fc.boolean(), (id, said, isRecord) => {
        const given = isRecord ? { id, outcome: "updated", token: said } : { ...said, id, token: "secret" };
        const [target] = readTargets(given, authorizations).list;
        const texts = authorizations.known.filter((name) => typeof said[name] === "string");
        assert.deepEqual(target!.known, Object.fromEntries(texts.map((name) => [name, said[name]])));
      }),
    );
  });

  it("refuses a record whose token cannot be read", () => {
    const token = new Proxy({}, { get: () => assert.fail("no") });
    assert.throws(() => readTargets({ id: "0123456789abcdef", token }, authorizations), {
      code: "invalid-id",
    });
  });
});
