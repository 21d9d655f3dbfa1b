import assert from "node:assert/strict";
import { mock } from "node:test";
import type { NodeContextData } from "node-red";
import { inContext } from "../../../nodes/runtime/contexts.js";

describe("inContext", () => {
  afterEach(() => mock.timers.reset());

  it("gives what the context store answers", async () => {
    const stored: Record<string, unknown> = {};
    const context = {
      get: (key: string, _store: string, done: (error: null, value: unknown) => void) => {
        done(null, stored[key]);
      },
      set: (key: string, value: unknown, store: string, done: (error?: Error) => void) => {
        stored[key] = value;
        done(store === "full" ? new Error("disk full") : undefined);
      },
    } as unknown as NodeContextData;
    const property = inContext(context, "count", "memory");
    await property.set(5);
    assert.equal(await property.get(), 5);
    await assert.rejects(inContext(context, "count", "full").set(6), /disk full/);
  });

  it("does not wait for ever for one that says nothing", async () => {
    const silent = { get: () => undefined, set: () => undefined } as unknown as NodeContextData;
    mock.timers.enable({ apis: ["setTimeout"] });
    const { get, set } = inContext(silent, "count");
    const asked = [get(), set(1)].map((each) => assert.rejects(each, /did not answer within 5 s/));
    mock.timers.tick(5000);
    await Promise.all(asked);
  });
});
