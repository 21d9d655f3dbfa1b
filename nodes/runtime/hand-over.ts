import { isDeepStrictEqual } from "node:util";
import type { NodeAPI } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { Secret } from "../../src/text/secret.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { summaryOf } from "../../src/work/summary.js";
import type { ContextPlace, Place } from "../fields/place.js";
import type { Contexts } from "./contexts.js";
import { copyOf, withFields, type Message, type Send } from "./sender.js";

/**
 * Gives out the value of a new token, once and in one place: a property of the message, or of the flow or global context.
 * The message that goes out is a copy, for whoever gets the received one later (Catch and Complete nodes) must not find
 * the value on it.
 *
 * @param told what is sent besides.
 * @throws {TokenError} `invalid-config` if the place cannot be written; nothing is sent then.
 */
export type HandOver = (
  place: Place,
  value: Secret,
  told: {
    /** What became of the token; it is summed up beside it. */
    payload: OutcomeRecord;
    /** IDs to send back with the word that the value is stored: most nodes that store something replace the payload. */
    handedOver: Readonly<Record<"id" | "successor", string | undefined>>;
  },
) => Promise<void>;

/** @param noun one token of the kind that is handed over. */
export function handOver(RED: NodeAPI, contexts: Contexts, msg: Message, send: Send, noun: string): HandOver {
  return async ({ type, key }, value, told) => {
    const { payload } = told;
    const { outcome: wanted, connection } = payload;
    const summary = {
      ...summaryOf([payload], { wanted, noun, dryRun: false }),
      ...(connection && { connection: { ...connection } }),
    };
    const sent = withFields(copyOf(RED, msg), { ...told, summary, statusCode: 200 });
    try {
      if (type !== "msg") await intoContext(contexts, { type, key }, value);
      else {
        RED.util.setMessageProperty(sent, key, value.reveal(), true);
        if (!isHeld(RED.util.getMessageProperty(sent, key), value)) throw notWritable();
      }
    } catch {
      // Not the message of the error, which could hold the value.
      throw new TokenError(
        "invalid-config",
        `the new value could not be put into ${type}.${key}. Open the node and choose another place for it.`,
        { words: "no place for value" },
      );
    }
    send(sent);
  };
}

/** Puts a value into a context; where that fails, leaves there what was there, for that may work, and the token is removed. */
async function intoContext(contexts: Contexts, place: ContextPlace, value: Secret): Promise<void> {
  const before = await contexts.get(place);
  try {
    await contexts.set(place, value.reveal());
    if (!isHeld(await contexts.get(place), value)) throw notWritable();
  } catch (error) {
    // A store that answers too late may have taken it, or take it still.
    void putBack().catch(() => undefined);
    throw error;
  }

  async function putBack(): Promise<void> {
    const mayHoldIt = (held: unknown) => isHeld(held, value) || isDeepStrictEqual(held, before);
    // What another message has put there since stays, as far as that can be seen.
    if (await contexts.get(place).then(mayHoldIt, () => true)) await contexts.set(place, before);
  }
}

function isHeld(held: unknown, value: Secret): boolean {
  return typeof held === "string" && value.equals(held);
}

/** Neither a message nor a context says that it cannot set a property of a text. */
function notWritable(): Error {
  return new Error("not writable");
}
