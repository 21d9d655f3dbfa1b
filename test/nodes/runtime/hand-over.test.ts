import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import type { Contexts } from "../../../nodes/runtime/contexts.js";
import { handOver } from "../../../nodes/runtime/hand-over.js";
import { Secret } from "../../../src/text/secret.js";

describe("handOver", () => {
  const RED = { util: { cloneMessage: structuredClone } } as unknown as NodeAPI;

  /** Hands a value over to a context store. */
  function give(contexts: Contexts, value = "a new value"): Promise<void> {
    const record = { id: "1", outcome: "created", at: "now", token: {} } as const;
    const told = { payload: record, handedOver: { id: "1", successor: undefined } };
    const give = handOver(RED, contexts, { _msgid: "1" }, () => undefined, "authorization");
    return give({ type: "flow", key: "secret", given: undefined }, new Secret(value), told);
  }

  it("leaves in the context what was there, where that fails, or takes the value too late", async () => {
    for (const failing of ["set", "get"]) {
      let held: unknown = "what works";
      let isSet = false;
      const contexts: Contexts = {
        get: () => (failing === "get" && isSet ? Promise.reject(new Error("disk")) : Promise.resolve(held)),
        set(_, value) {
          const isFirst = !isSet;
          [held, isSet] = [value, true];
          return failing === "set" && isFirst ? Promise.reject(new Error("too late")) : Promise.resolve();
        },
      };
      await assert.rejects(give(contexts), { code: "invalid-config" });
      assert.equal(held, "what works");
    }
  });

  it("leaves in the context what was there, where the value is written later than that is read", async () => {
    const toBeWritten: unknown[] = [];
    const contexts: Contexts = {
      get: () => Promise.resolve("what works"),
      set: (_, value) =>
        toBeWritten.push(value) === 1 ? Promise.reject(new Error("too late")) : Promise.resolve(),
    };
    await assert.rejects(give(contexts), { code: "invalid-config" });
    await new Promise(setImmediate);
    assert.deepEqual(toBeWritten, ["a new value", "what works"]);
  });

  it("leaves in the context what another message has put there since", async () => {
    let held: unknown = "what works";
    const contexts: Contexts = {
      get: () => Promise.resolve(held),
      // Of two that write at once, this one is overtaken.
      async set(_, value) {
        const isFirst = value === "overtaken";
        held = value;
        if (isFirst)
          await give({ ...contexts, set: (_, late) => Promise.resolve(void (held = late)) }, "stays");
      },
    };
    await assert.rejects(give(contexts, "overtaken"), { code: "invalid-config" });
    await new Promise(setImmediate);
    assert.equal(held, "stays");
  });
});
