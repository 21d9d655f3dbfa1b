import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceName } from "../../src/products.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { InfluxctlRun } from "../../simulator/influxctl.js";
import type { Frame } from "../../simulator/frame.js";
import type { Fault } from "../../simulator/server.js";
import { addTokens, withNode } from "../helpers/fixture.js";
import { OPERATION_NAMES, resourceOf } from "../helpers/package.js";
import { trailIn, type Message, type Properties, type Runtime } from "../helpers/runtime.js";
import { profileFolders } from "../helpers/secrets.js";
import { run } from "../helpers/servers.js";

/** Seconds that nothing in these tests may take: a fault that lasts, and a pause that a server asks for. */
const LONG = 60;
/** Milliseconds in which all must have ended; on a loaded machine, too. */
const PROMPT = 10_000;

const turn = () => new Promise(setImmediate);
/** Waits until the condition holds, which until then says what is wrong. */
async function until(condition: () => true | string): Promise<void> {
  const end = performance.now() + PROMPT;
  for (let now = condition(); now !== true; now = condition()) {
    assert.ok(performance.now() < end, now);
    await turn();
  }
}

/** Sockets, timers, children: what keeps the process alive now, and did not before. */
function newSince(before: string[]): string[] {
  const rest = [...before];
  return process.getActiveResourcesInfo().filter((name) => {
    const index = rest.indexOf(name);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

/** A node at work on five tokens, two at once. */
interface Stage {
  simulator: Frame;
  runtime: Runtime;
  ids: string[];
  /** Whether the server shows the token as deleted, updated or revoked. */
  isDone(id: string): boolean;
}

const STAGES: Record<ResourceName, WithStage> = {
  authorizations: withAuthorizations,
  "database-tokens": withDatabaseTokens,
  "management-tokens": withManagementTokens,
  "influxdb3-tokens": withInfluxdb3Tokens,
};
const onStage: WithStage = (kind, ...rest) => STAGES[resourceOf(kind)](kind, ...rest);
type WithStage = (
  kind: string,
  properties: Properties,
  work: (stage: Stage) => Promise<void>,
) => Promise<void>;
const CONNECTION = {
  ...{ parallel: "2", retries: "2", timeout: String(LONG), influxctlTimeout: String(LONG) },
  // No request tells which token is the connection's own.
  allowOwnToken: true,
};

function withAuthorizations(...[kind, properties, work]: Parameters<WithStage>): Promise<void> {
  return withNode(
    kind,
    properties,
    ({ simulator, runtime }) => {
      const { authorizations } = simulator.world;
      const isDone = (id: string) =>
        kind === "update-authorization"
          ? authorizations.get(id)?.status === "inactive"
          : !authorizations.has(id);
      return work({ simulator, runtime, ids: addTokens(simulator, 5).map(({ id }) => id), isDone });
    },
    { connection: CONNECTION },
  );
}

function withDatabaseTokens(...[kind, properties, work]: Parameters<WithStage>): Promise<void> {
  return withNode(
    kind,
    properties,
    ({ simulator, runtime, clusters, cluster }) => {
      const add = () => clusters.addDatabaseToken(cluster, { description: "one", permissions: [] }).id;
      const isDone = (id: string) => !clusters.databaseTokens.has(id);
      return work({ simulator, runtime, ids: Array.from({ length: 5 }, add), isDone });
    },
    { connection: CONNECTION },
  );
}

function withInfluxdb3Tokens(...[kind, properties, work]: Parameters<WithStage>): Promise<void> {
  return withNode(
    kind,
    properties,
    ({ influxdb3, runtime }) => {
      const { tokens } = influxdb3.world;
      const ids = Array.from(
        { length: 5 },
        (_, index) => influxdb3.world.addToken({ name: `token-${index}` }).name,
      );
      return work({ simulator: influxdb3, runtime, ids, isDone: (id) => !tokens.has(id) });
    },
    { connection: CONNECTION },
  );
}

/** The processes that it starts must be gone in the end. */
async function withManagementTokens(...[kind, properties, work]: Parameters<WithStage>): Promise<void> {
  const record = join(tmpdir(), `influxctl-runs-${randomUUID()}`);
  await withNode(
    kind,
    properties,
    ({ simulator, runtime, clusters, cluster }) => {
      const add = () => clusters.addManagementToken(cluster, { description: "one" }).id;
      const isDone = (id: string) => clusters.managementTokens.get(id)?.revokedAt !== undefined;
      return work({ simulator, runtime, ids: Array.from({ length: 5 }, add), isDone });
    },
    { connection: CONNECTION, influxctl: { record } },
  );
  try {
    const runs = (await readFile(record, "utf8")).trim().split("\n");
    for (const { pid } of runs.map((line) => JSON.parse(line) as InfluxctlRun))
      await until(() => !isAlive(pid) || "influxctl runs on");
  } finally {
    await rm(record);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Interruption {
  /** Whether the node is there afterwards, its connection as it was, and the nodes behind it, too. */
  leaves?: { node?: true; connection?: true; rest?: true; catch?: true };
  how(runtime: Runtime): Promise<void>;
}
const changed = (id: string) => (nodes: Properties[]) =>
  nodes.map((node) => (node.id === id ? { ...node, name: "another" } : node));
const without =
  (...ids: string[]) =>
  (nodes: Properties[]) =>
    nodes.filter(({ id }) => !ids.includes(String(id)));
const INTERRUPTIONS: Record<string, Interruption> = {
  "the node is deployed anew": {
    leaves: { node: true, connection: true, rest: true },
    how: ({ deploy }) => deploy(changed("node"), "nodes"),
  },
  "the connection is deployed anew": {
    leaves: { node: true },
    how: ({ deploy }) => deploy(changed("connection"), "nodes"),
  },
  "the tab is deployed anew": {
    leaves: { node: true, connection: true },
    how: ({ deploy }) => deploy(changed("node"), "flows"),
  },
  "all is deployed anew": { leaves: { node: true }, how: ({ deploy }) => deploy((nodes) => nodes, "full") },
  "the node is removed": {
    leaves: { connection: true, rest: true },
    how: ({ deploy }) => deploy(without("node"), "nodes"),
  },
  "the connection is removed": { how: ({ deploy }) => deploy(without("connection"), "nodes") },
  "both are removed": { how: ({ deploy }) => deploy(without("node", "connection"), "nodes") },
  // A deploy takes the nodes that name it in their scope with it.
  "the node closes, and none besides": {
    leaves: { connection: true, rest: true, catch: true },
    how: ({ node }) => node("node").close(false),
  },
  "Node-RED stops": { how: ({ stopFlows }) => stopFlows() },
};

/** What is under way when the interruption comes. */
interface Moment {
  faults(ids: string[]): Fault[];
  messages(ids: string[]): Message[];
  /** Whether the simulator has been asked for all that will be. */
  hasCome(paths: string[], ids: string[]): boolean;
  /** What becomes of each token, where that is certain. */
  outcomes?: string[];
  /** The server has asked the whole connection to wait. */
  slows?: boolean;
}
const hangs = (...ids: (string | undefined)[]): Fault => ({
  path: new RegExp(`(${ids.join("|")})$`),
  delay: LONG * 1000,
  times: 9,
});
const names = (paths: string[], id: string | undefined) => paths.some((path) => path.endsWith(id ?? "?"));

/** The first is done, two are under way, and two are to come. */
const SWEEP: Moment = {
  faults: ([, a, b]) => [hangs(a, b)],
  messages: (ids) => [{ payload: ids }],
  hasCome: (paths, [, a, b]) => names(paths, a) && names(paths, b),
  outcomes: ["done", "unknown", "unknown", "not-started", "not-started"],
};
/** Two are done, and the answer of one of them was lost. */
const LOST: Moment = {
  ...SWEEP,
  faults: ([, a, b]) => [{ ...hangs(a), delay: 0, times: 1, drop: "after" }, hangs(a, b)],
  hasCome: (paths, [, a, b]) => paths.filter((path) => names([path], a)).length === 2 && names(paths, b),
};
/** The same of a token that is looked for before it is deleted once more. */
const LOOKED_FOR: Moment = {
  ...SWEEP,
  faults: ([, a, b]) => [{ ...hangs(a), delay: 0, times: 1, drop: "after" }, hangs("query_sql", b)],
  hasCome: (paths, [, , b]) => names(paths, "query_sql") && names(paths, b),
};
const PAUSE = (status: number): Moment => ({
  faults: ([, a, b]) => [{ ...hangs(a, b), delay: 0, status, headers: { "retry-after": String(LONG) } }],
  messages: SWEEP.messages,
  // After a 429 the whole connection pauses.
  hasCome: (paths, [, a, b]) => names(paths, a) || names(paths, b),
  slows: status === 429,
});
const QUEUE: Moment = {
  faults: (ids) => [hangs(...ids)],
  messages: ([a, b, c, d, e]) => [{ payload: [a, b] }, { payload: [c] }, { payload: [d, e] }],
  hasCome: (paths) => paths.length === 2,
  outcomes: ["unknown", "unknown", "not-started", "not-started", "not-started"],
};
const LOOKING: Moment = {
  ...SWEEP,
  faults: () => [hangs("management-tokens")],
  hasCome: (paths) => paths.length === 1,
  outcomes: Array<string>(5).fill("not-started"),
};
const LISTS: Moment = {
  faults: () => [hangs("tokens", "authorizations", "query_sql")],
  messages: () => [{}, {}, {}],
  // Beside a list of management tokens, the server is asked for its time.
  hasCome: (paths) => paths.filter((path) => /(tokens|authorizations|query_sql)$/.test(path)).length === 2,
};
const ARRIVING: Moment = {
  ...LISTS,
  faults: () => [{ raw: (socket, answer) => socket.write(answer.subarray(0, -9)), times: 9 }],
};
/** So much of a list that some of it is read, and with "each" sent on; in the middle of an element. */
const HALF_READ: Moment = {
  ...ARRIVING,
  faults: () => [
    {
      raw: (socket) => {
        const one = '{"id":"0aaaaaaaaaaaaaaa","status":"active","description":"one of many"},';
        const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999999\r\n\r\n";
        socket.write(`${head}{"authorizations":[${one.repeat(3000).slice(0, -9)}`);
      },
      times: 9,
    },
  ],
};
const LIST_PAUSE = (status: number): Moment => ({
  ...LISTS,
  slows: status === 429,
  faults: () => PAUSE(status).faults(["", "authorizations", "authorizations"]),
  hasCome: (paths) => paths.length > 0,
});

const DONE = ["deleted", "updated", "revoked"];

async function interrupted(
  kind: string,
  properties: Properties,
  moment: Moment,
  { leaves = {}, how }: Interruption,
): Promise<void> {
  // The timer of the test itself is there from now on.
  await turn();
  const before = process.getActiveResourcesInfo();
  const changes = !kind.startsWith("list");
  await onStage(kind, { confirmed: true, notFound: "done", ...properties }, async (stage) => {
    const { simulator, runtime, ids, isDone } = stage;
    simulator.faults.push(...moment.faults(ids));
    const messages = moment.messages(ids);
    for (const msg of messages) runtime.inject(msg);
    const paths = () => simulator.requests.map(({ path }) => path);
    await until(() => moment.hasCome(paths(), ids) || "the work did not begin");
    // What the simulator answers arrives; whether it has, must not matter.
    for (let count = 0; count < 20; count++) await turn();

    const begun = performance.now();
    await how(runtime);
    assert.ok(performance.now() - begun < PROMPT, "it took long");
    assert.equal(runtime.dones(), messages.length);
    assert.deepEqual(await profileFolders(process.pid), []);
    if (!leaves.connection) await until(() => simulator.connections === 0 || "a socket is open");
    const asked = paths().length;

    const { outputs, error, ends } = await runtime.ended(0);
    if (leaves.catch) assert.deepEqual([error?.code, ends], ["cancelled", messages.length]);
    const sent = outputs[0].flatMap(({ payload }) => payload as OutcomeRecord | OutcomeRecord[]);
    if (changes) {
      const logged = begunIn(runtime.log());
      // Whatever may have been done is in the log, and what became of it.
      const touched = ids.filter((id) => isDone(id) || names(paths(), id));
      assert.ok(touched.every((id) => logged.some((entry) => entry.id === id)));
      if (leaves.rest) assert.equal(sent.length, ids.length);
      for (const { id, outcome } of [...logged, ...sent]) {
        assert.ok(outcome !== undefined, `${id} has no response`);
        const expected = moment.outcomes?.[ids.indexOf(id)] ?? outcome;
        assert.ok(["done", outcome].includes(expected), `${id} is ${outcome}, not ${expected}`);
        if (outcome === "not-started") assert.ok(!names(paths(), id), `${id} was touched`);
        else if (outcome === "unknown") assert.ok(names(paths(), id), `${id} was not touched`);
        else assert.ok(DONE.includes(outcome) && isDone(id), `${id} is not ${outcome}`);
      }
    } else if (properties.result === "each" && moment === HALF_READ) {
      const parts = outputs[0].map((msg) => msg.parts as { index: number; count?: number });
      // None is the last one, which says how many there are.
      assert.ok(parts.length > 0 && parts.every(({ count }) => count === undefined));
    } else {
      assert.deepEqual(outputs, [[], []]);
    }

    // Where the server has asked for a pause, the connection keeps to it.
    const goesOn = leaves.node === true && !(leaves.connection && moment.slows);
    if (goesOn) {
      simulator.faults.length = 0;
      const rest = ids.slice(0, 2);
      runtime.inject({ payload: rest });
      await until(() => runtime.dones() > messages.length || "the next message does not end");
      if (changes) assert.ok(rest.every(isDone));
    }
    await runtime.stopFlows();
    await until(() => simulator.connections === 0 || "a socket is open");
    assert.equal(runtime.dones(), messages.length + (goesOn ? 1 : 0));
    if (!goesOn) assert.equal(paths().length, asked);
  });
  await until(() => newSince(before).length === 0 || `${newSince(before).join(" ")} stays`);
}

/** What the audit trail says of each token that was begun, in the order of the requests. */
function begunIn(log: string): { id: string; outcome: string | undefined }[] {
  const lines = trailIn(log) as Record<string, string>[];
  const of = (wanted: string) => lines.filter(({ type }) => type === wanted);
  return of("request").map(({ id = "" }) => ({
    id,
    outcome: of("response").find((response) => response.id === id)?.outcome,
  }));
}

describe("an interruption", function () {
  this.timeout(3 * PROMPT);
  for (const [what, interruption] of Object.entries(INTERRUPTIONS)) {
    describe(`: ${what}`, () => {
      const during = (when: string, kind: string, moment: Moment, properties: Properties = {}) =>
        it(when, () => interrupted(kind, properties, moment, interruption));

      for (const report of ["together", "each"]) {
        during(`while authorizations are deleted (${report})`, "delete-authorization", SWEEP, { report });
        during(`while database tokens are deleted (${report})`, "delete-database-token", SWEEP, { report });
        during(`while tokens of InfluxDB 3 are deleted (${report})`, "delete-influxdb3-token", SWEEP, {
          report,
        });
      }
      during("while authorizations are updated", "update-authorization", SWEEP, {
        tokenStatus: "inactive",
        tokenStatusType: "str",
      });
      during("while it tries again after an answer was lost", "delete-authorization", LOST);
      during("while it looks after an answer was lost", "delete-influxdb3-token", LOOKED_FOR);
      during("while it looks before it revokes", "revoke-management-token", LOOKING);
      for (const status of [429, 503]) {
        during(`while it pauses after a ${status}`, "delete-authorization", PAUSE(status));
        during(`while a list pauses after a ${status}`, "list-authorizations", LIST_PAUSE(status));
      }
      during("while messages wait for those before them", "delete-authorization", QUEUE);
      for (const kind of OPERATION_NAMES.filter((name) => name.startsWith("list-")))
        during(`while ${kind} waits`, kind, LISTS);
      for (const result of ["all", "first", "each"]) {
        during(`while a list arrives (${result})`, "list-authorizations", ARRIVING, { result });
        during(`while a list is half read (${result})`, "list-authorizations", HALF_READ, { result });
      }
    });
  }

  // Without retries as well, which would meet the end of the connection in another place.
  for (const retries of ["0", "2"]) {
    it(`: the connection closes, and none besides: what is under way ends all the same (${retries} retries)`, () =>
      withNode(
        "delete-authorization",
        { confirmed: true },
        async ({ simulator, runtime }) => {
          const ids = addTokens(simulator, 5).map(({ id }) => id);
          simulator.faults.push(...SWEEP.faults(ids));
          runtime.inject({ payload: ids });
          await simulator.arrived(3);
          await runtime.node("connection").close(false);
          const { payload, error } = await runtime.ended(1);
          assert.equal(error?.code, "cancelled");
          const outcomes = (payload as OutcomeRecord[]).map(({ outcome }) => outcome);
          assert.deepEqual(outcomes, ["deleted", ...SWEEP.outcomes!.slice(1)]);
          await until(() => simulator.connections === 0 || "a socket is open");
        },
        { connection: { ...CONNECTION, retries } },
      ));
  }

  it(": the node closes while its requests wait for a connection: they are never sent", () =>
    onStage("delete-authorization", { confirmed: true }, async (stage) => {
      const { simulator, runtime, ids, isDone } = stage;
      runtime.inject({ payload: ids.slice(0, 2) });
      // Handed over within this turn of the event loop, in which no connection can be made.
      for (let count = 0; count < 100; count++) await Promise.resolve();
      await runtime.node("node").close(false);
      await runtime.deploy(changed("node"), "nodes");
      runtime.inject({ payload: ids[2] });
      await until(() => runtime.dones() === 2 || "the next message does not end");
      assert.ok(!ids.slice(0, 2).some(isDone));
      assert.equal(simulator.requests.length, 1);
    }));

  for (const [what, how] of [
    ["Node-RED stops", (runtime: Runtime) => runtime.stopFlows()],
    ["the connection is deployed anew", (runtime: Runtime) => runtime.deploy(changed("connection"), "nodes")],
  ] as const) {
    it(`: ${what} while more messages wait than a node works on at once: the trail tells what was sent, and each has its end`, () =>
      withNode(
        "delete-authorization",
        { confirmed: true },
        async ({ simulator, runtime }) => {
          const ids = addTokens(simulator, 200).map(({ id }) => id);
          simulator.faults.push({ delay: LONG * 1000, times: 9 });
          for (const id of ids) runtime.inject({ payload: [id] });
          await simulator.arrived(4);
          await how(runtime);
          assert.equal(runtime.dones(), 200);
          const known = begunIn(runtime.log());
          const sent = ids.filter((id) => simulator.requests.some(({ path }) => path.endsWith(id)));
          assert.equal(sent.length, 4);
          assert.deepEqual(
            known.flatMap(({ id, outcome }) => (outcome === "unknown" ? [id] : [])),
            sent,
          );
          assert.ok(known.every(({ outcome }) => outcome === "unknown" || outcome === "not-started"));
        },
        { connection: { allowOwnToken: true } },
      ));
  }

  it(": the connection closes while it still connects: nothing was sent, and no socket stays", async () => {
    const sockets = new Set<Socket>();
    // One that never answers to a TLS handshake.
    const server = await run(
      createServer((socket) => {
        sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket)));
        socket.resume();
      }),
    );
    await withNode(
      "delete-authorization",
      { confirmed: true },
      async ({ simulator, runtime }) => {
        runtime.inject({ payload: addTokens(simulator, 3).map(({ id }) => id) });
        await until(() => sockets.size === 1 || "it does not connect");
        await runtime.node("connection").close(false);
        const { payload, error } = await runtime.ended(1);
        assert.equal(error?.code, "cancelled");
        assert.match(error.message, /Nothing was sent/);
        const outcomes = (payload as OutcomeRecord[]).map(({ outcome }) => outcome);
        assert.deepEqual(outcomes, Array(3).fill("not-started"));
        await until(() => sockets.size === 0 || "a socket is open");
      },
      { connection: { url: `https://127.0.0.1:${server.port}`, parallel: "1", retries: "0" } },
    ).finally(server.close);
  });
});
