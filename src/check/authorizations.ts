import { asTokenError, TokenError } from "../errors.js";
import type { Watch } from "../http/call.js";
import { HEX_ID } from "../ids.js";
import { productOf, type Product } from "../products.js";
import { plain } from "../text/plain-text.js";
import { authorizations } from "../tokens/authorizations.js";
import type { Authorization } from "../tokens/authorizations-api.js";
import {
  certainlyOwn,
  mayBeOwn,
  ownAuthorizations,
  type OwnAuthorizations,
} from "../tokens/own-authorization.js";
import type { Wires } from "../tokens/resource.js";
import { mayRead, nodesAllowed } from "./permissions.js";
import { LONGEST_NAME, nameOf, type Reporter } from "./report.js";

/**
 * Finds out whether an API token is accepted, of which user it is, which of the authorizations it is itself, and which
 * nodes it allows. It only reads.
 *
 * @param product the one that was seen.
 * @param ownTokenId the token's own ID as the connection names it, normalized; or "".
 */
export async function checkApiToken(
  { product, ownTokenId, wires }: { product: Product; ownTokenId: string; wires: Wires },
  reporter: Reporter,
  watch: Watch,
): Promise<void> {
  const own = { ...wires.own, findsByValue: productOf(product).findsByValue ?? false };
  const found = await ownAuthorizations(wires.http, own, watch).catch(asTokenError);
  if (found instanceof TokenError) {
    sayRefused(found, reporter);
    return;
  }
  const { userID, rows } = found;
  const certain = certainlyOwn(found, own);
  sayAccepted(found.userName ?? certain?.user, reporter);
  if (rows.length === 0) {
    sayUnreadable(reporter);
    return;
  }
  const candidates = certain
    ? [certain]
    : rows.filter((row) => mayBeOwn(row, own) && mayRead(row.permissions));
  const named = candidates.find(({ id }) => HEX_ID.normalize(id) === ownTokenId);
  if (ownTokenId !== "" && named === undefined) {
    const isHidden = await sayMisnamed(ownTokenId, found, certain, wires, reporter, watch);
    // Another must not be offered in its place.
    if (isHidden) return;
  }
  if (named === undefined) offerOwnIds(candidates, certain !== undefined, reporter);
  const meant = named ? [named] : candidates;
  if (meant.length === 0) {
    reporter.say("warning", "The server does not show the token itself, so what it may do is not known.");
    return;
  }
  for (const { isAllowed, text } of nodesAllowed(
    meant.map(({ permissions }) => permissions),
    userID ?? meant[0]?.userID,
  )) {
    reporter.say(isAllowed ? "ok" : "warning", text);
  }
}

/** What the server says of the token, in the sentences of the nodes. */
function sayRefused(error: TokenError, reporter: Reporter): void {
  const { code, reason, fatal, statusCode } = error;
  if (code === "cancelled") throw error;
  if (code === "unauthorized" && !fatal) {
    reporter.say("ok", "The token is accepted.");
    reporter.say(
      "warning",
      `list and update authorization: not allowed, because ${reason} delete authorization: not known, because the token may ` +
        "not read itself.",
    );
  } else if (code === "bad-response" && statusCode === undefined) {
    reporter.say("ok", "The token is accepted.");
    reporter.say(
      "warning",
      `Its permissions are not known: the list of its user's tokens is too long for a test.`,
    );
  } else {
    reporter.say("wrong", `Token: ${reason}`);
  }
}

function sayAccepted(userName: string | undefined, reporter: Reporter): void {
  reporter.say(
    "ok",
    userName === undefined
      ? "The token is accepted."
      : `The token is accepted. It is of the user ${plain(userName, LONGEST_NAME)}.`,
  );
}

/** The server shows only what a token may read, and it would at least show itself. */
function sayUnreadable(reporter: Reporter): void {
  reporter.say(
    "warning",
    "list and update authorization: not allowed. It lacks read:authorizations or read:users, or it is inactive. " +
      "delete authorization: not known, because the token may not read itself.",
  );
}

/**
 * Says what is wrong with the ID that the connection names as that of its token.
 *
 * @param certain the token itself, if it is known.
 * @returns whether it may be right all the same, because the server does not show that token.
 */
async function sayMisnamed(
  id: string,
  { rows }: OwnAuthorizations,
  certain: Authorization | undefined,
  wires: Wires,
  reporter: Reporter,
  watch: Watch,
): Promise<boolean> {
  const isListed = rows.some((row) => HEX_ID.normalize(row.id) === id);
  const look = isListed ? undefined : await authorizations.open(wires, watch).get(id).catch(asTokenError);
  const failure = look instanceof TokenError ? look : undefined;
  if (failure?.code === "cancelled") throw failure;
  const isGone = failure?.code === "not-found";
  const isHidden = look instanceof TokenError ? !isGone : look?.hidden === "organization";
  if (isHidden && certain === undefined) {
    reporter.say(
      "warning",
      'The server does not show the token that is named under "Own token ID" of the connection, so whether it is its own, ' +
        "and what it may do, is not known.",
    );
    return true;
  }
  const why = isGone ? "there is no such token" : "it is the ID of another token";
  reporter.say("wrong", `The "Own token ID" of the connection is not that of its token: ${why}.`);
  return false;
}

function offerOwnIds(candidates: readonly Authorization[], isCertain: boolean, reporter: Reporter): void {
  const [only] = candidates;
  if (isCertain && only) {
    reporter.say(
      "ok",
      `Its own ID is ${plain(only.id, LONGEST_NAME)}; the connection finds that out by itself.`,
    );
  } else if (candidates.length > 0) {
    const which =
      only && candidates.length === 1 ? `most likely ${nameOf(only)}` : `one of ${candidates.length}`;
    reporter.say(
      "warning",
      `The server hides token values, so which token is its own is not certain: it is ${which}. Enter its ID under "Own ` +
        'token ID", and the nodes can act upon the others.',
    );
  }
  const own = candidates.filter(({ id }) => HEX_ID.pattern.test(id));
  reporter.offerOwnIds(own.map(({ id, description }) => ({ id: HEX_ID.normalize(id), description })));
}
