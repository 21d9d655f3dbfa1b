/** The clients in a process of its own, for answers that could end it. */
import { authorizations } from "../../src/tokens/authorizations.js";
import { databaseTokens } from "../../src/tokens/database-tokens.js";
import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";
import { asTokenError } from "../../src/errors.js";
import { createHttp } from "../../src/http/client.js";
import { allOf } from "./batches.js";
import { Secret } from "../../src/text/secret.js";
import { fixedToken } from "../../src/token-source.js";
import { ownAuthorizations } from "../../src/tokens/own-authorization.js";
import { HEX_ID, NAME, UUID } from "./ids.js";

const [url = ""] = process.argv.slice(2);
const http = createHttp({
  url: new URL(url),
  authorization: { scheme: "Token", token: fixedToken(new Secret("a-token")) },
  timeoutSeconds: 60,
  retries: 0,
  parallel: 1,
});
const own = { value: new Secret("own"), findsByValue: true };
const v2 = authorizations.open({ http, own }, {});
const cluster = databaseTokens.open({ http }, {});
const named = influxdb3Tokens.open({ http }, {});

const CALLS = {
  "authorizations.list": () => allOf(v2.list({})),
  "authorizations.list few": () => allOf(v2.list({ description: "few" })),
  "authorizations.get": () => v2.get(HEX_ID),
  "databaseTokens.list": () => allOf(cluster.list({})),
  "databaseTokens.get": () => cluster.get(UUID),
  "influxdb3Tokens.list": () => allOf(named.list({})),
  "influxdb3Tokens.regenerate": () => named.regenerate(),
  "influxdb3Tokens.remove": () => named.remove(NAME),
  ownAuthorizations: () => ownAuthorizations(http, own),
};
export type CallName = keyof typeof CALLS;

/** How a call ended. */
export interface End {
  /** The code of its error. */
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
