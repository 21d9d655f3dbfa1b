import type { Node, NodeAPI, NodeDef } from "node-red";
import { asTokenError, kindOf, TokenError } from "../../src/errors.js";
import { then, type PromiseOrValue } from "../../src/promise-or-value.js";
import type { ResourceName } from "../../src/products.js";
import { createOrder } from "../../src/work/order.js";
import type { Target } from "../../src/work/targets.js";
import { CONNECTION_FIELDS } from "../fields/connection.js";
import { connectionIds } from "../fields/connection-ways.js";
import type { Properties } from "../fields/controls.js";
import { isUsed } from "../fields/judge.js";
import type { Evaluate, Fields } from "../fields/fields.js";
import {
  CONNECTION_TYPE,
  connectionOf,
  openedFor,
  shownOf,
  type Connection,
  type ConnectionNode,
  type ShownConnection,
} from "../influxdb-connection/connection.js";
import { allInstances } from "./instances.js";
import type { Ending, Task } from "./node.js";

/** The connections that a node works with. */
export interface Connections {
  /** Whether messages name them; otherwise one is chosen in the dialog. */
  readonly areNamed: boolean;
  /**
   * That of a message. The chosen one is there at once; those that messages name come in the order of the calls.
   *
   * @throws {TokenError} `wrong-connection`, and as `connectionOf` does.
   */
  of(evaluate: Evaluate, signal: AbortSignal): PromiseOrValue<Connection>;
  /** One of them, by {@link Connection.id}. @throws as {@link Connections.of} does. */
  byId(id: string): Connection;
  /** The IDs of those that are there now. */
  ids(): string[];
  /** The error of work with one of them. */
  errorOf(error: TokenError, id: string): TokenError;
}

type Parsed = { [Name in keyof typeof CONNECTION_FIELDS]?: unknown };

/**
 * @param options.resource what the node works on, if that is known; a connection without such tokens is refused.
 * @param options.task what the node does, for errors that name the connection.
 */
export function connectionsOf(
  RED: NodeAPI,
  node: Node,
  properties: Properties & { connection?: string },
  { resource, task }: { resource: ResourceName | undefined; task: string },
): Connections {
  const { connection: chosen, connectionFrom = "chosen" } = properties as typeof properties & Parsed;
  if (connectionFrom === "chosen") {
    const byId = () => connectionOf(RED, chosen, resource);
    return { areNamed: false, of: byId, byId, ids: () => [chosen ?? ""], errorOf: (error) => error };
  }
  const some = connectionFrom === "some" ? connectionIds(properties.connections) : undefined;
  const isAllowed = (each: ConnectionNode) =>
    some === undefined || some.includes(each._alias ?? each.id) || some.includes(each.id);
  /** Those that the node could choose in its dialog: of its own flow or instance of a subflow, and of all flows. */
  const here = () =>
    (allInstances() as ConnectionNode[]).filter(
      ({ type, z }) => type === CONNECTION_TYPE && (!z || z === node.z),
    );

  function find(named: string): Connection {
    const meant = here().filter((each) => [each.id, each._alias, shownOf(each).name].includes(named));
    const [only, another] = meant;
    if (only === undefined) throw wrong(unknown(RED, named), allowedNames());
    if (another !== undefined) {
      throw wrong(
        `names "${named}", as ${meant.length} connections are called. Use the ID of the one that is meant`,
      );
    }
    if (!isAllowed(only))
      throw wrong(`names "${shownOf(only).name}", which the node does not allow`, allowedNames());
    return open(only);
  }

  function open(found: ConnectionNode): Connection {
    try {
      return openedFor(found, resource);
    } catch (error) {
      throw errorOn(asTokenError(error), task, shownOf(found));
    }
  }

  function allowedNames(): string {
    const names = here()
      .filter(isAllowed)
      .map((each) => `"${shownOf(each).name}"`);
    if (names.length === 0) return "The node allows none of those that are deployed.";
    const told = names.length > MOST_NAMED ? `${names.length} connections` : names.sort().join(", ");
    return `The node allows ${told}.`;
  }

  let read: ((evaluate: Evaluate) => PromiseOrValue<string>) | undefined;
  // However long each takes to be evaluated, two messages about one token are worked on in the order in which they came.
  const arrivals = createOrder();
  return {
    areNamed: true,
    of(evaluate, signal) {
      const reading = (read ??= readerOf(properties))(evaluate);
      const queuing = arrivals.queue(
        then(reading, () => []),
        signal,
      );
      return then(queuing, () => then(reading, find));
    },
    byId: (id) => open(here().find((each) => each.id === id && isAllowed(each)) ?? gone()),
    errorOf(error, id) {
      const found = here().find((each) => each.id === id);
      return found ? errorOn(error, task, shownOf(found)) : error;
    },
    ids: () =>
      here()
        .filter(isAllowed)
        .map(({ id }) => id),
  };
}

/** Connections that an error names. */
const MOST_NAMED = 10;

/** @throws {TokenError} `invalid-config` if one of the fields is wrong. */
function readerOf(properties: Properties): (evaluate: Evaluate) => PromiseOrValue<string> {
  const { connectionFrom, connectionName, connections } = CONNECTION_FIELDS;
  connectionFrom.parse("connectionFrom", properties, NO_COUNTS);
  if (isUsed(CONNECTION_FIELDS, connections, properties))
    connections.parse("connections", properties, NO_COUNTS);
  return connectionName.parse("connectionName", properties, NO_COUNTS);
}

/** Names count nothing. */
const NO_COUNTS = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

/** @param what the field does, to complete `the field "…" …`. */
function wrong(what: string, allowed = ""): TokenError {
  return new TokenError(
    "wrong-connection",
    `the field "connectionName" ${what}. ${allowed && `${allowed} `}Nothing was sent.`,
  );
}

/** Why no connection is called so. The text is not told, because people pass tokens and addresses by mistake. */
function unknown(RED: NodeAPI, named: string): string {
  if (named.includes("://")) return "comes out as an address, expected the name or the ID of a connection";
  const disabled: string[] = [];
  RED.nodes.eachNode(({ type, id = "", name = "", d }: Partial<NodeDef> & { d?: boolean }) => {
    if (type === CONNECTION_TYPE && d === true) disabled.push(id, name.trim());
  });
  return disabled.includes(named)
    ? `names "${named}", which is disabled`
    : `comes out as ${kindOf(named)}, which is not the name or the ID of a connection that is deployed here`;
}

function gone(): never {
  throw new TokenError(
    "wrong-connection",
    "the connection is not deployed any more, or not allowed. Nothing was sent.",
  );
}

/**
 * Does the work of a message. If that has named its connection, all that a flow gets says which: the reports of many
 * servers can be joined, and told apart.
 *
 * @param words what the node does.
 */
export function tellingConnection<T extends Telling>(
  task: T,
  words: string,
  run: (task: T) => Promise<Ending>,
): Promise<Ending> {
  return task.named === undefined ? run(task) : telling(task.named, task, words, run);
}

type Telling = Pick<Task<Fields>, "named" | "record" | "send" | "handOver">;

async function telling<T extends Telling>(
  named: ShownConnection,
  task: T,
  words: string,
  run: (task: T) => Promise<Ending>,
): Promise<Ending> {
  const { record, send, handOver } = task;
  try {
    const { summary, error, ...ended } = await run({
      ...task,
      record: (each, index) => {
        record(withConnection(each, named), index);
      },
      send: (payload, summary, options) => {
        for (const each of [payload].flat() as object[]) withConnection(each, named);
        send(payload, summary && withConnection({ ...summary }, named), options);
      },
      handOver: (place, value, told) =>
        handOver(place, value, { ...told, payload: withConnection({ ...told.payload }, named) }),
    });
    return {
      ...ended,
      ...(summary && { summary: withConnection({ ...summary }, named) }),
      ...(error && { error: errorOn(error, words, named) }),
    };
  } catch (error) {
    throw errorOn(asTokenError(error), words, named);
  }
}

/** Adds the connection to what a flow gets; a copy of its own, because a flow can write to it. */
function withConnection<T extends object>(told: T, connection: ShownConnection): T {
  return Object.assign(told, { connection: { ...connection } });
}

/** The error with the connection in its task: `delete authorization 0a1b… on edge-17`. */
function errorOn(error: TokenError, words: string, { name }: ShownConnection): TokenError {
  return error.retold(error.reason, { task: `${error.task ?? words} on ${name}` });
}

/**
 * The same ID can be another token on another server.
 *
 * @throws {TokenError} `wrong-connection` if a target was found on another than this one.
 */
export function refuseElsewhere(targets: readonly Target[], { id, name }: ShownConnection): void {
  const other = targets.find(({ foundOn = id }) => foundOn !== id);
  if (other === undefined) return;
  throw new TokenError(
    "wrong-connection",
    `${other.id} was found with another connection than "${name}". Send the tokens of each server in a message of its own, with its connection. Nothing was done.`,
  );
}
