import assert from "node:assert/strict";
import fc from "fast-check";
import { asTokenError } from "../../../src/errors.js";
import type { Http } from "../../../src/http/client.js";
import { createRotation, type Rotation } from "../../../src/rotation/rotation.js";
import { Secret } from "../../../src/text/secret.js";
import { influxdb3Tokens } from "../../../src/tokens/influxdb3-tokens.js";
import { markIn, withoutMark } from "../../../src/tokens/marks.js";
import type { NamedToken } from "../../../simulator/influxdb3/world.js";
import { closing } from "../../helpers/closing.js";
import { answer, startTokens, type Started } from "../../helpers/influxdb3.js";

/** What can happen to one request of a step. */
const FAULTS = [
  "kill before",
  "kill after",
  "drop before",
  "drop after",
  "500",
  "404",
  "403",
  "502",
] as const;
type Fault = (typeof FAULTS)[number];

const STEPS = ["begin", "finish", "withdraw"] as const;

interface Move {
  step: (typeof STEPS)[number];
  fault?: { at: number; what: Fault } | undefined;
  /** Whether Node-RED ends after the step, which forgets the value. */
  restarts: boolean;
}

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    step: fc.constantFrom(...STEPS),
    fault: fc.option(fc.record({ at: fc.nat(9), what: fc.constantFrom(...FAULTS) }), { nil: undefined }),
    restarts: fc.boolean(),
  }),
  { maxLength: 8 },
);

class Killed extends Error {}

const END = { mayEnd: () => Promise.resolve(), revokes: true };

/** Those that have a name for good, and cannot be switched off. */
describe("a rotation of tokens that are known by their names", () => {
  const also = closing(afterEach);
  let started: Started;

  beforeEach(async () => {
    started = await also(startTokens());
  });

  const byValue = (value: string) => [...started.world.tokens.values()].find((each) => each.value === value);

  /** A client that uses what it was given last, and one token for it. */
  function stage() {
    const base = `press ${started.world.tokens.size}`;
    const old = started.world.addToken({ name: base });
    return {
      base,
      /** As it is when a rotation begins. */
      old,
      client: { value: old.value },
      family: () => [...started.world.tokens.values()].filter(({ name }) => withoutMark(name) === base),
    };
  }
  type Stage = ReturnType<typeof stage>;

  /** One run of Node-RED: its requests, of which one may fail, and after a kill none is sent any more. */
  function processOf(
    { client }: Stage,
    fault?: Move["fault"],
    { isProtected }: { isProtected?: (id: string) => boolean } = {},
  ): Rotation {
    let count = 0;
    let isDead = false;
    const send: Http["send"] = async (call) => {
      const what = count++ === fault?.at ? fault.what : undefined;
      if (what === "kill before") isDead = true;
      if (isDead) throw new Killed();
      switch (what) {
        case "drop before":
        case "drop after":
          started.faults.push({ drop: what === "drop before" ? "before" : "after" });
          break;
        case "500":
        case "403":
          started.faults.push(answer(Number(what), "no"));
          break;
        case "404":
        case "502":
          started.faults.push({ status: Number(what), body: "<html>no" });
      }
      try {
        return await started.http.send(call);
      } finally {
        assert.ok(started.world.active(client.value), `the client stands without a token after ${call.task}`);
        if (what === "kill after") {
          isDead = true;

          throw new Killed();
        }
      }
    };
    const http = { ...started.http, send };
    return createRotation({
      kind: influxdb3Tokens,
      tokens: influxdb3Tokens.open({ http }, {}),
      check: (value) => influxdb3Tokens.check({ http }, value, {}),
      ...(isProtected && { isProtected }),
      worksWithin: 0,
    });
  }

  /** The value of the successor, as long as Node-RED runs. */
  let known: { value: Secret; successor: string } | undefined;

  async function move(on: Stage, { step, fault, restarts }: Move): Promise<unknown> {
    const rotation = processOf(on, fault);
    const { name } = on.old;
    let failure: unknown;
    try {
      switch (step) {
        case "begin": {
          const begun = await rotation.begin(name);
          assert.ok("value" in begun);
          known = { value: begun.value, successor: begun.successor.id };
          on.client.value = begun.value.reveal();
          break;
        }
        case "finish":
          // The flow does not say so of a client that it has told to go back.
          if (known && known.value.reveal() !== on.client.value) break;
          await rotation.finish(name, { value: known?.value, successor: known?.successor }, END);
          break;
        case "withdraw":
          // The flow has told its client to go back to the old one.
          on.client.value = on.old.value;
          await rotation.withdraw(name, known?.successor, "remove", END.mayEnd);
      }
    } catch (error) {
      if (error instanceof assert.AssertionError || fault === undefined) failure = error;
    }
    started.faults.length = 0;
    if (restarts || fault?.what.startsWith("kill")) known = undefined;
    if (failure instanceof assert.AssertionError) throw failure;
    return failure;
  }

  const shown = (tokens: NamedToken[]) => tokens.map(({ id, name }) => `${id} ${name}`).join("\n");

  /** Each token is one that its name tells of, or the one that everybody uses; and there is one if the old one is gone. */
  function assertKnown({ old, client, family }: Stage): void {
    const all = family();
    for (const { name, value } of all) {
      const mark = markIn(name);
      const isNamed = mark?.kind === "successor" && mark.of === String(old.id);
      assert.ok(isNamed || value === client.value || value === old.value, `nobody knows of "${name}"`);
    }
    if (!all.includes(old))
      assert.deepEqual(
        all.map(({ value }) => value),
        [client.value],
        shown(all),
      );
  }

  it("leaves one token and no unknown one, whatever fails and wherever it is ended", async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        known = undefined;
        const on = stage();
        const goOn = () => {
          assertKnown(on);
          if (on.family().includes(on.old)) return;
          // What replaced it is replaced next.
          on.old = byValue(on.client.value)!;
          known = undefined;
        };
        for (const each of all) {
          await move(on, each);
          goOn();
        }
        // The user does the same again, and nothing fails this time.
        assert.equal(await move(on, { step: "begin", restarts: false }), undefined);
        assert.equal(await move(on, { step: "finish", restarts: false }), undefined);
        const [left, ...others] = on.family();
        assert.deepEqual(others, [], shown(on.family()));
        assert.equal(left?.value, on.client.value);
        // One mark, after the name that it had from the start.
        const mark = markIn(left.name);
        assert.deepEqual(
          [mark?.kind, mark?.kind === "successor" && mark.of],
          ["successor", String(on.old.id)],
        );
        assert.match(left.name, new RegExp(`^${on.base} \\[[^[]*\\]$`));
      }),
      { numRuns: Number(process.env.ROTATION_RUNS ?? 300) },
    );
  }).timeout(120_000);

  /** What a step meets; it leaves all tokens as they were. */
  async function refusal(on: Stage, step: (rotation: Rotation) => Promise<unknown>, options = {}) {
    const before = shown(on.family());
    const error = await step(processOf(on, undefined, options)).then(() => undefined, asTokenError);
    assert.equal(shown(on.family()), before);
    return error?.code;
  }

  /** Begins, and has the client use the new one. */
  async function begin(on: Stage) {
    const begun = await processOf(on).begin(on.old.name);
    assert.ok("value" in begun);
    on.client.value = begun.value.reveal();
    return { value: begun.value, successor: begun.successor.id };
  }

  it("keeps the name from the start over several rotations", async () => {
    const on = stage();
    const names: string[] = [];
    for (let times = 0; times < 4; times++) {
      const given = await begin(on);
      const { old, successor } = await processOf(on).finish(on.old.name, given, END);
      assert.deepEqual([old.id, successor?.id], [on.old.name, given.successor]);
      names.push(given.successor);
      on.old = byValue(on.client.value)!;
    }
    assert.deepEqual(
      on.family().map(({ name }) => name),
      names.slice(-1),
    );
    for (const name of names)
      assert.match(name, new RegExp(`^${on.base} \\[successor of \\d+ since [^[]*\\]$`));
    assert.equal(new Set(names).size, 4);
  });

  it("keeps the rights of a resource token", async () => {
    started = await also(startTokens({ edition: "Enterprise" }));
    for (const name of ["a", "b"]) started.world.addDatabase(name);
    const on = stage();
    on.old.permissions = ["db:a,b:read,write", "system:health:read"];
    on.client.value = started.world.tokens.get("_admin")!.value;
    await begin(on);
    assert.deepEqual(byValue(on.client.value)?.permissions, on.old.permissions);
  });

  it("takes what a description says for no record of its own", async () => {
    started = await also(startTokens({ edition: "Enterprise" }));
    const on = stage();
    on.old.description = "press [replaced by 1 at 2026-01-31T02:00:00Z]";
    const given = await begin(on);
    await processOf(on).finish(on.base, given, END);
    assert.deepEqual(
      on.family().map(({ name }) => name),
      [given.successor],
    );
  });

  it("ends the old one once, and says so as often as it is told, also after that one is gone", async () => {
    const on = stage();
    const given = await begin(on);
    const deletions = () => started.requests.filter(({ method }) => method === "DELETE").length;
    for (let times = 0; times < 3; times++) {
      const { old, successor } = await processOf(on).finish(on.base, given, END);
      assert.deepEqual([old.id, successor?.id], [on.base, given.successor]);
    }
    assert.equal(deletions(), 1);
    const others = ["nobody", "_admin", started.world.addToken({ name: "other" }).name, undefined];
    for (const successor of others) {
      const finish = ({ finish }: Rotation) => finish(on.base, { ...given, successor }, END);
      assert.equal(await refusal(on, finish), "not-found", successor);
    }
    assert.equal(deletions(), 1);
  });

  it("leaves the old one where that is not wanted", async () => {
    const on = stage();
    const given = await begin(on);
    await processOf(on).finish(on.base, given, { ...END, revokes: false });
    assert.equal(on.family().length, 2);
  });

  it("goes on with the newest of two that were begun at once, and removes the other", async () => {
    const on = stage();
    const both = await Promise.all([processOf(on).begin(on.base), processOf(on).begin(on.base)]);
    const begun = both.map((each) => {
      assert.ok("value" in each);
      return { value: each.value, successor: each.successor.id };
    });
    assert.equal(on.family().length, 3);
    const mine = ({ successor }: { successor: string }) => markIn(successor) as { since: string } | undefined;
    const [older, newer] = begun.toSorted((a, b) => {
      const [one, other] = [started.world.tokens.get(a.successor)!, started.world.tokens.get(b.successor)!];
      return mine(a)!.since.localeCompare(mine(b)!.since) || one.id - other.id;
    });
    const finish = (given: typeof newer) => (rotation: Rotation) => rotation.finish(on.base, given!, END);
    on.client.value = newer!.value.reveal();
    assert.equal(await refusal(on, finish(older)), "not-waiting");
    await finish(newer)(processOf(on));
    assert.deepEqual(
      on.family().map(({ name }) => name),
      [newer!.successor],
    );
    assert.equal(await refusal(on, finish(older)), "not-found");
  });

  it("is not that of a token which was made anew with the name", async () => {
    const on = stage();
    const given = await begin(on);
    started.world.tokens.delete(on.base);
    const anew = started.world.addToken({ name: on.base });
    assert.equal(await refusal(on, ({ finish }) => finish(on.base, given, END)), "not-waiting");
    assert.equal(await processOf(on).pending(on.base, given.successor), undefined);
    assert.equal(await processOf(on).withdraw(on.base, given.successor, "remove", END.mayEnd), undefined);
    assert.ok(on.family().includes(anew));
    assert.equal(on.family().length, 2);
  });

  it("is over if somebody else has deleted the old one", async () => {
    const on = stage();
    const given = await begin(on);
    started.world.tokens.delete(on.base);
    const { successor } = await processOf(on).finish(on.base, given, END);
    assert.equal(successor?.id, given.successor);
    assert.equal(await refusal(on, ({ begin }) => begin(on.base)), "not-found");
  });

  it("does not end the old one for its own value, that of another, or of one that has expired", async () => {
    const on = stage();
    const { successor } = await begin(on);
    const other = started.world.addToken({ name: "other" });
    for (const value of [on.old.value, other.value, "apiv3_nobody"]) {
      const given = { value: new Secret(value), successor };
      assert.equal(await refusal(on, ({ finish }) => finish(on.base, given, END)), "not-verified");
    }
    const value = new Secret(on.client.value);
    on.client.value = on.old.value;
    started.world.tokens.get(successor)!.expiry = new Date(0);
    assert.equal(
      await refusal(on, ({ finish }) => finish(on.base, { value, successor }, END)),
      "not-verified",
    );
    const unknown = { value: undefined, successor };
    assert.equal(await refusal(on, ({ finish }) => finish(on.base, unknown, END)), "not-verified");
  });

  it("does not end the old one where something else answers that the value works", async () => {
    const on = stage();
    const given = await begin(on);
    started.faults.push({
      when: ({ headers }) => String(headers.authorization).endsWith(given.value.reveal()),
      ...{ status: 200, body: "<html>Welcome" },
    });
    assert.equal(await refusal(on, ({ finish }) => finish(on.base, given, END)), "bad-response");
  });

  it("takes the successor back, and leaves the old one as it was", async () => {
    const on = stage();
    const given = await begin(on);
    assert.equal((await processOf(on).pending(on.base, given.successor))?.id, given.successor);
    on.client.value = on.old.value;
    for (const how of ["remove", "off"] as const) {
      const withdrawn = await processOf(on).withdraw(on.base, given.successor, how, END.mayEnd);
      assert.equal(withdrawn?.id, how === "remove" ? given.successor : undefined);
      assert.deepEqual(on.family(), [on.old]);
    }
    assert.equal(await refusal(on, ({ back }) => back(on.base)), "not-waiting");
  });

  it("touches no protected token, nor the operator token", async () => {
    const on = stage();
    const name = `${on.base} [successor of ${on.old.id} since 2026-01-01T00:00:00Z 0123abcd]`;
    const kept = started.world.addToken({ name });
    const given = { value: new Secret(kept.value), successor: name };
    const options = { isProtected: (id: string) => id === name };
    assert.equal(await refusal(on, ({ finish }) => finish(on.base, given, END), options), "not-waiting");
    on.old = started.world.tokens.get("_admin")!;
    on.client.value = on.old.value;
    const own = await begin(on);
    await assert.rejects(processOf(on).finish("_admin", own, END), { code: "protected" });
    assert.ok(started.world.active(on.old.value));
  });
});
