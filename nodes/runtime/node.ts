import type { Node, NodeAPI, NodeDef } from "node-red";
import { setMaxListeners } from "node:events";
import { createAudit, type Audit, type AuditedWork } from "../../src/work/audit.js";
import type { Watch } from "../../src/http/call.js";
import type { NodeFile } from "../start.js";
import { MOST_PARALLEL } from "../../src/http/parallelism.js";
import { productOf, type ResourceName } from "../../src/products.js";
import { asksForDryRun } from "../../src/work/dry-run.js";
import { factsOf } from "../../src/error-codes.js";
import { asTokenError, reasonOf, type TokenError } from "../../src/errors.js";
import { then, type PromiseOrValue } from "../../src/promise-or-value.js";
import type { CounterStore } from "../../src/work/rate-limit.js";
import type { Listed, Listing } from "../../src/tokens/resource.js";
import type { Summary } from "../../src/work/summary.js";
import { RESOURCES, type Tokens } from "../../src/tokens/resources.js";
import { NO_PLACES, notBegun, type Places } from "../../src/work/order.js";
import { createTurns } from "../../src/work/turns.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { Target, Targets } from "../../src/work/targets.js";
import { auditLog } from "./audit-log.js";
import { contextsOf, type Contexts } from "./contexts.js";
import { storeOf } from "./store.js";
import { connectionsOf, tellingConnection, type Connections } from "./connections.js";
import { evaluator } from "./evaluator.js";
import { keepInstance } from "./instances.js";
import { followLast } from "./last.js";
import { type Evaluate, type Fields, type Values } from "../fields/fields.js";
import { isUsed, resourceIn } from "../fields/judge.js";
import { refuseEmptyVariables } from "../fields/refuse-variables.js";
import { CONNECTION_FIELDS } from "../fields/connection.js";
import type { Connection, ShownConnection } from "../influxdb-connection/connection.js";
import { handOver, type HandOver } from "./hand-over.js";
import { followerOf, type Ended, type Steps } from "./status.js";
import {
  copyOf,
  dropFrom,
  ending,
  sender,
  withFields,
  type Message,
  type Send,
  type Sender,
} from "./sender.js";

/**
 * A node that does one operation: all that distinguishes it from the others. Its fields make the dialog, the defaults
 * and the reading of its properties; `run` does the work.
 */
export interface Operation<F extends Fields = Fields, R extends ResourceName = ResourceName> {
  /** Node type, such as `influxdb-list-authorizations`. */
  type: string;
  /** The tokens that it works on. Without it, those of its field `kind`; without that, any of the connection. */
  resource?: R;
  /** Colour and icon (a file of `icons/`) in the palette. */
  color: string;
  icon: string;
  /** The labels of the outputs, one key of the locale for each. */
  outputs: readonly string[];
  fields: F;
  run(task: Task<F, R>): Promise<Ending>;
  /** The tokens whose order a message keeps; those of its field `targets` unless this says otherwise. */
  idsOf?(values: Values<F>): readonly string[];
  /** What goes on between messages, from the start of the node on. */
  start?(standing: Standing): void;
  /** Of a node that lists: what it would find. */
  find?(values: Values<F>, tokens: Tokens<R>): Listing<Listed>;
}

/** One message on its way through a node. */
export interface Task<F extends Fields, R extends ResourceName = ResourceName> {
  values: Values<F>;
  connection: Connection;
  /** What records call the connection, if the message has named it. */
  named: ShownConnection | undefined;
  resource: R;
  /** The tokens of the resource; what is sent to them ends with the signal, and its retries show in the status. */
  tokens: Tokens<R>;
  /** What else is sent for the message ends with it, too. */
  watch: Watch;
  /** The message asks for a dry run: nothing may be changed, whatever the node says. */
  dryRun: boolean;
  /** What the message comes from: the parts of one list share one. */
  origins: readonly string[];
  /** The places of the message's targets in the order of the connection. */
  places: Places;
  /** Aborted when the node stops. */
  signal: AbortSignal;
  /** Shows how far the work is, in the node's status. */
  progress: (done: number, total: number) => void;
  /** Writes to the log. */
  warn: (text: string) => void;
  /** The audit trail of what is done to these targets; `changes` is what an update sets. */
  audit: (targets: readonly Target[], changes?: Readonly<Record<string, unknown>>) => Audit;
  send: Sender;
  /** Gives out the value of a new token, in its one place. */
  handOver: HandOver;
  /** The contexts of the node. */
  contexts: Contexts;
  /** Takes a property off the received message, so that nobody gets it any more. */
  drop: (key: string) => void;
  /** The node itself. */
  standing: Standing;
  /** Keeps what became of a target, for who asks later. */
  record: (record: OutcomeRecord, index: number) => void;
}

/** A node between its messages, from its start until it stops. */
export interface Standing {
  /** The runtime's ID: each instance of a subflow has one of its own. */
  readonly id: string;
  /** Those that it works with. */
  readonly connections: Connections;
  /** Aborted when the node stops. */
  readonly signal: AbortSignal;
  /** Keeps something over deploys and, if Node-RED's context does, over restarts. */
  store(name: string): CounterStore;
  audit(
    connection: Connection,
    targets: readonly Target[],
    changes: Readonly<Record<string, unknown>>,
  ): Audit;
  /** Tells of a failure that belongs to no message: a Catch node gets it with this payload. @param id of the connection. */
  fail(error: TokenError, payload: unknown, id: Connection["id"]): void;
  warn: (text: string) => void;
}

/** How the work of a message ended: with an error if some of it failed and the flow is to know it by one. */
export interface Ending extends Ended {
  /** None if there was no work. */
  summary?: Summary;
  /** For whoever gets the message with the error. */
  payload?: unknown;
}

/** What a node's file exports: what makes the constructor of its nodes, and the operation for the renderer of the dialog. */
export type NodeModule = NodeFile & { operation: Operation };

/**
 * A node from its operation.
 *
 * @example
 * export default node({
 *   type: "influxdb-delete-database-token",
 *   resource: "database-tokens",
 *   color: "#dfb3ab",
 *   icon: "influxdb-token-delete.svg",
 *   outputs: ["report"],
 *   fields: irreversibleFields(databaseTokens),
 *   run: (task) => remove(task),
 * });
 */
export function node<F extends Fields, R extends ResourceName>(operation: Operation<F, R>): NodeModule {
  return Object.assign((RED: NodeAPI) => constructorOf(RED, operation), { operation });
}

interface Properties extends NodeDef {
  connection?: string;
  [field: string]: unknown;
}

/** A message that waits for its turn. It is no more than this, because there can be very many. */
interface Waiting<F extends Fields> {
  readonly msg: Message;
  readonly send: Send;
  readonly done: Done;
  readonly origins: readonly string[];
  readonly connection: Connection;
  readonly dryRun: boolean;
  readonly values: Values<F>;
  readonly places: Places;
}

type Done = (error?: Error) => void;

/**
 * Messages that a node works on at once for one connection; the others wait, which takes less memory than work does.
 * More than a connection allows requests, so that none of those stays unused.
 */
const MESSAGES_AT_ONCE = 2 * MOST_PARALLEL;

/**
 * The constructor of the nodes of an operation. This is the only code that touches `send`, `done`, `status` and `close`: each
 * message ends once, by `done` if it can be copied with what it must say, and nothing is under way after a close.
 */
function constructorOf<F extends Fields, R extends ResourceName>(
  RED: NodeAPI,
  operation: Operation<F, R>,
): ReturnType<NodeFile> {
  // As people name it: "delete authorization".
  const task = operation.type
    .replace("influxdb-", "")
    .replaceAll("-", " ")
    .replace("influxdb3", "InfluxDB 3");

  function OperationNode(this: Node, properties: Properties): void {
    RED.nodes.createNode(this, properties);
    /** Messages that have not ended. */
    let underWay = 0;
    let whenIdle: (() => void) | undefined;
    let stopped: TokenError | undefined;
    const stopping = new AbortController();
    // Every request under way listens to it.
    setMaxListeners(0, stopping.signal);
    const readers = attempt(() => {
      refuseEmptyVariables(RED, { ...CONNECTION_FIELDS, ...operation.fields }, properties);
      return parseAll(operation.fields, properties, storeOf(this, "limit"));
    });

    const changes = "dryRun" in operation.fields;
    const resource = resourceIn(operation, properties) as R | undefined;
    const idsIn = (values: Values<F>) => operation.idsOf?.(values) ?? idsOf(values);
    const follower = followerOf(this, { sums: changes });
    const log = auditLog(RED, this);
    const contexts = contextsOf(RED, this);
    const auditOf = (
      connection: Connection,
      targets: readonly Target[],
      changes: AuditedWork["changes"],
      message?: string,
    ) => {
      const ids = { flow: this.z, node: this.id, nodeName: this.name, connection: connection.id };
      return createAudit(connection.auditFile ?? log, { operation: task, changes, ...ids, message }, targets);
    };
    const connections = connectionsOf(RED, this, properties, { resource, task });
    const standing: Standing = {
      id: this.id,
      connections,
      signal: stopping.signal,
      store: (name) => storeOf(this, name),
      audit: auditOf,
      fail: (thrown, payload, id) => {
        const error = connections.errorOf(thrown, id);
        const { httpStatus: statusCode } = factsOf(error.code);
        this.status({ fill: "red", shape: "ring", text: error.words });
        this.error(error.during(task), { payload, statusCode });
      },
      warn: (text) => {
        this.warn(text);
      },
    };
    /** All up to the place in the order happens as the message arrives. */
    const prepare = (
      msg: Message,
      send: Send,
      done: Done,
      origins: readonly string[],
    ): PromiseOrValue<Waiting<F>> => {
      const evaluate = evaluator(RED, this, msg);
      return then(connections.of(evaluate, stopping.signal), (connection) => {
        const dryRun = changes && askersIn(msg).some(asksForDryRun);
        const reading = readAll(readers(), evaluate) as PromiseOrValue<Values<F>>;
        const queuing = changes ? connection.order.queue(then(reading, idsIn), stopping.signal) : NO_PLACES;
        return then(queuing, (places) =>
          then(reading, (values) => ({ msg, send, done, origins, connection, dryRun, values, places })),
        );
      });
    };
    /** In its turn. */
    const handle = async ({ msg, send, done, origins, connection, dryRun, values, places }: Waiting<F>) => {
      if (stopping.signal.aborted) {
        places.leave();
        // The same for all, because there can be very many.
        finish(msg, done, { error: (stopped ??= notBegun().during(task)) });
        return;
      }
      const steps = follower.begin();
      const last = followLast(this);
      const watch = { signal: stopping.signal, onRetry: steps.onRetry };
      const kind = resource ?? (productOf(connection.product).resources[0] as R);
      let ended: Ending;
      try {
        const work: Task<F, R> = {
          values,
          connection,
          resource: kind,
          named: connections.areNamed ? connection.shown : undefined,
          tokens: connection.open(kind, watch),
          watch,
          dryRun,
          origins,
          places,
          signal: stopping.signal,
          progress: steps.progress,
          warn: standing.warn,
          audit: (targets, changes) =>
            auditOf(connection, targets, changes, typeof msg._msgid === "string" ? msg._msgid : undefined),
          send: sender(RED, msg, send, (this as unknown as { wires: unknown[][] }).wires),
          handOver: handOver(RED, contexts, msg, send, RESOURCES[kind].noun),
          contexts,
          drop: (key) => {
            dropFrom(RED, msg, key);
          },
          standing,
          record: last.record,
        };
        ended = await tellingConnection(work, task, (told) => operation.run(told));
      } catch (thrown) {
        ended = { error: asTokenError(thrown) };
      }
      places.leave();
      finish(msg, done, ended, { steps, last });
    };
    /** Each connection has turns of its own, so that one that is slow does not hold the others. */
    const turns = new WeakMap<Connection, (message: Waiting<F>) => void>();
    const turnsOf = (connection: Connection) => {
      const known = turns.get(connection) ?? createTurns(MESSAGES_AT_ONCE, handle);
      turns.set(connection, known);
      return known;
    };

    const end = (msg: Message, done: Done, error?: TokenError) => {
      try {
        ending(msg, () => {
          done(error);
        });
      } catch (thrown) {
        // A message that cannot be copied for a Catch or Complete node; the exception would end Node-RED.
        if (error) this.error(error, copyOf(RED, msg));
        else this.warn(`Done, but no Complete node could be told: ${reasonOf(thrown)}`);
      }
    };
    const fail = (msg: Message, done: Done, error: TokenError, { summary, payload }: Ending) => {
      // Without one, too: the summary of another node would be taken for this one's.
      const { httpStatus: statusCode } = factsOf(error.code);
      const told = withFields(msg, { summary, ...(payload !== undefined && { payload }), statusCode });
      // A Catch node gets a copy of the message itself, so of one that is read-only it is told without `done`.
      if (told === msg) end(msg, done, error);
      else this.error(error, copyOf(RED, told));
    };
    const finish = (
      msg: Message,
      done: Done,
      ended: Ending,
      { steps, last = followLast(this) }: { steps?: Steps; last?: ReturnType<typeof followLast> } = {},
    ) => {
      const error = ended.error?.during(task);
      follower.end(ended, steps);
      last.end(error?.message, ended.summary);
      try {
        if (error) fail(msg, done, error, ended);
        else end(msg, done);
      } finally {
        if (--underWay === 0) whenIdle?.();
      }
    };
    this.on("input", (msg, send, done) => {
      const origins = originsOf(msg);
      underWay++;
      follower.arrive(origins);
      const refuse = (thrown: unknown) => {
        finish(msg, done, { error: asTokenError(thrown) });
      };
      try {
        const preparing = then(prepare(msg, send, done, origins), (waiting) => {
          turnsOf(waiting.connection)(waiting);
        });
        if (preparing instanceof Promise) preparing.catch(refuse);
      } catch (thrown) {
        refuse(thrown);
      }
    });

    this.on("close", (_removed: boolean, done: () => void) => {
      whenIdle = done;
      stopping.abort();
      if (underWay === 0) done();
    });
    keepInstance(this);
    operation.start?.(standing);
  }
  return OperationNode as never;
}

/** Calls once; afterwards gives the result, or throws the same error, on each call. */
function attempt<T>(action: () => T): () => T {
  try {
    const result = action();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

type Reader = (evaluate: Evaluate) => unknown;

function parseAll(fields: Fields, properties: Properties, counts: CounterStore): [string, Reader][] {
  return Object.entries(fields)
    .filter(([, field]) => isUsed(fields, field, properties))
    .map(([name, field]) => [name, field.parse(name, properties, counts)]);
}

/** The tokens that a message is about, if the node acts upon some. */
function idsOf(values: Record<string, unknown>): string[] {
  const { targets } = values as { targets?: Targets };
  return targets?.list.map(({ id }) => id) ?? [];
}

/** Where a message can ask for a dry run: the body of a request can, even if the targets come from elsewhere. */
function askersIn(msg: Message & { req?: { query?: unknown } }): unknown[] {
  return [msg, msg.payload, msg.req?.query];
}

/** Lists within lists that are looked at. */
const DEEPEST = 10;

/**
 * Messages that a flow makes of one message have its id; the parts of a list share another, and those of a list within
 * a list share the outer one's as well.
 */
function originsOf(msg: Message): string[] {
  let origins: string[] = [];
  try {
    // Not pushed, which makes room for seventeen.
    origins = [`message ${msg._msgid}`];
    let parts = msg.parts as { id?: unknown; parts?: unknown } | undefined;
    for (let depth = 0; parts && depth < DEEPEST; depth++) {
      if (typeof parts.id === "string") origins.push(`parts ${parts.id}`);
      parts = parts.parts as typeof parts;
    }
  } catch {
    // A getter or proxy of the flow has thrown, so it is not a part of a list that a Join node could take.
  }
  return origins;
}

/** One after another, so that the first one that is wrong is told of. */
function readAll(
  readers: readonly [string, Reader][],
  evaluate: Evaluate,
  values: Record<string, unknown> = {},
): PromiseOrValue<Record<string, unknown>> {
  let index = 0;
  for (const [name, read] of readers) {
    index++;
    const value = read(evaluate);
    if (value instanceof Promise) {
      return value.then((came: unknown) =>
        readAll(readers.slice(index), evaluate, { ...values, [name]: came }),
      );
    }
    values[name] = value;
  }
  return values;
}
