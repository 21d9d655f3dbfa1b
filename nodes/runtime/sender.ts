import type { NodeAPI, NodeMessage, NodeMessageInFlow } from "node-red";
import type { Summary } from "../../src/work/summary.js";

export type Message = NodeMessageInFlow;
export type Send = (msg: NodeMessage | (NodeMessage | null)[]) => void;
type Fields = Record<string, unknown>;

/**
 * Sends the message on with this payload and its summary, and with a status code for flows that answer an HTTP request.
 *
 * @param summary undefined for all parts of a series but the last.
 * @param options.part its place in a series, which a Join node can put together again. The last one alone has the count.
 * @param options.statusCode 200 unless it tells of an error.
 */
export type Sender = (
  payload: unknown,
  summary: Summary | undefined,
  options?: { output?: number; part?: { index: number; count?: number }; statusCode?: number },
) => void;

/**
 * The message itself carries what is sent as a whole; the parts of a series are copies of it. It is sent even if a flow
 * has made it read-only, or with a getter that throws, because the work it reports has been done by then.
 */
export function sender(RED: NodeAPI, msg: Message, send: Send, wires: readonly unknown[][]): Sender {
  let series: { id: string; rest: Message } | undefined;
  return (payload, summary, { output = 0, part, statusCode = 200 } = {}) => {
    let sent: Message;
    if (part) {
      // The payload of the original may be large, and each copy gets another.
      series ??= {
        id: RED.util.generateId(),
        rest: copyOf(RED, { ...readable(msg), payload: undefined } as Message),
      };
      const { id, rest } = series;
      sent = RED.util.cloneMessage(rest);
      const parts = { id, type: "array", len: 1, ...part, ...(rest.parts && { parts: rest.parts }) };
      Object.assign(sent, { parts });
    } else {
      // Node-RED itself copies it for every wire but the first.
      const isCopied = (wires[output] ?? []).length > 1;
      sent = isCopied && !canBeCopied(RED, msg) ? copyOf(RED, msg) : msg;
    }
    const told = withFields(sent, { payload, summary, statusCode });
    send(output === 0 ? told : [...Array<null>(output).fill(null), told]);
  };
}

/** The message with these fields, without those that are undefined; a copy if they cannot be set on it. */
export function withFields(msg: Message, fields: Fields): Message {
  try {
    const own = msg as Message & Fields;
    set(own, fields);
    if (isSet(own, fields)) return msg;
  } catch {
    // A function node can make a message, or its payload, read-only.
  }
  const copy = readable(msg);
  set(copy, fields);
  return copy as unknown as Message;
}

/** Takes a property off a message, if that can be changed. */
export function dropFrom(RED: NodeAPI, msg: Message, key: string): void {
  try {
    RED.util.setMessageProperty(msg, key, undefined, false);
  } catch {
    // A function node can make a message read-only.
  }
}

function isSet(target: Fields, fields: Fields): boolean {
  for (const name in fields) if (target[name] !== fields[name]) return false;
  return true;
}

function set(target: Fields, fields: Fields): void {
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) Reflect.deleteProperty(target, name);
    else target[name] = value;
  }
}

function canBeCopied(RED: NodeAPI, msg: Message): boolean {
  try {
    const { req, res, payload, ...rest } = msg as Message & Fields;
    RED.util.cloneMessage(rest);
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends a message with a call that may copy it for Complete and Catch nodes. Node-RED takes the request and the response
 * of an HTTP flow out of a message while it copies it, and does not put them back if the copy fails.
 */
export function ending(msg: Message, end: () => void): void {
  const [req, res] = [valueIn(msg, "req"), valueIn(msg, "res")];
  try {
    end();
  } catch (error) {
    Object.assign(msg, { ...(req !== undefined && { req }), ...(res !== undefined && { res }) });
    throw error;
  }
}

/** A copy, without what cannot be copied. */
export function copyOf(RED: NodeAPI, msg: Message): Message {
  const { req, res, ...rest } = readable(msg);
  const copy: Fields = {};
  for (const [name, value] of Object.entries(rest)) {
    try {
      copy[name] = (RED.util.cloneMessage({ value }) as Fields).value;
    } catch {
      // It throws when it is read; nobody further on could read it either.
    }
  }
  // Those of the http in node are passed on as they are, as Node-RED does.
  return { ...copy, ...(req !== undefined && { req }), ...(res !== undefined && { res }) } as Message;
}

/** The properties of a message that can be read. */
function readable(msg: Message): Fields {
  const found: Fields = {};
  let names: string[] = [];
  try {
    names = Object.keys(msg);
  } catch {
    // A proxy that a function node has made.
  }
  for (const name of names) {
    try {
      found[name] = (msg as unknown as Fields)[name];
    } catch {
      // A getter that throws.
    }
  }
  return found;
}

/** Undefined if a getter throws. */
function valueIn(msg: Message, name: string): unknown {
  try {
    return (msg as unknown as Fields)[name];
  } catch {
    return undefined;
  }
}
