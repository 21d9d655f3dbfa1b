import type { Watch } from "../http/call.js";
import type { ResourceName } from "../products.js";
import { authorizations } from "./authorizations.js";
import { databaseTokens } from "./database-tokens.js";
import { influxdb3Tokens } from "./influxdb3-tokens.js";
import { managementTokens } from "./management-tokens.js";
import type { Resource, Wires } from "./resource.js";

/** All kinds of tokens. */
export const RESOURCES = {
  authorizations,
  "database-tokens": databaseTokens,
  "management-tokens": managementTokens,
  "influxdb3-tokens": influxdb3Tokens,
} satisfies Record<ResourceName, Resource>;

/** The tokens of one kind, opened for a message. */
export type Tokens<R extends ResourceName> = ReturnType<(typeof RESOURCES)[R]["open"]>;

/** Opens the tokens of a kind for one message; see {@link Resource.open}. */
export function openTokens<R extends ResourceName>(resource: R, wires: Wires, watch: Watch): Tokens<R> {
  return RESOURCES[resource].open(wires, watch) as Tokens<R>;
}
