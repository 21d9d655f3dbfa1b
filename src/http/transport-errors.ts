import type { TokenErrorCode } from "../error-codes.js";
import { TokenError } from "../errors.js";
import type { Redactor } from "../text/redactor.js";
import { TimedOut, TooLong, type FailedAttempt } from "./attempt.js";
import type { ApiCall } from "./call.js";

/** What a failed attempt is to a flow. */
type TransportErrorCode = Extract<TokenErrorCode, "timeout" | "bad-response" | "tls" | "network">;

export function transportErrorCode({ error }: FailedAttempt): TransportErrorCode {
  const code = codeOf(error);
  if (error instanceof TimedOut || code.endsWith("_TIMEOUT") || code === "ETIMEDOUT") return "timeout";
  if (error instanceof TooLong) return "bad-response";
  return OF_TLS.test(code) ? "tls" : "network";
}

/** Whether the server may have got the request, and so may have carried it out. */
export function mayHaveArrived({ wasSent, error }: FailedAttempt): boolean {
  return wasSent && !isRefusedByProxy(error);
}

/** What else the error of a failed attempt says. */
export interface FailureContext {
  /** How often the request was sent. */
  attempts: number;
  /** How long one attempt may take. */
  timeoutMs: number;
  /** Bytes that the answer could have. */
  longest: number;
  redactor: Redactor;
}

/**
 * A call that ends with a failed attempt, as an error: `timeout`, `bad-response` (too long), `tls` or `network`.
 */
export function transportError(
  call: ApiCall,
  failed: FailedAttempt,
  { attempts, timeoutMs, longest, redactor }: FailureContext,
): TokenError {
  const code = transportErrorCode(failed);
  const maybe =
    call.method === "GET" || !mayHaveArrived(failed)
      ? ""
      : " The server may have carried it out all the same.";
  const { reason, fatal } = {
    timeout: () => ({
      reason: `no answer within ${timeoutMs / 1000} s.${maybe} Check the server, or raise the timeout in the connection.`,
      fatal: !failed.wasSent,
    }),
    "bad-response": () => ({ reason: (call.isList ? listTooLong : tokenTooLong)(longest), fatal: false }),
    tls: () => ({ reason: `no secure connection: ${reasonOfTls(codeOf(failed.error))}`, fatal: true }),
    network: () => reasonOfNetwork(failed, maybe),
  }[code]();
  const tried = attempts > 1 ? ` It was tried ${attempts} times.` : "";
  return new TokenError(code, reason + tried, {
    task: call.task,
    cause: { code: codeOf(failed.error), message: redactor.withhold(failed.error.message) },
    fatal,
    ...(attempts > 1 && { attempts }),
  });
}

/** The code of Node's or undici's error, or "". */
function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? "";
}

/** If a proxy refuses, the request has not reached the server behind it. */
function isRefusedByProxy(error: Error): boolean {
  return /proxy/i.test(error.message);
}

const listTooLong = (longest: number) =>
  `the answer is longer than ${longest / 2 ** 20} MB. Narrow the list by a user or an organization.`;
const tokenTooLong = (longest: number) =>
  `the answer is longer than ${longest / 1024} KB, and no token is. Check that the connection's URL leads to InfluxDB's API.`;

/** Codes of failures that every further request would meet as well. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Own words for the failures of the network that people meet; the key is the code of Node or undici. */
const NETWORK_REASONS: Record<string, string> = {
  ECONNREFUSED:
    "the connection was refused. Check that the server (or the proxy) runs, and host and port of its URL.",
  ENOTFOUND: "the host is unknown. Check the URL (or the proxy) in the connection.",
  EAI_AGAIN: "the name of the host could not be looked up. Check the network and its DNS.",
  EHOSTUNREACH: "the host cannot be reached. Check the network and the URL.",
  ENETUNREACH: "the network cannot be reached. Check the network.",
  ECONNRESET: "the connection was lost. Check the server and what lies before it, then try again.",
  UND_ERR_SOCKET: "the connection was lost. Check the server and what lies before it, then try again.",
};

function reasonOfNetwork({ error }: FailedAttempt, maybe: string): { reason: string; fatal: boolean } {
  const code = codeOf(error);
  const own = NETWORK_REASONS[code];
  if (own === undefined && isRefusedByProxy(error)) {
    return {
      reason: "the proxy did not pass the request on. Check the proxy's address and credentials.",
      fatal: false,
    };
  }
  return {
    reason: (own ?? "the network failed. Check the network and the URL.") + maybe,
    fatal: UNREACHABLE.has(code),
  };
}

const OF_TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_)|^EPROTO$/;
const OF_CA = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;
const UNKNOWN_CA =
  "the server's certificate is not signed by a known authority. Give its CA in the connection's TLS configuration.";
const NO_TLS =
  "server and client agree on none. Check the versions of TLS that the server allows, and what is in front of it.";
const TLS_REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired. Renew it on the server.",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet. Check the clocks.",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host. Check the host of the URL.",
  ERR_SSL_WRONG_VERSION_NUMBER:
    "the server does not speak TLS at this port. Is it http:// rather than https://?",
};

function reasonOfTls(code: string): string {
  return TLS_REASONS[code] ?? (OF_CA.test(code) ? UNKNOWN_CA : NO_TLS);
}
