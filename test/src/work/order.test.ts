import assert from "node:assert/strict";
import fc from "fast-check";
import { createOrder } from "../../../src/work/order.js";

const never = new AbortController().signal;
const turn = () => new Promise<void>(setImmediate);

describe("createOrder", () => {
  it("does what concerns one id in the order of the calls, and the rest beside it", async () => {
    const order = createOrder();
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const first = await order.queue(Promise.resolve(["a"]), never);
    const second = await order.queue(Promise.resolve(["a", "b"]), never);
    const work = (name: string) => () => {
      log.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const all = [
      second.inTurn("a", work("2a")),
      second.inTurn("b", work("2b")),
      first.inTurn("a", work("1a")),
    ];
    await turn();
    assert.deepEqual(log, ["2b", "1a"]);
    for (const end of ends.splice(0)) end();
    await turn();
    assert.deepEqual(log, ["2b", "1a", "2a"]);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it("gives places in the order of the calls, however long each takes to be read", async () => {
    const order = createOrder();
    let read: (ids: string[]) => void = () => undefined;
    const slow = order.queue(new Promise<string[]>((resolve) => (read = resolve)), never);
    const quick = order.queue(Promise.resolve(["a"]), never);
    const log: number[] = [];
    const note = (name: number) => () => Promise.resolve(log.push(name));
    const later = quick.then((places) => places.inTurn("a", note(2)));
    await turn();
    assert.deepEqual(log, []);
    read(["a"]);
    await (await slow).inTurn("a", note(1));
    await later;
    assert.deepEqual(log, [1, 2]);
  });

  it("gives places at once where the ids are there, unless one before is still being read", async () => {
    const order = createOrder();
    const isPlaces = (places: object) => "inTurn" in places;
    const first = order.queue(["a"], never);
    assert.ok(isPlaces(first));
    let read: (ids: string[]) => void = () => undefined;
    const slow = order.queue(new Promise<string[]>((resolve) => (read = resolve)), never);
    const behind = order.queue(["b"], never);
    assert.ok(!isPlaces(behind));
    read(["b"]);
    const log: number[] = [];
    const last = (await behind).inTurn("b", () => Promise.resolve(log.push(2)));
    await (await slow).inTurn("b", () => Promise.resolve(log.push(1)));
    await last;
    assert.deepEqual(log, [1, 2]);
    assert.ok(isPlaces(order.queue(["b"], never)));
  });

  it("goes on after what fails to be read, what fails to be done, and what is given up", async () => {
    const order = createOrder();
    const failed = order.queue(Promise.reject(new Error("unreadable")), never);
    const [broken, given, last] = await Promise.all(
      [1, 2, 3].map(() => order.queue(Promise.resolve(["a"]), never)),
    );
    await assert.rejects(failed, /unreadable/);
    const done = last!.inTurn("a", () => Promise.resolve("done"));
    given!.leave();
    await turn();
    await assert.rejects(
      broken!.inTurn("a", () => Promise.reject(new Error("undone"))),
      /undone/,
    );
    assert.equal(await done, "done");
  });

  it("keeps those behind one that is given up before its turn behind those before it", async () => {
    const order = createOrder();
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(() => order.queue(Promise.resolve(["a"]), never)),
    );
    let isFirstDone = false;
    second!.leave();
    const last = third!.inTurn("a", () => Promise.resolve(isFirstDone));
    await turn();
    await first!.inTurn("a", async () => {
      await turn();
      isFirstDone = true;
    });
    assert.equal(await last, true);
  });

  it("lets one that is stopped go at once, and keeps the others in order", async () => {
    const order = createOrder();
    const control = new AbortController();
    const first = await order.queue(Promise.resolve(["a"]), never);
    const stopped = await order.queue(Promise.resolve(["a"]), control.signal);
    const third = await order.queue(Promise.resolve(["a"]), never);
    const log: string[] = [];
    const note = (name: string) => () => Promise.resolve(log.push(name));
    const ended = stopped.inTurn("a", note("stopped"));
    const last = third.inTurn("a", note("third"));
    control.abort();
    await ended;
    await turn();
    assert.deepEqual(log, ["stopped"]);
    await first.inTurn("a", note("first"));
    await last;
    assert.deepEqual(log, ["stopped", "first", "third"]);
  });

  it("does not wait for ids that a stopped message never gives", async () => {
    const order = createOrder();
    const control = new AbortController();
    const stopped = order.queue(new Promise(() => undefined), control.signal);
    const next = order.queue(Promise.resolve(["a"]), never);
    control.abort();
    await assert.rejects(stopped, { code: "cancelled" });
    await (await next).inTurn("a", () => Promise.resolve());
  });

  it("passes over a message that takes too long to be read, and tells those that are stopped meanwhile", async () => {
    const order = createOrder();
    const control = new AbortController();
    const slow = order.queue(new Promise(() => undefined), control.signal);
    let read: (ids: string[]) => void = () => undefined;
    const late = order.queue(new Promise<string[]>((resolve) => (read = resolve)), never);
    const log: string[] = [];
    const next = await order.queue(Promise.resolve(["a"]), never);
    await next.inTurn("a", () => Promise.resolve(log.push("next")));
    assert.deepEqual(log, ["next"]);
    control.abort();
    await assert.rejects(slow, { code: "cancelled", attempts: 0 });
    // It would come after what came later, so it is not done at all.
    read(["a"]);
    await assert.rejects(late, { code: "timeout", message: /Nothing was done/ });
  }).timeout(8_000);

  it("goes on after ten thousand that were given up behind one that was under way", async () => {
    const order = createOrder();
    const first = await order.queue(Promise.resolve(["a"]), never);
    for (let count = 0; count < 10_000; count++) (await order.queue(Promise.resolve(["a"]), never)).leave();
    const last = await order.queue(Promise.resolve(["a"]), never);
    const done = last.inTurn("a", () => Promise.resolve("done"));
    assert.equal(await first.inTurn("a", () => Promise.resolve("first")), "first");
    assert.equal(await done, "done");
    const after = await order.queue(Promise.resolve(["a"]), never);
    assert.equal(await after.inTurn("a", () => Promise.resolve("after")), "after");
  });

  it("keeps the order for any messages, whatever is read, done, failed and given up in whichever order", () => {
    const message = fc.record({
      ids: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
      fate: fc.constantFrom("done", "failed", "left"),
    });
    return fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(message, { maxLength: 8 }), async (scheduler, messages) => {
        const order = createOrder();
        const done = new Map<string, number[]>();
        let underWay = new Set<string>();
        const all = messages.map(async ({ ids, fate }, index) => {
          const places = await order.queue(scheduler.schedule(Promise.resolve(ids)), never);
          if (fate === "left") {
            await scheduler.schedule(Promise.resolve());
            places.leave();
            return;
          }
          const each = ids.map((id) =>
            places.inTurn(id, async () => {
              assert.ok(!underWay.has(id), "one at a time");
              underWay.add(id);
              await scheduler.schedule(Promise.resolve());
              underWay.delete(id);
              done.set(id, [...(done.get(id) ?? []), index]);
              if (fate === "failed") throw new Error("failed");
            }),
          );
          await Promise.allSettled(each);
          places.leave();
        });
        await scheduler.waitFor(Promise.all(all));
        underWay = new Set();
        for (const [id, indexes] of done) {
          const expected = messages.flatMap(({ ids, fate }, index) =>
            (ids as string[]).includes(id) && fate !== "left" ? [index] : [],
          );
          assert.deepEqual(indexes, expected);
        }
      }),
    );
  });
});
