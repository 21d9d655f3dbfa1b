import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connectAsync } from "mqtt";
import type { Broker } from "../../simulator/broker.js";
import { startFixture, type Fixture } from "../../simulator/fixture.js";
import { freePort } from "../../simulator/node-red.js";
import { closing } from "./closing.js";
import { isConnected, startSharedSweep, SWEEP_SECRET, waitUntil, type SharedSweep } from "./shared-sweep.js";

const DAY = 24 * 60 * 60 * 1000;
const WORK = "influxdb/sweep/work";
const RESULT = "influxdb/sweep/result";
/** Of the flow: it needs several turns for what is in a test, and does not wait long for what has died. */
const ENV = { SWEEP_AT_ONCE: 24, SWEEP_SECONDS: 2, SWEEP_TIMES: 10 };
/** Milliseconds of each answer of the server, so that there is a middle. */
const LATENCY = 100;
/** Tokens of one sweep. */
const COUNT = 120;
const PERSISTENT = {
  contextStorage: { default: { module: "localfilesystem", config: { flushInterval: 0 } } },
};

/**
 * The example of a sweep by several Node-REDs in real processes, which are killed at random moments, as its broker is.
 *
 * @param start gives a broker that has forgotten everything, as one without persistence is after a crash.
 */
export function testSharedSweeps(start: (port: number) => Promise<Broker>): void {
  describe("whose count and state die with the one that lists", function () {
    this.timeout(60_000);
    const also = closing(after);
    let stage: Stage;
    let sweep: SharedSweep;
    let reported = 0;

    before(async () => {
      stage = await also(startStage(start));
      stage.add(COUNT);
      sweep = await also(
        startSharedSweep({
          connection: stage.fixture.connectionTo("oss"),
          mqttPort: stage.broker.port,
          env: ENV,
          members: [
            { lists: true },
            { lists: false },
            { lists: false },
            { lists: false, version: "node-red-4" },
          ],
        }),
      );
    });

    const report = async () => (await sweep.reports(++reported)).at(-1)!;

    it("rehearses where a dry run was asked for, with no more at once than it says", async () => {
      await sweep.click("dry run now");
      const { text, by, records } = await report();
      assert.equal(text, `Dry run: ${COUNT} of ${COUNT} would be deleted`);
      assert.equal(Object.keys(by ?? {}).length, 3, "all three have taken a share");
      assert.deepEqual(records?.map(({ id }) => id).toSorted(), stage.doomed.toSorted());
      assert.equal(stage.left().length, COUNT);
      assert.ok(stage.fixture.simulator.requests.every(({ method }) => method === "GET"));
      const out = new Set<string>();
      for (const { topic, payload } of stage.heard) {
        if (topic === RESULT) out.delete((payload as { id: string }).id);
        else out.add(bodyOf(payload).token.id);
        assert.ok(out.size <= ENV.SWEEP_AT_ONCE);
      }
    });

    it("loses nothing when a worker is killed, and spares what has changed meanwhile", async () => {
      const [, killed] = sweep.nodeReds;
      await sweep.click("for real now");
      await stage.middle();
      const spared = stage.change();
      await killed!.kill();
      const { records, text } = await report();
      assert.match(text, new RegExp(` of ${COUNT} deleted`));
      assert.deepEqual(records?.map(({ id }) => id).toSorted(), stage.doomed.toSorted());
      for (const { id, outcome } of records ?? []) {
        if (id === spared) assert.equal(outcome, "changed");
        // What was deleted by the one that was killed is gone when another looks.
        else assert.match(outcome, /^(deleted|not-found)$/, id);
      }
      assert.deepEqual(stage.left(), [spared]);
      await killed!.startAgain();
      await isConnected(killed!);
    });

    it("loses nothing when the broker is killed, and starts again without a memory", async () => {
      stage.add(COUNT);
      await sweep.click("for real now");
      await stage.middle();
      await stage.restartBroker();
      const { records } = await report();
      assert.deepEqual(records?.map(({ id }) => id).toSorted(), stage.doomed.toSorted());
      for (const { outcome, error } of records ?? []) assert.match(outcome, /^(deleted|not-found)$/, error);
      assert.deepEqual(stage.left(), []);
    });

    it("begins again with what is left when the one that lists was killed, whatever still comes of the old", async () => {
      stage.add(COUNT);
      const [lister] = sweep.nodeReds;
      await sweep.click("for real now");
      await stage.middle();
      await lister!.kill();
      await lister!.startAgain();
      await isConnected(lister!);
      const left = stage.left();
      assert.ok(left.length > 0);
      await sweep.click("for real now");
      const { records } = await report();
      const ids = records?.map(({ id }) => id) ?? [];
      assert.ok(ids.every((id) => left.includes(id)));
      assert.equal(new Set(ids).size, ids.length);
      assert.deepEqual(stage.left(), []);
    });

    it("does nothing that is not signed or too old, and refuses what is no work with a clear error", async () => {
      const [{ id, updatedAt }] = stage.add(1) as [{ id: string; updatedAt: string }];
      // What an earlier sweep has handed out twice may still be under way.
      const aboutIt = () => stage.fixture.simulator.requests.filter(({ path }) => path.includes(id)).length;
      const until = Date.now() + 60_000;
      const token = { id, updatedAt, status: "inactive" };
      const body = { sweep: "of nobody", until, dryRun: false, token };
      const wrong = [
        ...["text", null, [], {}, { body: JSON.stringify(body) }],
        ...[
          signed(body, "another secret of many characters"),
          { ...signed(body), body: `${JSON.stringify(body)} ` },
        ],
        signed({ ...body, until: Date.now() - 1 }),
      ];
      for (const work of wrong) await stage.publish(WORK, work);
      const refusals = () =>
        sweep.nodeReds.reduce(
          (sum, each) => sum + each.log().split(/Refused: it is|Left alone: its/).length - 1,
          0,
        );
      await waitUntil("all are refused", () => refusals() >= wrong.length);
      assert.equal(aboutIt(), 0);

      for (const [token, error] of [
        [{ id: "not an ID", updatedAt }, /^invalid-id: /],
        [{ updatedAt }, /^missing-id: /],
        [{ id }, /^not-listed: /],
      ] as const) {
        const told = (await stage.resultOf({ ...body, token })) as { outcome: string; error: string };
        assert.equal(told.outcome, "failed");
        assert.match(told.error, error);
      }
      assert.ok(stage.left().includes(id));
    });

    it("believes no result of another sweep, or of what it has not handed out", async () => {
      for (const result of ["text", null, [], { sweep: "other", id: stage.doomed[0], outcome: "deleted" }])
        await stage.publish(RESULT, result);
      await sweep.click("dry run now");
      const { text } = await report();
      assert.equal(text, "Dry run: 1 of 1 would be deleted");
    });

    it("never publishes the value of a token, touches nothing else, and deletes each once", () =>
      stage.isHarmless());
  });

  describe("whose count and state outlive the one that lists", function () {
    this.timeout(60_000);
    const also = closing(after);
    let stage: Stage;
    let sweep: SharedSweep;

    before(async () => {
      stage = await also(startStage(start));
      sweep = await also(
        startSharedSweep({
          connection: stage.fixture.connectionTo("oss"),
          mqttPort: stage.broker.port,
          env: { ...ENV, SWEEP_LIMIT: COUNT },
          settings: PERSISTENT,
          members: [{ lists: true }, { lists: false }, { lists: false, staysDry: true }],
        }),
      );
    });

    it("goes on by itself when the one that lists was killed, and leaves to a dry run what is one", async () => {
      const [lister] = sweep.nodeReds;
      stage.add(COUNT);
      await sweep.click("for real now");
      await stage.middle();
      await lister!.kill();
      await lister!.startAgain();
      const { records } = (await sweep.reports(1))[0]!;
      assert.deepEqual(records?.map(({ id }) => id).toSorted(), stage.doomed.toSorted());
      const rehearsed = records?.filter(({ outcome }) => outcome === "dry-run").map(({ id }) => id) ?? [];
      assert.ok(rehearsed.length > 0);
      // What a dry run was told before the kill may have been handed out again, and deleted then.
      assert.ok(stage.left().every((id) => rehearsed.includes(id)));
    });

    it("keeps its limit over that death, for each token once", async () => {
      const left = stage.left();
      await sweep.click("for real now");
      const [, again] = await sweep.reports(2);
      assert.match(again!.text, new RegExp(` of ${left.length} deleted`));
      stage.add(1);
      await sweep.click("for real now");
      const [, , refused] = await sweep.reports(3);
      assert.equal(
        refused!.text,
        `Limit exceeded: 1 more after ${COUNT} within a day, allowed are ${COUNT}. Nothing was handed out`,
      );
      assert.ok(stage.left().includes(stage.doomed.at(-1)!));
    });

    it("never publishes the value of a token, touches nothing else, and deletes each once", () =>
      stage.isHarmless());
  });
}

/** What the Node-REDs meet. */
interface Stage {
  fixture: Fixture;
  broker: Broker;
  /** IDs of what the last {@link Stage.add} has made. */
  readonly doomed: string[];
  /** What was published below the topics of the flow, in order. */
  heard: { topic: string; payload: unknown }[];
  /** Adds authorizations that the flow looks for. */
  add(count: number): { id: string; updatedAt: string }[];
  /** Of those, what is still there. */
  left(): string[];
  /** Waits for a random moment within a sweep, when the last of its list have not had their turn yet. */
  middle(): Promise<void>;
  /** Enables the last in the list, as its owner would. */
  change(): string;
  restartBroker(): Promise<void>;
  publish(topic: string, payload: unknown): Promise<void>;
  /** Hands out work, and waits for its result. */
  resultOf(body: Body): Promise<unknown>;
  /** Asserts what must be so, whatever has happened. */
  isHarmless(): void;
  close(): Promise<void>;
}

interface Body {
  sweep: string;
  until: number;
  dryRun: boolean;
  token: unknown;
}

async function startStage(start: (port: number) => Promise<Broker>): Promise<Stage> {
  const fixture = await startFixture();
  const { world, faults, requests } = fixture.simulator;
  let broker = await start(await freePort());
  faults.push({ delay: LATENCY, times: Infinity });
  const user = world.addUser("somebody");
  const longAgo = new Date(Date.now() - 40 * DAY);
  const inactive = { user, status: "inactive" as const, createdAt: longAgo };
  const kept = [
    ...Array.from({ length: 5 }, () =>
      world.addAuthorization({ user, createdAt: longAgo, updatedAt: longAgo }),
    ),
    ...Array.from({ length: 5 }, () => world.addAuthorization({ ...inactive, updatedAt: new Date() })),
  ];
  const values = [world.operator.token, ...kept.map(({ token }) => token)];
  const added = new Set<string>();
  let doomed: string[] = [];
  /** How often each was deleted. */
  const deleted = new Map<string, number>();
  const remove = world.authorizations.delete.bind(world.authorizations);
  world.authorizations.delete = (id) => {
    const isGone = remove(id);
    if (isGone) deleted.set(id, (deleted.get(id) ?? 0) + 1);
    return isGone;
  };

  const heard: Stage["heard"] = [];
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 50 });
  const texts: string[] = [];
  client.on("message", (topic, payload) => {
    texts.push(payload.toString());
    heard.push({ topic, payload: JSON.parse(payload.toString()) });
  });
  await client.subscribeAsync("influxdb/#", { qos: 1 });

  const left = () => doomed.filter((id) => world.authorizations.has(id));
  return {
    fixture,
    get broker() {
      return broker;
    },
    get doomed() {
      return doomed;
    },
    heard,
    add(count) {
      const made = Array.from({ length: count }, () =>
        world.addAuthorization({ ...inactive, updatedAt: longAgo }),
      );
      doomed = made.map(({ id }) => id);
      for (const { id, token } of made) {
        added.add(id);
        values.push(token);
      }
      return made;
    },
    left,
    async middle() {
      const from = heard.length;
      const some = 0.4 * COUNT;
      const results = () => heard.slice(from).filter(({ topic }) => topic === RESULT);
      await waitUntil("some are done", () => results().length >= some);
    },
    change() {
      const last = world.authorizations.get(doomed.at(-1)!);
      assert.ok(last, "the moment was too late");
      Object.assign(last, { status: "active", updatedAt: new Date().toISOString() });
      return last.id;
    },
    async restartBroker() {
      const { port } = broker;
      await broker.close();
      broker = await start(port);
    },
    async publish(topic, payload) {
      await client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
    },
    async resultOf(body) {
      const from = heard.length;
      await client.publishAsync(WORK, JSON.stringify(signed(body)), { qos: 1 });
      const result = () => heard.slice(from).find(({ topic }) => topic === RESULT);
      await waitUntil("there is a result", () => result() !== undefined);
      return result()?.payload;
    },
    isHarmless() {
      const changes = requests.filter(({ method }) => method !== "GET");
      assert.ok(
        changes.every(({ method, path }) => method === "DELETE" && added.has(path.split("/").at(-1) ?? "")),
      );
      assert.ok(kept.every(({ id }) => world.authorizations.has(id)));
      assert.ok([...deleted.values()].every((count) => count === 1));
      assert.equal(deleted.size, [...added].filter((id) => !world.authorizations.has(id)).length);
      const published = texts.join("\n");
      assert.ok(published.includes([...added][0]!));
      for (const value of values) assert.ok(!published.includes(value));
    },
    async close() {
      await client.endAsync(true);
      await broker.close();
      await fixture.close();
    },
  };
}

function signed(body: object, secret = SWEEP_SECRET) {
  const text = JSON.stringify(body);
  return { body: text, signature: createHmac("sha256", secret).update(text).digest("hex") };
}

function bodyOf(payload: unknown): { token: { id: string } } {
  return JSON.parse((payload as { body: string }).body) as { token: { id: string } };
}
