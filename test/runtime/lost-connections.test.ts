import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Fault } from "../../simulator/server.js";
import { freePort } from "../../simulator/node-red.js";
import {
  CHANGES,
  DONE,
  METHODS,
  outcomes,
  records,
  withFaults,
  type FaultFixture,
} from "../helpers/faults.js";
import type { Seen } from "../helpers/runtime.js";
import { relayTo, type Running } from "../helpers/servers.js";

/**
 * What a flow sees of connections that are refused, lost, slow or closed; that no request is lost or doubled,
 * counted on the simulator; that what the node says became of a token did; and that the next message works.
 */
describe("lost connections", () => {
  /** An answer that nobody has asked for. */
  const FORGED = "HTTP/1.1 500 Forged\r\ncontent-length: 0\r\n\r\n";
  /** Keeps the connection on which a request came, after its answer or before. */
  const keep = (keepIt: (socket: Socket) => void, answered: boolean): Fault => ({
    raw(socket, answer) {
      if (answered) socket.write(answer);
      keepIt(socket);
    },
  });

  describe("that are lost while a request is under way", () => {
    const cut =
      (upTo: number, end: "resetAndDestroy" | "destroy") =>
      (socket: Socket, answer: Buffer): void => {
        socket.write(answer.subarray(0, upTo), () => socket[end]());
      };
    const LOST: [when: string, fault: Fault, arrived: boolean][] = [
      ["closed before it is read", { drop: "before" }, false],
      ["reset before it is read", { body: "", raw: (socket) => socket.resetAndDestroy() }, false],
      ["closed before its answer", { drop: "after" }, true],
      ["reset before its answer", { raw: (socket) => socket.resetAndDestroy() }, true],
      ["closed in the headers of its answer", { raw: cut(20, "destroy") }, true],
      ["reset in the headers of its answer", { raw: cut(20, "resetAndDestroy") }, true],
      ["closed before the last byte of its answer", { raw: cut(-1, "destroy") }, true],
      ["reset before the last byte of its answer", { raw: cut(-1, "resetAndDestroy") }, true],
    ];
    for (const method of METHODS) {
      for (const [when, fault, arrived] of LOST) {
        it(`${method}: ${when}`, async () => {
          await withFaults(method, {}, async ({ simulator, ids, isDone, fails, works }) => {
            const [first, second] = ids(2) as [string, string];
            simulator.faults.push({ ...fault });
            const words =
              method === "GET" ? /connection was lost/ : /connection was lost.*may have carried it out/;
            const seen = await fails({ payload: [first] }, "network", words);
            if (method !== "GET") {
              assert.partialDeepStrictEqual(records(seen), [
                { outcome: "failed", error: { code: "network" } },
              ]);
              assert.equal(isDone(first), arrived);
              assert.ok(!isDone(second));
            }
            await works({ payload: second });
          });
        });

        it(`${method}: ${when}, and tried again`, async () => {
          await withFaults(method, { retries: "1" }, async ({ simulator, ids, isDone, works }) => {
            const [first, second] = ids(2) as [string, string];
            simulator.faults.push({ ...fault });
            const seen = await works({ payload: [first] }, 2);
            if (method !== "GET") {
              assert.partialDeepStrictEqual(records(seen), [{ outcome: DONE[method], attempts: 2 }]);
              assert.ok(isDone(first) && !isDone(second));
            }
            await works({ payload: second });
          });
        });
      }

      it(`${method}: reset after its answer is no harm`, () =>
        withFaults(method, {}, async ({ simulator, ids, isDone, works }) => {
          const [first, second] = ids(2) as [string, string];
          simulator.faults.push({ raw: cut(Infinity, "resetAndDestroy") });
          await works({ payload: first });
          assert.equal(isDone(first), method !== "GET");
          await works({ payload: second });
        }));
    }
  });

  describe("that are too slow", () => {
    const dripBody = (socket: Socket, answer: Buffer) => {
      let given = answer.indexOf("\r\n\r\n") + 4;
      socket.write(answer.subarray(0, given));
      const timer = setInterval(() => socket.write(answer.subarray(given, ++given)), 30);
      socket.once("close", () => clearInterval(timer));
    };

    it("GET: headers that never come; those that do when nobody waits any more are no other's answer", () =>
      withFaults("GET", { timeout: "1", retries: "3" }, async ({ simulator, fails, works }) => {
        let late: Socket | undefined;
        simulator.faults.push(keep((socket) => (late = socket), false));
        const { error } = await fails({}, "timeout", /no answer within 1 s/);
        assert.doesNotMatch(error!.message, /carried it out/);
        late!.write(FORGED);
        await works({});
      }));

    it("GET: a body that drips", () =>
      withFaults("GET", { timeout: "1" }, async ({ simulator, fails, works }) => {
        simulator.faults.push({ raw: dripBody });
        await fails({}, "timeout", /no answer within 1 s/);
        await works({});
      }));

    for (const method of CHANGES) {
      it(`${method}: an answer that never comes, to what has been done`, () =>
        withFaults(
          method,
          { timeout: "1", retries: "3" },
          async ({ simulator, ids, isDone, fails, works }) => {
            const [first, second] = ids(2) as [string, string];
            simulator.faults.push(keep(() => undefined, false));
            const seen = await fails({ payload: [first] }, "timeout", /may have carried it out all the same/);
            assert.partialDeepStrictEqual(records(seen), [{ outcome: "failed", error: { code: "timeout" } }]);
            assert.ok(isDone(first));
            await works({ payload: [first, second] }, 2);
          },
        ));
    }
  });

  describe("that do not come about", () => {
    for (const method of METHODS) {
      it(`${method}: refused, until the server is there`, async () => {
        const port = await freePort();
        await withFaults(method, { url: `http://127.0.0.1:${port}` }, async (fixture) => {
          const { simulator, ids, isDone, fails, works } = fixture;
          const [id] = ids(1);
          await fails({ payload: id }, "network", /connection was refused\. Check that the server/, 0);
          const relay = await relayTo(simulator.port, port);
          await works({ payload: id }).finally(relay.close);
          assert.equal(isDone(id!), method !== "GET");
        });
      });
    }

    it("DELETE: refused, and tried again when the server is there; what it does not find then was not there", async () => {
      const port = await freePort();
      await withFaults("DELETE", { url: `http://127.0.0.1:${port}`, retries: "4" }, async (fixture) => {
        const { simulator, works } = fixture;
        // Shorter than the pause before the second try.
        const back = wait(60).then(() => relayTo(simulator.port, port));
        const seen = await works({ payload: ["0aaaaaaaaaaaaaaa"] });
        await (await back).close();
        assert.deepEqual(outcomes(seen), ["not-found"]);
      });
    });

    it("GET: a host that nobody knows", () =>
      withFaults("GET", { url: "http://no-such-host.invalid" }, async ({ fails }) => {
        await fails({}, "network", /host is unknown|could not be looked up/, 0);
        await fails({}, "network", /host is unknown|could not be looked up/, 0);
      }));

    for (const [what, url] of [
      ["a server that is not there", async () => `http://127.0.0.1:${await freePort()}`],
      ["a host that nobody knows", () => "http://no-such-host.invalid"],
    ] as const) {
      it(`stop a sweep at ${what}, rather than to be tried in vain for each`, async () => {
        await withFaults(
          "DELETE",
          { url: await url(), parallel: "1", retries: "1" },
          async ({ ids, fails }) => {
            const seen = await fails(
              { payload: ids(3) },
              "network",
              /, cannot delete 3 of 3 authorizations: /,
              0,
            );
            assert.deepEqual(outcomes(seen), ["failed", "not-started", "not-started"]);
          },
        );
      });
    }
  });

  describe("that the server closes between requests", () => {
    it("with connection: close", () =>
      withFaults("DELETE", { parallel: "1" }, async ({ simulator, ids, isDone, works }) => {
        const all = ids(3);
        simulator.faults.push({ headers: { connection: "close" }, times: 3 });
        await works({ payload: all }, 3);
        assert.ok(all.every(isDone));
      }));

    for (const [how, end] of [
      ["closed", (socket: Socket) => socket.destroy()],
      ["reset", (socket: Socket) => socket.resetAndDestroy()],
    ] as const) {
      it(`without a word, ${how} just as the next is sent`, () =>
        withFaults("DELETE", { retries: "1" }, async ({ simulator, ids, isDone, works }) => {
          const [first, second] = ids(2) as [string, string];
          let idle: Socket | undefined;
          simulator.faults.push(keep((socket) => (idle = socket), true));
          await works({ payload: first });
          end(idle!);
          await works({ payload: second });
          assert.ok(isDone(second));
        }));
    }

    it("for it keeps none open as long as the flow pauses", () =>
      withFaults("DELETE", {}, async ({ simulator, ids, isDone, works }) => {
        const [first, second] = ids(2) as [string, string];
        let closed: Promise<unknown> | undefined;
        simulator.faults.push({
          raw(socket, answer) {
            closed = once(socket, "close");
            socket.write(answer, () => setTimeout(() => socket.end(), 50));
          },
        });
        await works({ payload: first });
        await closed;
        await works({ payload: second });
        assert.ok(isDone(second));
      }));
  });

  describe("that are all reset in the middle of a sweep, by a server that is away for a moment", () => {
    for (const method of CHANGES) {
      const interrupted = async (
        retries: string,
        work: (fixture: FaultFixture, seen: Seen, all: string[], back: Promise<Running>) => Promise<void>,
      ) => {
        const port = await freePort();
        const connection = { url: `http://127.0.0.1:${port}`, parallel: "4", retries };
        await withFaults(method, connection, async (fixture) => {
          const { simulator, ids, send } = fixture;
          const all = ids(30);
          const relay = await relayTo(simulator.port, port);
          const back = simulator
            .arrived(10)
            .then(relay.close)
            // Longer than the pause before a second try, shorter than that before a third.
            .then(() => wait(300))
            .then(() => relayTo(simulator.port, port));
          const seen = await send({ payload: all });
          assert.equal(seen.ends, 1);
          await work(fixture, seen, all, back).finally(async () => (await back).close());
        });
      };

      it(`${method}: tried again, each is done in the end`, () =>
        interrupted("4", async ({ isDone, sent, works, ids }, seen, all) => {
          assert.equal(seen.error, undefined);
          assert.deepEqual(
            outcomes(seen),
            all.map(() => DONE[method]),
          );
          assert.ok(all.every(isDone));
          const tries = records(seen).map(({ attempts }) => attempts ?? 1);
          // Those that were under way, and no others.
          const again = tries.filter((count) => count > 1).length;
          assert.ok(again >= 1 && again <= 4);
          for (const [index, id] of all.entries()) {
            const arrived = sent().filter((request) => request.endsWith(id)).length;
            assert.ok(arrived >= 1 && arrived <= tries[index]!);
          }
          await works({ payload: ids(1) });
        }));

      it(`${method}: not tried again, what is done is so, and what was not begun is not`, () =>
        interrupted("0", async ({ isDone, sent, works }, seen, all, back) => {
          assert.equal(seen.error?.code, "network");
          assert.equal(new Set(sent()).size, sent().length);
          for (const [index, outcome] of outcomes(seen).entries()) {
            if (outcome === DONE[method]) assert.ok(isDone(all[index]!));
            else if (outcome === "not-started") assert.ok(!isDone(all[index]!));
            else assert.equal(outcome, "failed");
          }
          const count = (wanted: string) => outcomes(seen).filter((outcome) => outcome === wanted).length;
          // Those whose answer was lost, and as many that were refused next.
          assert.ok(count("failed") <= 8 && count(DONE[method]) >= 6 && count("not-started") >= 12);
          await back;
          const rest = all.filter((id) => !isDone(id));
          await works({ payload: rest }, rest.length);
        }));
    }
  });

  describe("on which more comes than the answer", () => {
    for (const method of METHODS) {
      it(`${method}: together with it`, () =>
        withFaults(method, { parallel: "1" }, async ({ simulator, ids, isDone, works }) => {
          const [first, second, third] = ids(3) as [string, string, string];
          simulator.faults.push({ raw: (socket, answer) => socket.write(`${answer}${FORGED}`) });
          if (method === "GET") await works({});
          else await works({ payload: [first, second] }, 2);
          await works({ payload: third });
          if (method !== "GET") assert.ok([first, second, third].every(isDone));
        }));

      it(`${method}: just as the next is sent`, () =>
        withFaults(method, {}, async ({ simulator, ids, isDone, works }) => {
          const [first, second] = ids(2) as [string, string];
          let idle: Socket | undefined;
          simulator.faults.push(keep((socket) => (idle = socket), true));
          await works({ payload: first });
          idle!.write(FORGED);
          await works({ payload: second });
          assert.equal(isDone(second), method !== "GET");
        }));
    }
  });
});
