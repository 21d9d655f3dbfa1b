import { asTokenError, type TokenError } from "../errors.js";
import type { Watch } from "../http/call.js";
import { TOKEN_NAME } from "../ids.js";
import type { Product } from "../products.js";
import { counted } from "../text/counts.js";
import { plain } from "../text/plain-text.js";
import {
  LIST,
  query,
  readAll,
  withValue,
  type Influxdb3Token,
  type ListedToken,
} from "../tokens/influxdb3-api.js";
import type { Wires } from "../tokens/resource.js";
import { toSecond } from "../work/times.js";
import { LONGEST_NAME, type Reporter } from "./report.js";

/** Milliseconds before its expiry from which a token is said to expire soon. */
const SOON = 14 * 86_400_000;

/**
 * Finds out whether a token of InfluxDB 3 is accepted, which of the listed ones it is, when it expires, and which nodes it
 * allows. It only reads.
 *
 * @param ownTokenId the token's own name as the connection has it; or "".
 */
export async function checkInfluxdb3Token(
  { product, ownTokenId, wires }: { product: Product; ownTokenId: string; wires: Wires },
  reporter: Reporter,
  watch: Watch,
): Promise<void> {
  const seen = await query(wires.http, { task: LIST }, watch, readAll).catch(asTokenError);
  if (seen instanceof Error) {
    sayRefused(seen, reporter);
    return;
  }
  const { listed, now } = seen;
  const alike = withValue(listed, wires.own.value);
  const [own, ...others] = alike;
  if (own === undefined || others.length > 0) {
    sayUncertain(alike, reporter);
    return;
  }
  const { token } = own;
  reporter.say("ok", `The token is accepted. It is the ${token.kind} token "${shown(token.name)}".`);
  if (ownTokenId !== "" && ownTokenId !== token.name) sayMisnamed(ownTokenId, listed, reporter);
  sayExpiry(token, now, reporter);
  if (token.kind === "operator") reporter.say("warning", OPERATOR_HINT);
  sayAllowed(token, product, reporter);
}

/** What the server says of the token, in the sentences of the nodes. */
function sayRefused(error: TokenError, reporter: Reporter): void {
  const { code, reason, statusCode, words } = error;
  if (code === "cancelled") throw error;
  if (code === "forbidden" && words === NO_ADMIN) {
    reporter.say("ok", "The token is accepted.");
    reporter.say(
      "warning",
      `${[LIST, ...CHANGES].join(", ")}: not allowed, because it is not an admin token.`,
    );
  } else if (code === "bad-response" && statusCode === undefined) {
    reporter.say("ok", "The token is accepted.");
    reporter.say("warning", "Which it is, is not known: the list of tokens is too long for a test.");
  } else {
    reporter.say("wrong", `Token: ${reason}`);
  }
}

const NO_ADMIN = "no admin token";

/** @param alike those whose hash begins like that of the token. */
function sayUncertain(alike: readonly ListedToken[], reporter: Reporter): void {
  reporter.say("ok", "The token is accepted.");
  const why =
    alike.length === 0
      ? "the list has none with its hash"
      : `the list shows the beginnings of hashes, and ${counted(alike.length, "token")} have its`;
  reporter.say("warning", `Which it is, when it expires and what it may do is not known: ${why}.`);
  const names = alike.map(({ token: { name } }) => name).filter((name) => TOKEN_NAME.pattern.test(name));
  reporter.offerOwnIds(
    names.map((id) => ({ id })),
    TOKEN_NAME.word,
  );
}

function sayMisnamed(named: string, listed: readonly ListedToken[], reporter: Reporter): void {
  const isListed = listed.some(({ token }) => token.name === named);
  const why = isListed ? "it is the name of another token" : "there is no such token";
  reporter.say("wrong", `The "Own token name" of the connection is not that of its token: ${why}.`);
}

/** @param now the server's time. */
function sayExpiry({ expiresAt }: Influxdb3Token, now: number, reporter: Reporter): void {
  if (expiresAt === undefined) {
    reporter.say("ok", "It does not expire.");
    return;
  }
  const at = Date.parse(expiresAt);
  const days = Math.floor((at - now) / 86_400_000);
  const when = `It expires at ${toSecond(at)}, in ${days < 1 ? "less than a day" : counted(days, "day")}`;
  if (at - now > SOON) reporter.say("ok", `${when}.`);
  else reporter.say("warning", `${when}: replace it before that, or this connection stops working.`);
}

const OPERATOR_HINT =
  "It is the operator token, which works; but a named admin token is better here, because it can expire, and be replaced and " +
  "deleted. Create one (create InfluxDB 3 token), and keep the operator token for emergencies.";

const CHANGES = ["create InfluxDB 3 token", "delete InfluxDB 3 token", "rotate token"];
const REGENERATE = "regenerate operator token";

function sayAllowed({ kind }: Influxdb3Token, product: Product, reporter: Reporter): void {
  // InfluxData keeps the operator token of its Cloud for itself.
  const changes = product === "influxdb3-cloud" ? CHANGES : [...CHANGES, REGENERATE];
  if (kind !== "resource") {
    reporter.say("ok", `${[LIST, ...changes].join(", ")}: allowed.`);
    return;
  }
  reporter.say("ok", `${LIST}: allowed.`);
  reporter.say("warning", `${changes.join(", ")}: not allowed, because it is not an admin token.`);
}

function shown(name: string): string {
  return plain(name, LONGEST_NAME);
}
