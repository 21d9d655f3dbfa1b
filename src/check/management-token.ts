import { asTokenError, type TokenError } from "../errors.js";
import type { Watch } from "../http/call.js";
import { UUID } from "../ids.js";
import { counted } from "../text/counts.js";
import { plain } from "../text/plain-text.js";
import { databaseTokens } from "../tokens/database-tokens.js";
import type { ManagementToken } from "../tokens/management-list.js";
import { beginsLike, managementTokens } from "../tokens/management-tokens.js";
import { all, type Wires } from "../tokens/resource.js";
import { LONGEST_NAME, type Reporter } from "./report.js";

/**
 * Finds out whether a management token is accepted by the Management API, and finds the cluster.
 *
 * @returns false if the token is wrong.
 */
export async function checkManagementToken(wires: Wires, reporter: Reporter, watch: Watch): Promise<boolean> {
  try {
    const { length: count } = await databaseTokens.open(wires, watch).list({}).read(all);
    const cluster = wires.cluster ? "Account and cluster are found" : "The cluster is found";
    reporter.say(
      "ok",
      `The management token is accepted. ${cluster}; it has ${counted(count, "database token")}.`,
    );
    reporter.say(
      "ok",
      "list database tokens, delete database token: allowed, as far as a test that only reads can tell.",
    );
  } catch (thrown) {
    const error = asTokenError(thrown);
    if (error.code === "cancelled") throw error;
    if (error.code === "bad-response" && error.statusCode === undefined) {
      reporter.say(
        "ok",
        "The management token is accepted. The list of database tokens is too long for a test.",
      );
    } else {
      reporter.say("wrong", `Management token: ${error.reason}`);
      return error.code !== "unauthorized";
    }
  }
  return true;
}

/**
 * Finds out whether influxctl can be run, its version, and whether it lists the management tokens.
 *
 * @param isAccepted false if the token is wrong: influxctl would wait for a login in a browser.
 * @param ownTokenId the token's own ID as the connection names it, normalized; or "".
 */
export async function checkInfluxctl(
  wires: Wires,
  { ownTokenId, isAccepted }: { ownTokenId: string; isAccepted: boolean },
  reporter: Reporter,
  { signal }: Watch,
): Promise<void> {
  try {
    const version = await wires.influxctl().run("ask influxctl for its version", ["version"], signal);
    reporter.say("ok", `influxctl is found: ${plain(version.trim(), LONGEST_NAME)}.`);
    if (!isAccepted) return;
    const listed = await managementTokens.open(wires, { signal }).list({}).read(all);
    reporter.say(
      "ok",
      `influxctl's token is accepted. It lists ${counted(listed.length, "management token")}.`,
    );
    reporter.say(
      "ok",
      "list management tokens, revoke management token: allowed, as far as a test that only reads can tell.",
    );
    offerOwnIds(listed, wires, ownTokenId, reporter);
  } catch (thrown) {
    const error: TokenError = asTokenError(thrown);
    if (error.code === "cancelled") throw error;
    reporter.say("warning", `The nodes for management tokens cannot be used: ${error.reason}`);
  }
}

/** The own token is known by the first characters of its value. */
function offerOwnIds(
  listed: readonly ManagementToken[],
  wires: Wires,
  named: string,
  reporter: Reporter,
): void {
  const alike = beginsLike(wires.own.value, listed).filter((id) => UUID.pattern.test(id));
  if (alike.includes(named)) return;
  if (named !== "") {
    const isListed = listed.some(({ id }) => UUID.normalize(id) === named);
    const why = isListed ? "it is the ID of another token" : "the list does not have it";
    if (alike.length > 0 || !isListed)
      reporter.say("wrong", `The "Own token ID" of the connection is not that of its token: ${why}.`);
  }
  reporter.offerOwnIds(
    alike.map((id) => ({
      id,
      description: listed.find((each) => UUID.normalize(each.id) === id)?.description,
    })),
  );
}
