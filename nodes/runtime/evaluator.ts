import type { Node, NodeAPI } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { Evaluate } from "../fields/fields.js";
import type { Message } from "./sender.js";

/** Evaluates TypedInputs of a node against one message: at once, but for JSONata and some context stores. */
export function evaluator(RED: NodeAPI, node: Node, msg: Message): Evaluate {
  return (value, source, name) => {
    let result: { value: unknown } | TokenError | undefined;
    let wake: (() => void) | undefined;
    const settle = (error: unknown, found?: unknown) => {
      result = error ? failureOf(error, source, name) : { value: found };
      wake?.();
    };
    const told = () => {
      if (result instanceof TokenError) throw result;
      return result as { value: unknown };
    };
    try {
      // Bad JSONata is thrown at once; everything else comes through the callback.
      RED.util.evaluateNodeProperty(value, source, node, msg, settle);
    } catch (error) {
      result = failureOf(error, source, name);
    }
    return result ? told() : new Promise<void>((resolve) => (wake = resolve)).then(told);
  };
}

function failureOf(
  error: unknown,
  source: Parameters<Evaluate>[1],
  name: string,
): { value: undefined } | TokenError {
  // The path leads through something that is not there.
  if (error instanceof TypeError && source !== "jsonata") return { value: undefined };
  // Not the message of the error: JSONata quotes values in some.
  const { code, position } = (error ?? {}) as { code?: string; position?: number };
  const where =
    source === "jsonata" ? `JSONata error ${code ?? ""} at character ${position ?? 0}` : "not a valid path";
  return new TokenError(
    "invalid-config",
    `the field "${name}" could not be evaluated: ${where}. Open the node and correct it.`,
    { words: "wrong expression" },
  );
}
