import { isDeepStrictEqual } from "node:util";
import type { NodeAPI } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { Secret } from "../../src/text/secret.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { summaryOf } from "../../src/work/summary.js";
import type { Place } from "../fields/place.js";
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
    const isIt = (held: unknown) => typeof held === "string" && value.equals(held);
    let putBack: () => Promise<void> = () => Promise.resolve();
    try {
      if (type === "msg") RED.util.setMessageProperty(sent, key, value.reveal(), true);
      else {
        const before = await contexts.get({ type, key });
        putBack = async () => {
          // What another message has put there since stays, as far as that can be seen. What was there before can be
          // overwritten still.
          const isOurs = (held: unknown) => isIt(held) || isDeepStrictEqual(held, before);
          if (await contexts.get({ type, key }).then(isOurs, () => true))
            await contexts.set({ type, key }, before);
        };
        await contexts.set({ type, key }, value.reveal());
      }
      const held: unknown =
        type === "msg" ? RED.util.getMessageProperty(sent, key) : await contexts.get({ type, key });
      // Neither a message nor a context says that it cannot set a property of a text.
      if (!isIt(held)) throw new Error("not writable");
    } catch {
      // A store that answers too late may have taken it, or take it still: the token is removed, and what was there may work.
      void putBack().catch(() => undefined);
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
