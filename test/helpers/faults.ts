import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/server.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { addTokens, withNode, type MoreNodes, type NodeFixture } from "./fixture.js";
import type { Message, Properties, Seen } from "./runtime.js";

/** What a flow does with authorizations, by the method of its requests. */
const NODES = {
  GET: { type: "list-authorizations", properties: {} },
  PATCH: { type: "update-authorization", properties: { tokenStatus: "inactive", tokenStatusType: "str" } },
  DELETE: {
    type: "delete-authorization",
    properties: { confirmed: true, limit: "", notFound: "done" },
  },
} as const;
export type Method = keyof typeof NODES;
export const METHODS = Object.keys(NODES) as Method[];
export const CHANGES = ["PATCH", "DELETE"] as const;
export const DONE = { PATCH: "updated", DELETE: "deleted" } as const;

export interface FaultFixture extends NodeFixture {
  /** So many new tokens, whose ids are sent as the payload; a list node does not look at it. */
  ids: (count: number) => string[];
  /** Whether the change of this token has been made on the server. */
  isDone: (id: string) => boolean;
  /** The message fails like this, ends once, and makes so many requests. */
  fails: (msg: Message, code: string, words: RegExp, requests?: number) => Promise<Seen>;
  /** The message does what it should, ends once, and makes so many requests. */
  works: (msg: Message, requests?: number) => Promise<Seen>;
}

/** Runs `work` with the node of a method on a connection that tries once, unless it is told otherwise. */
export function withFaults(
  method: Method,
  connection: Properties,
  work: (fixture: FaultFixture) => Promise<void>,
  options: { properties?: Properties } & MoreNodes = {},
): Promise<void> {
  const { type, properties } = NODES[method];
  return withNode(
    type,
    { ...properties, ...options.properties },
    (fixture) => work(extend(method, fixture)),
    {
      ...options,
      // Each request then belongs to the node's work: none asks which token is the connection's own.
      connection: { retries: "0", allowOwnToken: true, ...connection },
    },
  );
}

function extend(method: Method, fixture: NodeFixture): FaultFixture {
  const { simulator, send, sent } = fixture;
  const counted = async (msg: Message, requests: number) => {
    const before = sent().length;
    const seen = await send(msg);
    assert.equal(seen.ends, 1);
    assert.equal(sent().length - before, requests);
    return seen;
  };
  return {
    ...fixture,
    ids: (count) => addTokens(simulator, count).map(({ id }) => id),
    isDone: (id) => isDone(method, simulator, id),
    async fails(msg, code, words, requests = 1) {
      const seen = await counted(msg, requests);
      assert.equal(seen.error?.code, code, seen.error?.message);
      assert.match(seen.error.message, words);
      return seen;
    },
    async works(msg, requests = 1) {
      const seen = await counted(msg, requests);
      assert.equal(seen.error, undefined, seen.error?.message);
      return seen;
    },
  };
}

function isDone(method: Method, { world }: Simulator, id: string): boolean {
  const token = world.authorizations.get(id);
  return method === "DELETE" ? token === undefined : token?.status === "inactive";
}

export const records = ({ payload }: Seen): OutcomeRecord[] => payload as OutcomeRecord[];
export const outcomes = (seen: Seen): string[] => records(seen).map(({ outcome }) => outcome);
