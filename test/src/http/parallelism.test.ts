import assert from "node:assert/strict";
import type { Clock } from "../../../src/clock.js";
import { ENOUGH_IN_ALL, findParallelism } from "../../../src/http/parallelism.js";
import { allowing, load, taking, type Second, type VirtualServer } from "../../helpers/virtual-server.js";

const FIXED = [1, 2, 4, 8, 16, 32, 64];
const sum = (seconds: Second[], of: "done" | "refused") => seconds.reduce((all, each) => all + each[of], 0);

/** How much of the best fixed number "auto" does in the twenty seconds after the first ten. */
function compare(server: VirtualServer, retryAfter?: number) {
  const best = Math.max(
    ...FIXED.map((parallel) => sum(load(server, parallel, 30, retryAfter).slice(10), "done")),
  );
  const seconds = load(server, "auto", 60, retryAfter);
  const settled = seconds.slice(10);
  return {
    seconds,
    ofBest: sum(settled.slice(0, 20), "done") / best,
    refused: sum(settled, "refused") / (sum(settled, "refused") + sum(settled, "done")),
    most: Math.max(...settled.map(({ most }) => most)),
  };
}

describe("parallel requests that find themselves", () => {
  const SERVERS: [what: string, server: VirtualServer, between: [least: number, most: number]][] = [
    ["20 ms away", taking(() => 20), [64, 64]],
    ["50 ms away", taking(() => 50), [64, 64]],
    ["200 ms away", taking(() => 200), [64, 64]],
    ["that does one thing at a time", taking((underWay) => underWay / 4), [4, 9]],
    ["that does four things at a time", taking((underWay) => Math.max(4, underWay)), [4, 9]],
    ["that slows down evenly", taking((underWay) => 20 + 2 * underWay), [32, 64]],
    ["that slows down more and more", taking((underWay) => 20 + 20 * (underWay / 16) ** 2), [9, 27]],
    ["that slows down soon", taking((underWay) => 5 + 5 * (underWay / 4) ** 2), [4, 6]],
  ];
  for (const [what, server, [least, most]] of SERVERS) {
    it(`are as good as the best number for a server ${what}`, () => {
      const { seconds, ofBest } = compare(server);
      assert.ok(ofBest >= 0.9, `${ofBest} of the best`);
      const settled = seconds.slice(10);
      for (const second of settled) {
        assert.ok(second.most >= least && second.most <= most, `${second.most} at once`);
      }
      // Nobody who looks at the rate sees it swing.
      const mean = sum(settled, "done") / settled.length;
      for (const { done } of settled) assert.ok(Math.abs(done / mean - 1) < 0.2, `${done} beside ${mean}`);
    });
  }

  const LIMITED: [perSecond: number, latency: number, retryAfter: number | undefined][] = [
    [100, 1, undefined],
    [100, 1, 1],
    [20, 50, undefined],
    [20, 50, 1],
    [100, 50, undefined],
    [100, 50, 1],
    [200, 200, undefined],
    [500, 50, 1],
  ];
  for (const [perSecond, latency, retryAfter] of LIMITED) {
    const header = retryAfter === undefined ? "no header" : `Retry-After: ${retryAfter}`;
    it(`keep to ${perSecond} a second at ${latency} ms, told by 429 with ${header}`, () => {
      const { ofBest, refused } = compare(allowing(perSecond, latency), retryAfter);
      assert.ok(ofBest >= 0.9, `${ofBest} of the best`);
      assert.ok(refused < 0.02, `${refused} refused`);
    });
  }

  it("do not slow down for ever where some are refused at any pace", () => {
    // As where others use up what is allowed.
    const refusing: VirtualServer = ({ clock, later }) => {
      return (reply) => {
        const status = clock.random() < 0.05 ? 429 : 204;
        later(2, () => reply(status));
      };
    };
    const seconds = load(refusing, "auto", 300);
    const [early, late] = [seconds.slice(10, 60), seconds.slice(250)].map((some) => sum(some, "done") / 50);
    assert.ok(late! > 0.7 * early!, `${late} a second after ${early}`);
  });

  it("find more when there is more, and less when there is less", () => {
    // By the thirtieth second another machine has taken over.
    const changing =
      (first: VirtualServer, then: VirtualServer): VirtualServer =>
      (world) => {
        const [before, after] = [first(world), then(world)];
        return (reply) => (world.clock.steady() < 30_000 ? before : after)(reply);
      };
    const small = taking((underWay) => 20 + 20 * (underWay / 4) ** 2);
    const large = taking(() => 20);
    const near = taking((underWay) => underWay / 4);
    const moved = load(changing(near, large), "auto", 60);
    assert.ok(moved[29]!.most <= 9 && moved[59]!.most === 64, JSON.stringify(moved.map(({ most }) => most)));
    const grown = load(changing(small, large), "auto", 60);
    assert.ok(grown[29]!.most <= 9 && grown[59]!.most === 64, JSON.stringify(grown.map(({ most }) => most)));
    const shrunk = load(changing(large, small), "auto", 60);
    assert.ok(
      shrunk[29]!.most === 64 && shrunk[59]!.most <= 9,
      JSON.stringify(shrunk.map(({ most }) => most)),
    );
  });

  it("keep below the number with which the server cannot cope", () => {
    const upTo: VirtualServer = ({ later }) => {
      let underWay = 0;
      return (reply) => {
        const status = ++underWay > 20 ? 503 : 204;
        later(50, () => {
          underWay--;
          reply(status);
        });
      };
    };
    const settled = load(upTo, "auto", 60).slice(10);
    assert.ok(sum(settled, "refused") / sum(settled, "done") < 0.02);
    // 15 of 20 at 50 ms.
    assert.ok(
      sum(settled, "done") / settled.length > 300,
      `${sum(settled, "done") / settled.length} a second`,
    );
  });

  it("do not fall for what fails now and then, however much is asked for", () => {
    for (const every of [20, 100, 500]) {
      const failing: VirtualServer = ({ later }) => {
        let count = 0;
        return (reply) => {
          const status = ++count % every === 0 ? 503 : 204;
          later(50, () => reply(status));
        };
      };
      const { ofBest } = compare(failing);
      assert.ok(ofBest >= 0.9, `${ofBest} of the best where one of ${every} fails`);
    }
  });

  /** A clock that is set by hand. */
  function clockByHand() {
    let now = 1000;
    const clock: Clock = { now: () => now, steady: () => now, random: () => 0 };
    return { clock, pass: (ms: number) => (now += ms) };
  }

  function byHand() {
    const { clock, pass } = clockByHand();
    const parallelism = findParallelism(clock);
    /** So many rounds of as many attempts as are allowed, each of which ends so. */
    const round = (ms: number, end: (ended: ReturnType<typeof parallelism.begin>) => void, times = 1) => {
      for (let time = 0; time < times; time++) {
        const all = Array.from({ length: parallelism.most }, () => parallelism.begin());
        pass(ms);
        all.forEach(end);
      }
    };
    return { parallelism, round, pass };
  }

  it("never rise on a server that is dead, or fails", () => {
    for (const sign of [undefined, "overloaded", "refused"] as const) {
      const { parallelism, round } = byHand();
      for (let time = 0; time < 1000; time++) {
        round(50, (ended) => ended(sign));
        assert.ok(parallelism.most <= 4);
      }
    }
  });

  it("fall by half when the server cannot cope, once for all that it was asked at once", () => {
    const { parallelism, round } = byHand();
    round(50, (ended) => ended(50), 100);
    assert.equal(parallelism.most, 64);
    for (const most of [32, 16, 8, 4, 2, 1, 1]) {
      round(50, (ended) => ended("overloaded"));
      assert.equal(parallelism.most, most);
    }
    round(50, (ended) => ended(50), 200);
    assert.equal(parallelism.most, 64);
  });

  it("fall by half when there are too many requests, but not below the start, as the pace is kept to", () => {
    const { parallelism, round } = byHand();
    round(50, (ended) => ended(50), 100);
    for (const most of [32, 16, 8, 4, 4]) {
      round(50, (ended) => ended("refused"));
      assert.equal(parallelism.most, most);
    }
  });

  it("do not fall for a pause of our own", () => {
    const { parallelism, round } = byHand();
    round(50, (ended) => ended(50), 100);
    round(400, (ended) => ended(400));
    round(50, (ended) => ended(50), 20);
    assert.equal(parallelism.most, 64);
  });

  it("stay where they are while nobody asks for more", () => {
    const { parallelism, pass } = byHand();
    for (let time = 0; time < 1000; time++) {
      const ended = parallelism.begin();
      pass(50);
      ended(50);
    }
    assert.equal(parallelism.most, 4);
  });

  it("are bounded for all connections together, of which each has the start", () => {
    const { clock, pass } = clockByHand();
    const all = { underWay: 0 };
    const connections = Array.from({ length: 200 }, () => findParallelism(clock, all));
    /** Each sends as much as it may, to a server 50 ms away. */
    const round = (some: typeof connections) => {
      const sent = some.map((each) => {
        const ends = [each.begin()];
        while (ends.length < each.most) ends.push(each.begin());
        return ends;
      });
      const total = all.underWay;
      pass(50);
      for (const ended of sent.flat()) ended(50);
      return { total, least: Math.min(...sent.map(({ length }) => length)) };
    };
    // Alone, each finds the most.
    for (const each of connections) for (let time = 0; time < 50; time++) round([each]);
    assert.ok(connections.every(({ most }) => most === 64));
    for (let time = 0; time < 100; time++) {
      const { total, least } = round(connections);
      assert.ok(total <= ENOUGH_IN_ALL + 4 * connections.length, `${total} at once`);
      assert.ok(least >= 4, `${least} of one connection`);
    }
    assert.equal(all.underWay, 0);
    round(connections.slice(0, 1));
    assert.equal(connections[0]!.most, 64);
  });

  it("start again after a minute without a request", () => {
    const { parallelism, round, pass } = byHand();
    round(50, (ended) => ended(50), 100);
    pass(59_000);
    round(50, (ended) => ended(50));
    assert.equal(parallelism.most, 64);
    pass(61_000);
    parallelism.begin()(undefined);
    assert.equal(parallelism.most, 4);
  });
});
