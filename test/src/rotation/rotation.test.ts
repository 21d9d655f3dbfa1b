import assert from "node:assert/strict";
import fc from "fast-check";
import { createHttp, type Http } from "../../../src/http/client.js";
import { createRotation, type Rotation } from "../../../src/rotation/rotation.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { markIn, withoutMark } from "../../../src/tokens/marks.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";
import type { Authorization } from "../../../simulator/world.js";

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
  function processOf({ client }: Stage, fault: Move["fault"]): { rotation: Rotation } {
    let count = 0;
    let isDead = false;
    const send: Http["send"] = async (call) => {
      const what = count++ === fault?.at ? fault.what : undefined;
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
      tokens: authorizations.open(wires, {}),
      check: (value) => authorizations.check(wires, value, {}),
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
          await rotation.finish(id, { value: known?.value, successor: known?.successor }, END);
          break;
        }
        case "withdraw":
        case "remove": {
          // The flow has told its client to go back to the old one, which works as long as it was not replaced.
          if (isLive(on.old)) on.client.value = on.old.token;
          await rotation.withdraw(id, known?.successor, step === "remove" ? "remove" : "off");
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
});

/** For a failure to show. */
function family({ family }: { family: () => Authorization[] }): string {
  return family()
    .map(({ id, status, description }) => `${id} ${status} ${description}`)
    .join("\n");
}

const END = { mayEnd: () => Promise.resolve(), revokes: false };
