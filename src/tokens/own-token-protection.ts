import { asTokenError, TokenError } from "../errors.js";
import type { IdForm } from "../ids.js";
import type { Secret } from "../text/secret.js";
import type { TokenSource } from "../token-source.js";
import type { Look, Shown } from "./resource.js";

/** Keeps a connection from taking its own token's rights away: it would be locked out, and could not undo it. */
export interface OwnTokenProtection {
  /**
   * Begins a message: the first of its targets asks which token is the own one, if that is not known yet.
   *
   * @param ids of all its targets, normalized.
   * @param spares the own one may be acted upon where it is certain which it is, because it is to be replaced.
   * @returns what refuses an id that is, or may be, the own token's; it takes the token if that has been looked up. It
   *   throws {@link TokenError} `protected`; `unauthorized` or `forbidden` if a missing permission keeps it from
   *   telling; `invalid-config` if the ID that the connection names is not that of its token; the error of an
   *   unreachable server.
   */
  begin(
    ids: readonly string[],
    signal: AbortSignal,
    spares?: { own: boolean },
  ): (id: string, look?: Look<Shown>) => Promise<void>;
  /** The own token's ID has become known for certain: its value was given out with it. */
  learn(id: string): void;
  /**
   * For a list that people look at: asks which token is the own one, if that is not known yet, and never fails.
   *
   * @returns what tells of a listed token, by its normalized id and what the list shows of it, whether it is the own one,
   *   or may be.
   */
  recognize(signal: AbortSignal): Promise<(id: string, token: Shown) => "own" | "maybe-own" | undefined>;
}

/** How to tell the own token from others. Ids are normalized. */
export interface OwnTokenSigns {
  /** The own token's ID if it is certain, or undefined. */
  find(signal: AbortSignal): Promise<string | undefined>;
  /**
   * If it is not certain: why a token may be the own one, or undefined if it cannot be.
   *
   * @param around what else will be asked, and the token if it has been looked up.
   */
  mayBe(
    id: string,
    around: { among: readonly string[]; look?: Look<Shown> | undefined },
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Whether a listed token can be the own one, by what {@link find} has seen. */
  canBe(id: string, token: Shown): boolean;
}

/**
 * @param allowed the user has said that nodes may do so.
 * @param named the own token's ID as the user names it, normalized.
 * @param word what people call an ID of the product.
 */
export function createOwnTokenProtection(
  { allowed, named, word = "ID" }: { allowed: boolean; named: string | undefined; word?: IdForm["word"] },
  signs: OwnTokenSigns,
): OwnTokenProtection {
  /** Kept for good: the ID never changes, and an ID that nothing tells stays so. */
  let told: { id: string | undefined } | undefined;
  const enter = `Enter the ${word} of the connection's own token under "Own token ${word}" in the connection, and all others can be acted upon.`;

  async function tell(signal: AbortSignal): Promise<{ id: string | undefined }> {
    const id = await signs.find(signal).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      if (named === undefined) throw cannotBeTold(error, enter);
      return undefined;
    });
    if (named === undefined || named === id) return { id };
    const why = id === undefined ? await signs.mayBe(named, { among: [named] }, signal) : undefined;
    if (why !== undefined) return { id: named };
    throw new TokenError(
      "invalid-config",
      `the "Own token ${word}" of the connection, ${named}, is not the ${word} of its token. Correct it in the connection. Nothing was done.`,
      { words: "wrong own token ID", fatal: true },
    );
  }

  return {
    begin(ids, signal, spares = { own: false }) {
      let asked: ReturnType<typeof tell> | undefined;
      return async (id, look) => {
        if (allowed) return;
        told ??= await (asked ??= tell(signal));
        if (told.id === id && !spares.own) throw new TokenError("protected", OWN, { words: "own token" });
        if (told.id !== undefined) return;
        const why = await signs.mayBe(id, { among: ids, look }, signal);
        if (why === undefined) return;
        throw new TokenError("protected", `it may be the connection's own token: ${why}. ${enter}`, {
          words: "may be own token",
        });
      };
    },

    learn(id) {
      told = { id };
    },

    async recognize(signal) {
      // What the user says is compared before anything is changed; to show a list it will do.
      if (named === undefined) told ??= await tell(signal).catch(() => undefined);
      const own = told?.id ?? named;
      return (id, token) => {
        if (own !== undefined) return id === own ? "own" : undefined;
        return signs.canBe(id, token) ? "maybe-own" : undefined;
      };
    },
  };
}

/**
 * The protection of a token that can change. It begins anew with each: the ID of another says nothing of it.
 *
 * @param protectionOf makes the protection of one token.
 */
export function followToken(
  token: TokenSource,
  protectionOf: (own: Secret) => OwnTokenProtection,
): OwnTokenProtection {
  let followed: { own: Secret; protection: OwnTokenProtection } | undefined;
  const now = () => {
    const own = token.current();
    if (followed?.own !== own) followed = { own, protection: protectionOf(own) };
    return followed.protection;
  };
  return {
    begin(ids, signal, spares) {
      let begun: { by: OwnTokenProtection; refuse: ReturnType<OwnTokenProtection["begin"]> } | undefined;
      return async (id, look) => {
        for (;;) {
          const by = now();
          if (begun?.by !== by) begun = { by, refuse: by.begin(ids, signal, spares) };
          const refused = await begun.refuse(id, look).then(() => undefined, asTokenError);
          // To find out which is the own one can show that there is a new one.
          if (now() !== by) continue;
          if (refused) throw refused;
          return;
        }
      };
    },
    learn: (id) => {
      now().learn(id);
    },
    recognize: (signal) => now().recognize(signal),
  };
}

/** Whether the token lacks the permission to look; other failures say nothing about permissions. */
export function isRefused(error: unknown): error is TokenError {
  return error instanceof TokenError && !error.fatal && ["unauthorized", "forbidden"].includes(error.code);
}

const OWN =
  "it is the connection's own token, which would lock itself out. Allow that in the connection, if you mean it.";

function cannotBeTold(error: TokenError, enter: string): TokenError {
  return error.retold(
    `${error.reason} Without it nobody can tell which token is the connection's own, so none is touched. ${enter}`,
    { task: undefined, fatal: true },
  );
}
