import assert from "node:assert/strict";
import fc from "fast-check";
import { createHttp, type Http } from "../../../src/http/client.js";
import { createRotation, type Rotation } from "../../../src/rotation/rotation.js";
import { asTokenError } from "../../../src/errors.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { managementTokens } from "../../../src/tokens/management-tokens.js";
import { markIn, withoutMark } from "../../../src/tokens/marks.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";
import type { Authorization } from "../../../simulator/world.js";
import { listingOf } from "../../helpers/batches.js";

/** What can happen to one request of a step. */
const FAULTS = ["kill before", "kill after", "drop before", "drop after", "500", "404", "403"] as const;
type Fault = (typeof FAULTS)[number];

const STEPS = ["begin", "finish", "withdraw", "remove", "back"] as const;

interface Move {
  step: (typeof STEPS)[number];
  fault?: { at: number; what: Fault } | undefined;
  /** Whether Node-RED ends after the step, which forgets the value. */
  restarts: boolean;
}

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    step: fc.constantFrom(...STEPS),
    fault: fc.option(fc.record({ at: fc.nat(7), what: fc.constantFrom(...FAULTS) }), { nil: undefined }),
    restarts: fc.boolean(),
  }),
  { maxLength: 6 },
);

class Killed extends Error {}

describe("a rotation", () => {
  let simulator: Simulator;
  let http: Http;

  beforeEach(async () => {
    simulator = await startSimulator({ tokens: "hashed" });
    http = createHttp({
      url: new URL(simulator.url),
      authorization: { scheme: "Token", token: fixedToken(new Secret(simulator.world.operator.token)) },
      ...{ timeoutSeconds: 5, retries: 0, parallel: 4 },
    });
  });
  afterEach(async () => {
    await http.close();
    await simulator.close();
  });

  /** A client that uses what it was given last, and one token for it. */
  function stage() {
    const { world } = simulator;
    const user = world.addUser(`user ${world.users.size}`);
    const org = [...world.orgs.values()][0];
    assert.ok(org);
    const old = world.addAuthorization({
      user,
      org,
      permissions: [{ action: "write", resource: { type: "buckets", orgID: org.id } }],
      description: "press 1",
    });
    const client = { value: old.token };
    const family = () => [...world.authorizations.values()].filter(({ userID }) => userID === user.id);
    return { old, client, family };
  }
  type Stage = ReturnType<typeof stage>;

  function isLive({ token, status }: Authorization): boolean {
    return status === "active" && simulator.world.byToken(token) !== undefined;
  }

  /** One run of Node-RED: its requests, of which one may fail, and after a kill none is sent any more. */
  function processOf(
    { client }: Stage,
    fault?: Move["fault"],
    { isProtected, aborts }: { isProtected?: (id: string) => boolean; aborts?: string } = {},
  ): { rotation: Rotation } {
    const stopping = new AbortController();
    const watch = { signal: stopping.signal };
    let count = 0;
    let isDead = false;
    const send: Http["send"] = async (call) => {
      const what = count++ === fault?.at ? fault.what : undefined;
      if (call.method === aborts) stopping.abort();
      if (what === "kill before") isDead = true;
      if (isDead) throw new Killed();
      if (what === "drop before" || what === "drop after") {
        simulator.faults.push({ drop: what === "drop before" ? "before" : "after" });
      } else if (what === "500" || what === "404" || what === "403") {
        const code = { 500: "internal error", 404: "not found", 403: "forbidden" }[what];
        simulator.faults.push({ status: Number(what), body: JSON.stringify({ code, message: "a fault" }) });
      }
      try {
        return await http.send(call);
      } finally {
        const used = [...simulator.world.authorizations.values()].find(({ token }) => token === client.value);
        assert.ok(used && isLive(used), `the client stands without a token after ${call.task}`);
        if (what === "kill after") {
          isDead = true;

          throw new Killed();
        }
      }
    };
    const own = { value: new Secret(simulator.world.operator.token), findsByValue: false };
    const wires = {
      http: { ...http, send },
      own,
      influxctl: () => assert.fail("no influxctl"),
      dataPlane: () => assert.fail("no data plane"),
    };
    const rotation = createRotation({
      kind: authorizations,
      tokens: authorizations.open(wires, watch),
      check: (value) => authorizations.check(wires, value, watch),
      ...(isProtected && { isProtected }),
      worksWithin: 0,
    });
    return { rotation };
  }

  /** The value of the successor, as long as Node-RED runs. */
  let known: { value: Secret; successor: string } | undefined;

  async function move(on: Stage, { step, fault, restarts }: Move): Promise<unknown> {
    const { rotation } = processOf(on, fault);
    const { id } = on.old;
    let failure: unknown;
    try {
      switch (step) {
        case "begin": {
          const begun = await rotation.begin(id);
          if (!("value" in begun)) break;
          known = { value: begun.value, successor: begun.successor.id };
          on.client.value = begun.value.reveal();
          break;
        }
        case "finish": {
          // The flow does not say so of a client that it has told to go back.
          if (known && known.value.reveal() !== on.client.value) break;
          await rotation.finish(id, { value: known?.value, successor: known?.successor }, END);
          break;
        }
        case "withdraw":
        case "remove": {
          // The flow has told its client to go back to the old one, which works as long as it was not replaced.
          if (isLive(on.old)) on.client.value = on.old.token;
          await rotation.withdraw(id, known?.successor, step === "remove" ? "remove" : "off", END.mayEnd);
          break;
        }
        case "back":
          await rotation.back(id);
      }
    } catch (error) {
      if (error instanceof assert.AssertionError || fault === undefined) failure = error;
    }
    simulator.faults.length = 0;
    if (restarts || fault?.what.startsWith("kill")) known = undefined;
    if (failure instanceof assert.AssertionError) throw failure;
    return failure;
  }

  /** Each live token is one that its description names, or the one that everybody uses. */
  function assertKnown({ old, client, family }: Stage): void {
    for (const token of family().filter(isLive)) {
      const mark = markIn(token.description);
      const isNamed = mark?.kind === "successor" && mark.of === old.id;
      const isUsed = token.token === client.value || token.id === old.id;
      assert.ok(isNamed || isUsed, `nobody knows of "${token.description}"`);
    }
  }

  it("leaves one live token and no unknown one, whatever fails and wherever it is ended", async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        known = undefined;
        const on = stage();
        for (const each of all) {
          await move(on, each);
          assertKnown(on);
        }
        // The user does the same again, and nothing fails this time.
        assert.equal(await move(on, { step: "begin", restarts: false }), undefined);
        assert.equal(await move(on, { step: "finish", restarts: false }), undefined);
        const live = on.family().filter(isLive);
        assert.deepEqual(
          live.map(({ token, description }) => [token, description]),
          [[on.client.value, "press 1"]],
          family(on),
        );
        for (const rest of on.family()) {
          assert.equal(withoutMark(rest.description), "press 1");
          if (!live.includes(rest))
            assert.equal(markIn(rest.description)?.kind, "replaced", rest.description);
        }
      }),
      { numRuns: Number(process.env.ROTATION_RUNS ?? 300) },
    );
  }).timeout(120_000);

  /** What a step meets; it leaves all tokens as they were. */
  async function refusal(on: Stage, step: (rotation: Rotation) => Promise<unknown>, options = {}) {
    const { rotation } = processOf(on, undefined, options);
    const before = family(on);
    const error = await step(rotation).then(() => undefined, asTokenError);
    assert.equal(family(on), before);
    return error?.code;
  }

  describe("with marks that others have written", () => {
    const AT = "2026-01-01T00:00:00Z";

    it("switches nothing on that cannot be what replaced a token", async () => {
      const mine = stage();
      const other = stage();
      Object.assign(other.old, { status: "inactive", description: "leaked" });
      Object.assign(mine.old, { description: `press 1 [replaced by ${other.old.id} at ${AT}]` });
      assert.equal(await refusal(mine, ({ back }) => back(mine.old.id)), "not-waiting");
      assert.equal(family(other), `${other.old.id} inactive leaked`);
    });

    it("leaves a successor off that was switched off since", async () => {
      const on = stage();
      const { rotation } = processOf(on);
      const begun = await rotation.begin(on.old.id);
      assert.ok("value" in begun);
      on.client.value = begun.value.reveal();
      await rotation.finish(on.old.id, { value: begun.value, successor: begun.successor.id }, END);
      const successor = simulator.world.authorizations.get(begun.successor.id);
      assert.ok(successor);
      on.client.value = simulator.world.operator.token;
      Object.assign(successor, { status: "inactive", description: "leaked" });
      await rotation.back(on.old.id);
      assert.equal(on.old.status, "active");
      assert.equal(`${successor.status} ${successor.description}`, "inactive leaked");
    });

    it("touches no protected token", async () => {
      const on = stage();
      const { world } = simulator;
      const user = world.users.get(on.old.userID);
      assert.ok(user);
      const kept = world.addAuthorization({ user, description: "kept" });
      const options = { isProtected: (id: string) => id === kept.id };
      Object.assign(on.old, { description: `press 1 [replaced by ${kept.id} at ${AT}]` });
      assert.equal(await refusal(on, ({ back }) => back(on.old.id), options), "not-waiting");
      on.old.description = "press 1";
      kept.description = `kept [successor of ${on.old.id} since ${AT} 0123abcd]`;
      const value = new Secret(kept.token);
      const finish = ({ finish }: Rotation) => finish(on.old.id, { value, successor: kept.id }, END);
      assert.equal(await refusal(on, finish, options), "not-waiting");
    });

    it("replaces a token that works, whatever its description says", async () => {
      const on = stage();
      on.old.description = `press 1 [replaced by 0123456789abcdef at ${AT}]`;
      const { rotation } = processOf(on);
      const begun = await rotation.begin(on.old.id);
      assert.ok("value" in begun);
      on.client.value = begun.value.reveal();
      await rotation.finish(on.old.id, { value: begun.value, successor: begun.successor.id }, END);
      assert.deepEqual(
        on
          .family()
          .filter(isLive)
          .map(({ description }) => description),
        ["press 1"],
      );
    });

    it("does not choose among several successors", async () => {
      const on = stage();
      const { world } = simulator;
      const begun = await processOf(on).rotation.begin(on.old.id);
      assert.ok("value" in begun);
      const user = world.users.get(on.old.userID);
      assert.ok(user);
      const mark = `[successor of ${on.old.id} since 9999-01-01T00:00:00Z 0123abcd]`;
      world.addAuthorization({ user, description: `stranger ${mark}` });
      const given = { value: begun.value, successor: undefined };
      assert.equal(await refusal(on, ({ finish }) => finish(on.old.id, given, END)), "not-waiting");
      const withdraw = ({ withdraw }: Rotation) => withdraw(on.old.id, undefined, "remove", END.mayEnd);
      assert.equal(await refusal(on, withdraw), "not-waiting");
    });
  });

  it("goes on with the newest successor alone, and does not take another's end for its own", async () => {
    const on = stage();
    const { rotation } = processOf(on);
    const [first, second] = [await rotation.begin(on.old.id), await rotation.begin(on.old.id)];
    assert.ok("value" in first && "value" in second);
    const mark = markIn(second.successor.description);
    assert.equal(mark?.kind, "successor");
    const made = simulator.world.authorizations.get(second.successor.id);
    assert.ok(made);
    // Not within one second.
    made.description = made.description.replace(mark.since, "2999-01-01T00:00:00Z");
    const finish = ({ value, successor }: typeof first) =>
      rotation.finish(on.old.id, { value, successor: successor.id }, END);
    assert.equal(await refusal(on, () => finish(first)), "not-waiting");
    on.client.value = second.value.reveal();
    await finish(second);
    assert.equal(await refusal(on, () => finish(first)), "not-waiting");
    assert.equal((await finish(second)).successor?.id, second.successor.id);
  });

  it("does not end the old one, nor an earlier successor, for its own value", async () => {
    const on = stage();
    const first = await processOf(on).rotation.begin(on.old.id);
    const begun = await processOf(on).rotation.begin(on.old.id);
    assert.ok("value" in first && "value" in begun);
    const given = { value: new Secret(on.old.token), successor: begun.successor.id };
    // The clients use the new one by now, of which the word does not know.
    on.client.value = begun.value.reveal();
    assert.equal(await refusal(on, ({ finish }) => finish(on.old.id, given, END)), "not-verified");
  });

  it("does not end an earlier successor on which the connection lives", async () => {
    const on = stage();
    const { rotation } = processOf(on);
    const [first, second] = [await rotation.begin(on.old.id), await rotation.begin(on.old.id)];
    assert.ok("value" in first && "value" in second);
    const end = {
      revokes: false,
      mayEnd: (ids: readonly string[]) =>
        ids.includes(first.successor.id) ? Promise.reject(new Killed("own")) : Promise.resolve(),
    };
    const given = { value: second.value, successor: second.successor.id };
    await assert.rejects(rotation.finish(on.old.id, given, end), Killed);
    assert.equal(on.family().filter(isLive).length, 3);
  });

  describe("of tokens that cannot be switched off", () => {
    const id = (digit: string) => `00000000-0000-4000-8000-00000000000${digit}`;
    const since = (second: number) => `2026-01-01T00:00:0${second}Z`;
    const stageOf = (old: { revokedAt?: string } = {}) => {
      const all = [
        { id: id("a"), description: "press 1", ...old },
        { id: id("b"), description: `press 1 [successor of ${id("a")} since ${since(1)} 0123abcd]` },
        { id: id("c"), description: `press 1 [successor of ${id("a")} since ${since(2)} 0123abcd]` },
      ];
      const removed: string[] = [];
      const rotation = createRotation({
        kind: managementTokens,
        tokens: {
          holding: () => listingOf(all),
          label: "description",
          get: (wanted) => Promise.resolve({ token: all.find((each) => each.id === wanted), now: 0 }),
          remove: (one) => Promise.resolve({ attempts: removed.push(one) }),
          make: () => assert.fail("nothing is made"),
          reopen: () => assert.fail("nothing is read anew"),
        },
        check: () => Promise.resolve({ works: true, state: "active" }),
        worksWithin: 0,
      });
      return { rotation, removed };
    };

    it("revokes no earlier successor, unless that is wanted", async () => {
      const { rotation, removed } = stageOf();
      const given = { value: new Secret("M.V1.any"), successor: id("c") };
      await rotation.finish(id("a"), given, END);
      assert.deepEqual(removed, []);
      await rotation.finish(id("a"), given, { ...END, revokes: true });
      assert.deepEqual(removed, [id("b"), id("a")]);
    });

    it("takes nothing back when the time is over, if the old one is revoked; by a word it does", async () => {
      const { rotation, removed } = stageOf({ revokedAt: since(3) });
      const withdraw = (how: "off" | "remove") => rotation.withdraw(id("a"), id("c"), how, END.mayEnd);
      await assert.rejects(withdraw("off"), { code: "not-found", message: /may be all that works/ });
      assert.deepEqual(removed, []);
      await withdraw("remove");
      assert.deepEqual(removed, [id("c")]);
    });
  });

  it("leaves no successor if the flow is stopped before that is switched on", async () => {
    const on = stage();
    assert.equal(await refusal(on, ({ begin }) => begin(on.old.id), { aborts: "PATCH" }), "cancelled");
  });
});

/** For a failure to show. */
function family({ family }: { family: () => Authorization[] }): string {
  return family()
    .map(({ id, status, description }) => `${id} ${status} ${description}`)
    .join("\n");
}

const END = { mayEnd: () => Promise.resolve(), revokes: false };
