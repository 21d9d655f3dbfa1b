import type { Node, NodeAPI } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { Evaluate } from "../fields/fields.js";
import type { Message } from "./sender.js";

/** Evaluates TypedInputs of a node against one message. */
export function evaluator(RED: NodeAPI, node: Node, msg: Message): Evaluate {
  return (value, source, name) =>
    new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        if (error instanceof TypeError && source !== "jsonata") {
          // The path leads through something that is not there.
          resolve({ value: undefined });
          return;
        }
        // Not the message of the error: JSONata quotes values in some.
        const { code, position } = (error ?? {}) as { code?: string; position?: number };
        const where =
          source === "jsonata"
            ? `JSONata error ${code ?? ""} at character ${position ?? 0}`
            : "not a valid path";
        reject(
          new TokenError(
            "invalid-config",
            `the field "${name}" could not be evaluated: ${where}. Open the node and correct it.`,
            { words: "wrong expression" },
          ),
        );
      };
      try {
        // Bad JSONata is thrown at once; everything else comes through the callback.
        RED.util.evaluateNodeProperty(value, source, node, msg, (error: Error | null, result: unknown) => {
          if (error) fail(error);
          else resolve({ value: result });
        });
      } catch (error) {
        fail(error);
      }
    });
}
