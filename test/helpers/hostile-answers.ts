/** The clients in a process of its own, for answers that could end it. */
import { authorizationsOf } from "../../src/tokens/authorizations.js";
import { databaseTokensOf } from "../../src/tokens/database-tokens.js";
import { asTokenError } from "../../src/errors.js";
import { createHttp } from "../../src/http/client.js";
import { ownAuthorizations } from "../../src/tokens/own-authorization.js";
import { HEX_ID, UUID } from "./ids.js";

const [url = ""] = process.argv.slice(2);
const options = { authorization: "Token a-token", timeout: 60, retries: 0, parallel: 1 };
const http = createHttp({ url: new URL(url), ...options });
const authorizations = authorizationsOf(http, () => Promise.resolve({ rows: [] }));
const databaseTokens = databaseTokensOf(http);

const CALLS = {
  "authorizations.list": () => authorizations.list({}),
  "authorizations.get": () => authorizations.get(HEX_ID),
  "databaseTokens.list": () => databaseTokens.list({}),
  "databaseTokens.get": () => databaseTokens.get(UUID),
  ownAuthorizations: () => ownAuthorizations(http, { value: "own", isCloud: true }),
};
export type CallName = keyof typeof CALLS;

/** What a call came to. */
export interface End {
  /** Of its error. */
  code: string | undefined;
  /** How often others had their turn meanwhile. */
  turns: number;
}

async function endOf(name: CallName): Promise<End> {
  let turns = 0;
  let isOver = false;
  const other = () => {
    turns++;
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  const code = await CALLS[name]().then(
    () => undefined,
    (error: unknown) => asTokenError(error).code,
  );
  isOver = true;
  return { code, turns };
}

if (process.send)
  process.on("message", (name: CallName) => void endOf(name).then((end) => process.send?.(end)));
