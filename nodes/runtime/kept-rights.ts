import { TokenError } from "../../src/errors.js";
import { isSameAccess, readDatabasePermissions, type DatabasePermission } from "../../src/tokens/wanted.js";
import type { ContextPlace } from "../fields/place.js";
import type { Contexts } from "./contexts.js";

/** What database tokens may do, kept in a context by their IDs while the tokens themselves have no rights. */
export interface KeptRights {
  /** @throws {TokenError} `not-waiting` if none are kept of this token; `invalid-config` if they cannot be read. */
  of(id: string): Promise<readonly DatabasePermission[]>;
  /** @throws {TokenError} `invalid-config` if the context store fails, or does not have them then. */
  keep(id: string, permissions: readonly DatabasePermission[]): Promise<void>;
  /** To be called when the token has them again, or is gone. A failure of the context store does no harm then. */
  forget(id: string): Promise<void>;
}

/** @param place where; it is not looked at before something is to be kept or read. */
export function keptRights(contexts: Contexts, place: ContextPlace): KeptRights {
  // One property for each token: a whole that is read and written anew would lose what another node writes meanwhile.
  const placeOf = (id: string) => ({ ...place, key: `${place.key}["${id}"]` });

  function failed(): never {
    throw new TokenError(
      "invalid-config",
      `${place.type}.${place.key}, where the rights of tokens are kept, could not be read or written. Check the context storage of Node-RED.`,
      { words: "no context store" },
    );
  }

  return {
    async of(id) {
      const kept = await contexts.get(placeOf(id)).catch(failed);
      if (Array.isArray(kept) && kept.length > 0) return readDatabasePermissions(kept);
      throw new TokenError(
        "not-waiting",
        `no rights of database token ${id} are kept in ${place.type}.${place.key}: it has them already, or they were never taken there, or Node-RED was started anew with a context that is only in memory. Set them in the node.`,
      );
    },
    async keep(id, permissions) {
      await contexts.set(placeOf(id), permissions).catch(failed);
      // A context says nothing where it cannot set a property of a text.
      const kept = await contexts.get(placeOf(id)).catch(failed);
      if (!isSameAccess(kept, permissions)) failed();
    },
    forget: (id) => contexts.set(placeOf(id), undefined).catch(() => undefined),
  };
}
