import { TokenError } from "./errors.js";

/** Keeps a connection from taking its own token's rights away: it would be locked out, and could not undo it. */
export interface OwnTokenGuard {
  /**
   * Begins a message: the first of its targets asks which token is the own one, where that is not known yet.
   *
   * @returns what refuses an id that is, or may be, the own token's.
   * @throws {TokenError} the result does: `protected`; `unauthorized` or `forbidden` where it cannot be told for want
   *   of a permission; `invalid-config` where the ID that the connection names is not that of its token; the error of
   *   an unreachable server.
   */
  begin(signal: AbortSignal): (id: string) => Promise<void>;
}

export interface OwnTokenOptions {
  /** The user has said that nodes may do so. */
  allowed: boolean;
  /** The own token's ID as the user names it, in lower case. */
  id?: string | undefined;
  /**
   * The ids of the tokens of which one is the own one, in lower case; none where it is not among those that can be
   * acted upon.
   *
   * @throws {TokenError} where they cannot be told.
   */
  candidates: (signal: AbortSignal) => Promise<readonly string[]>;
}

export function createOwnTokenGuard({ allowed, id: named, candidates }: OwnTokenOptions): OwnTokenGuard {
  /** Once told, it is so for good: a token that is made later is not this one. */
  let known: readonly string[] | undefined;

  async function find(signal: AbortSignal): Promise<readonly string[]> {
    const found = await candidates(signal).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      if (named !== undefined) return [named];
      throw cannotBeTold(error);
    });
    if (named === undefined) return found;
    if (found.length > 0 && !found.includes(named)) {
      throw new TokenError(
        "invalid-config",
        `the "Own token ID" of the connection, ${named}, is not the ID of its token. Correct it in the connection. Nothing was done.`,
        { fatal: true },
      );
    }
    return [named];
  }

  return {
    begin(signal) {
      let asked: Promise<readonly string[]> | undefined;
      const ask = () => (asked ??= find(signal).then((found) => (known = found)));
      return async (id) => {
        if (allowed) return;
        if (!(known ?? (await ask())).includes(id)) return;
        // Where there were several, others may be gone or disabled meanwhile.
        const now = known?.length === 1 ? known : await ask();
        if (!now.includes(id)) return;
        throw new TokenError("protected", now.length === 1 ? OWN : mayBeOwn(now.length));
      };
    },
  };
}

/** It may not look; any other failure says nothing about what it may. */
function isRefused(error: unknown): error is TokenError {
  return error instanceof TokenError && !error.fatal && ["unauthorized", "forbidden"].includes(error.code);
}

const ENTER =
  'Enter the ID of the connection\'s own token under "Own token ID" in the connection, and all others can be acted upon.';
const OWN =
  "it is the connection's own token, which would lock itself out. Allow that in the connection, if you mean it.";

function mayBeOwn(count: number): string {
  return `it may be the connection's own token, which is one of ${count} that the server does not tell apart. ${ENTER}`;
}

function cannotBeTold({ code, reason, statusCode }: TokenError): TokenError {
  return new TokenError(
    code,
    `${reason} Without it nobody can tell which token is the connection's own, so none is touched. ${ENTER}`,
    { statusCode, fatal: true },
  );
}
