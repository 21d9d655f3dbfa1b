/** One sweep by several Node-REDs, as the example has it, against a server that is far away. */
import { startBroker } from "../simulator/broker.js";
import { startFixture, type Fixture } from "../simulator/fixture.js";
import { startSharedSweep } from "../test/helpers/shared-sweep.js";
import { median, ratio, run, show, table, time, type Figures } from "./measure.js";

const COUNT = 300;
const ROUNDS = 3;
/** Milliseconds. */
const LATENCY = 200;
const PARALLEL = 4;
const WORKERS = [1, 2, 3];
/** Three do so many times the work of one. */
const GOAL = 2.7;

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds of each sweep over as many tokens, from the click to the report. */
async function sweepBy(workers: number, fixture: Fixture, mqttPort: number): Promise<Figures> {
  const { world } = fixture.simulator;
  const longAgo = new Date(Date.now() - 40 * DAY);
  const inactive = { user: "bench", status: "inactive", createdAt: longAgo, updatedAt: longAgo } as const;
  const sweep = await startSharedSweep({
    connection: fixture.connectionTo("oss", { parallel: String(PARALLEL) }),
    mqttPort,
    members: [{ lists: true }, ...Array.from({ length: workers }, () => ({ lists: false }))],
  });
  let reports = 0;
  const one = async (count: number) => {
    for (let made = 0; made < count; made++) world.addAuthorization(inactive);
    return time(async () => {
      await sweep.click("for real now");
      const report = (await sweep.reports(++reports)).at(-1);
      if (report?.counts?.deleted !== count) throw new Error(`Not all was done: ${report?.text}`);
    });
  };
  try {
    await one(workers * PARALLEL);
    const figures: number[] = [];
    for (let round = 0; round < ROUNDS; round++) figures.push(await one(COUNT));
    return figures;
  } finally {
    await sweep.close();
  }
}

run(async () => {
  const fixture = await startFixture();
  const broker = await startBroker(0);
  fixture.simulator.world.addUser("bench");
  fixture.simulator.faults.push({ delay: LATENCY, times: Infinity });
  try {
    const all: Figures[] = [];
    for (const workers of WORKERS) all.push(await sweepBy(workers, fixture, broker.port));
    const [alone = [], ...more] = all;
    const rows = [alone, ...more].map((figures, index) => [
      String(WORKERS[index]),
      show(figures, "ms"),
      Math.round(COUNT / (median(figures) / 1000)).toLocaleString("en-US"),
      ratio(alone, figures),
    ]);
    const times = median(alone) / median(all.at(-1) ?? []);
    return [
      table(["Node-REDs that work", `${COUNT} deletions`, "a second", "times the work of one"], rows),
      `Goal: three do at least ${GOAL} times the work of one: ${times >= GOAL ? "met" : "missed"} (${times.toFixed(2)}).`,
    ].join("\n\n");
  } finally {
    await broker.close();
    await fixture.close();
  }
});
