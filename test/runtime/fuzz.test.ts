import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import fc from "fast-check";
import { installInfluxctl } from "../../simulator/influxctl.js";
import type { SeenRequest, Simulator } from "../../simulator/server.js";
import { ERROR_CODES } from "../../src/error-codes.js";
import { isOfCluster, OPERATION_NAMES } from "../helpers/package.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "../helpers/runtime.js";
import { configOf, connection, reference, token } from "./fuzz/configurations.js";
import { recipes, SHAPES } from "./fuzz/messages.js";
import { SPECS, told, withoutOwnLook, type Model } from "./fuzz/model.js";
import {
  ACCOUNT,
  CLUSTER,
  HEX_IDS,
  OTHER_TOKEN,
  OWN_TOKEN,
  startServer,
  thereIn,
  UUIDS,
  VARIABLES,
} from "./fuzz/server.js";

/** How one message ended; undefined where it cannot be copied for a Complete node, and the log says so. */
async function endOf(runtime: Runtime, msg: Message, isHostile: boolean): Promise<Seen | undefined> {
  const lost = () => runtime.log().split("no Complete node could be told").length;
  const before = isHostile ? lost() : 0;
  let seen: Seen | undefined;
  void runtime.send(msg).then((end) => (seen = end));
  for (let waited = 0; seen === undefined; waited++) {
    if (isHostile && lost() > before) return undefined;
    assert.ok(waited < 5_000, "the message has not ended");
    await sleep(1);
  }
  return seen;
}

interface Run {
  type: string;
  isCluster: boolean;
  node: Properties;
  connection: Properties;
  token: string;
  /** Where influxctl is to be installed, for a node that needs it. */
  folder: string | undefined;
}

async function withRuntime(
  { type, isCluster, node, connection, token, folder }: Run,
  work: (simulator: Simulator, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const simulator = await startServer(isCluster);
  try {
    process.env.FUZZ_URL = simulator.url;
    process.env.FUZZ_URL_IN_SPACE = ` ${simulator.url}/ `;
    const influxctl = folder !== undefined && {
      influxctl: await installInfluxctl(simulator, folder),
      // A token that is refused waits for a login as long.
      influxctlTimeout: "1",
    };
    const runtime = await startRuntime(`influxdb-${type}`, node, {
      ...{ id: "connection", type: "influxdb-connection", credentials: { token } },
      ...influxctl,
      ...connection,
    });
    try {
      await work(simulator, runtime);
    } finally {
      await runtime.close();
    }
  } finally {
    await simulator.close();
  }
}

/**
 * Every node in a real Node-RED, with any message and any configuration: the process lives, each message ends once
 * with an error of a known code or none, and nothing is sent but what configuration and message say.
 */
describe("fuzz", function () {
  this.timeout(30_000);
  let folder: string;
  /** Each would end Node-RED; mocha itself fails for exceptions that nobody catches. */
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  before(async () => {
    process.on("unhandledRejection", onRejection);
    Object.assign(process.env, VARIABLES);
    folder = await mkdtemp(join(tmpdir(), "influxdb-fuzz-"));
  });
  after(async () => {
    process.off("unhandledRejection", onRejection);
    for (const name of [...Object.keys(VARIABLES), "FUZZ_URL", "FUZZ_URL_IN_SPACE"])
      Reflect.deleteProperty(process.env, name);
    await rm(folder, { recursive: true });
  });

  for (const type of OPERATION_NAMES) {
    const isCluster = isOfCluster(type);
    const [ids, variable] = isCluster ? [UUIDS, "FUZZ_UUID"] : [HEX_IDS, "FUZZ_HEX"];
    const cluster = { product: "cloud-dedicated", accountId: ACCOUNT, clusterId: CLUSTER };
    const oss = { product: "oss" };
    const products = isCluster
      ? {
          right: cluster,
          wrong: [oss, { ...cluster, accountId: "no" }, { ...cluster, clusterId: undefined }],
        }
      : { right: oss, wrong: [cluster] };
    const usesInfluxctl = type.includes("management");

    it(type, async () => {
      // Of a node that the model does not know, nothing is asked but what holds for all.
      const { fields, numRuns, expected } = SPECS[type] ?? { fields: {}, numRuns: 10, expected: undefined };
      const node = configOf({ ...fields, reference });
      const messages = fc.array(recipes(ids), {
        minLength: usesInfluxctl ? 3 : 15,
        maxLength: usesInfluxctl ? 6 : 25,
      });
      const fuzz = fc.asyncProperty(
        node,
        configOf(connection(products, ids, variable)),
        token,
        messages,
        async (node, connection, { token, means: tokenIs }, all) => {
          const isRight = node.isRight && connection.isRight && tokenIs !== "wrong";
          const means = { ...node.means, ...connection.means };
          await withRuntime(
            {
              type,
              isCluster,
              node: node.set,
              connection: connection.set,
              token,
              folder: usesInfluxctl ? folder : undefined,
            },
            async (simulator, runtime) => {
              const before = thereIn(simulator);
              const model: Model = { used: () => before - thereIn(simulator), usedBy: new Map() };
              async function run(msg: Message, isHostile: boolean): Promise<void> {
                // Before the node changes the message.
                const allowed = isRight ? expected?.(means, msg, model) : [];
                simulator.requests.length = 0;
                const seen = await endOf(runtime, msg, isHostile);
                // A list of management tokens asks for the server's time, too.
                const isMeant = ({ method, path }: SeenRequest) =>
                  type.startsWith("list") ? path !== "/api/v0" : method !== "GET";
                const sent = withoutOwnLook(simulator.requests.filter(isMeant).map(told), simulator);
                if (allowed === undefined) {
                  assert.ok(!type.startsWith("list") || sent.every((request) => request.startsWith("GET ")));
                } else if (usesInfluxctl) {
                  // It revokes only what it finds.
                  for (const request of sent) assert.ok(allowed.includes(request), request);
                } else if (isHostile || tokenIs === "refused") {
                  for (const request of sent) assert.ok(allowed.includes(request), request);
                } else {
                  assert.deepEqual(sent.toSorted(), allowed.toSorted());
                }
                if (!seen) return;
                assert.equal(seen.ends, 1);
                assert.equal(seen.completed, seen.error === undefined);
                if (!isRight) assert.ok(seen.error);
                if (seen.error) {
                  assert.ok(Object.hasOwn(ERROR_CODES, seen.error.code!), inspect(seen.error));
                  // Neither is there a defect, nor is the simulator something else than InfluxDB.
                  assert.doesNotMatch(seen.error.code!, /unexpected|bad-response/, seen.error.message);
                }
                const shown = inspect([seen.error, seen.outputs.flat().map(({ payload }) => payload)], {
                  depth: 8,
                });
                if (means.includeToken !== true)
                  assert.ok(![OWN_TOKEN, OTHER_TOKEN].some((secret) => shown.includes(secret)));
              }
              for (const { shape, parts, isHostile } of all)
                await run(SHAPES[shape]!({ ...parts }), isHostile);
              // A plain message is answered as ever, and nothing comes after it.
              await run({ payload: ids[4], token: { id: ids[4] } }, false);
              await sleep(5);
              assert.equal((await runtime.ended(0)).ends, 1);
              assert.deepEqual(rejections, []);
              assert.ok(!`${runtime.log()}${runtime.statuses.join()}`.includes(OWN_TOKEN));
            },
          );
        },
      );
      // Without shrinking, which would take minutes: the seed repeats the failure.
      await fc.assert(fuzz, { numRuns, endOnFailure: true });
    });
  }
});
