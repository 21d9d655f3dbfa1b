import assert from "node:assert/strict";
import { WAITING_NODES, waitIn } from "../../bench/waiting.js";

const MESSAGES = 50_000;
/** Bytes of a message that waits, with what Node-RED itself keeps of it. */
const MOST = 1536;
/** Turns of the event loop in which all of them end: none needs one of its own. */
const MOST_TURNS = 3;

/** In a process of its own, in which nothing else takes memory. */
describe(`${MESSAGES} messages that wait in one node`, function () {
  this.timeout(120_000);

  for (const name of WAITING_NODES) {
    it(`are small, and end once each when it is deployed anew: ${name}`, async () => {
      const { each, close, dones } = await waitIn(name, MESSAGES);
      assert.ok(each < MOST, `${each.toFixed()} bytes each`);
      assert.deepEqual(dones, { messages: MESSAGES, calls: MESSAGES, cancelled: MESSAGES });
      assert.ok(close.turns <= MOST_TURNS, `${close.turns} turns`);
    });
  }
});
