import { asTokenError } from "../errors.js";
import { productOf } from "../products.js";
import type { Wires } from "../tokens/resource.js";
import { checkAddress, type Address } from "./address.js";
import { checkApiToken } from "./authorizations.js";
import { checkInfluxdb3Token } from "./influxdb3-token.js";
import { checkInfluxctl, checkManagementToken } from "./management-token.js";
import type { Reporter } from "./report.js";

/** What is to be checked. */
export interface Connection extends Omit<Address, "wires"> {
  /** Without retries, and with limits of a few seconds. */
  wires: Wires;
  /** Why influxctl is not to be run; undefined if it is. */
  influxctlRefused: string | undefined;
  /** Normalized; or "". */
  ownTokenId: string;
}

/** Seconds that one step may take. */
export const STEP_SECONDS = 5;
/** Seconds that influxctl may take. */
export const INFLUXCTL_SECONDS = 10;
/** Milliseconds that a check may take. */
const LONGEST = 30_000;
/** Bytes of a list that is read. */
export const LONGEST_LIST = 8 * 1024 * 1024;

/**
 * Checks a connection step by step, and says in the report what it finds. It only reads; the token is sent only to what
 * answers as one of the products. It never throws but for a defect of its own.
 *
 * @param signal ends it.
 */
export async function checkConnection(
  connection: Connection,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { wires, hasToken, influxctlRefused, ownTokenId } = connection;
  const budget = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const watch = { signal: budget };
  try {
    const product = await checkAddress(connection, reporter, budget);
    if (product === undefined || !hasToken) return;
    const { resources } = productOf(product);
    if (resources.includes("authorizations")) {
      await checkApiToken({ product, ownTokenId, wires }, reporter, watch);
      return;
    }
    if (resources.includes("influxdb3-tokens")) {
      await checkInfluxdb3Token({ product, ownTokenId, wires }, reporter, watch);
      return;
    }
    const isAccepted = await checkManagementToken(wires, reporter, watch);
    if (influxctlRefused !== undefined) reporter.say("warning", influxctlRefused);
    else await checkInfluxctl(wires, { ownTokenId, isAccepted }, reporter, watch);
  } catch (thrown) {
    const error = asTokenError(thrown);
    if (error.code !== "cancelled") throw error;
    reporter.say("wrong", `The test took longer than ${LONGEST / 1000} s, and was ended here.`);
  }
}
