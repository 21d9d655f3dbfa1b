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
    call.method === "GET" || call.isList || !mayHaveArrived(failed)
      ? ""
      : " The server may have carried it out all the same.";
  const failures: Record<TransportErrorCode, () => Told & { fatal: boolean }> = {
    timeout: () => ({
      reason: `no answer within ${timeoutMs / 1000} s.${maybe} Check the server, or raise the timeout in the connection.`,
      fatal: !failed.wasSent,
    }),
    "bad-response": () => ({
      words: "answer too long",
      reason: (call.isList ? listTooLong : tokenTooLong)(longest),
      fatal: false,
    }),
    tls: () => ({ ...reasonOfTls(codeOf(failed.error)), fatal: true }),
    network: () => reasonOfNetwork(failed, maybe),
  };
  const { words, reason, fatal } = failures[code]();
  const tried = attempts > 1 ? ` It was tried ${attempts} times.` : "";
  const nodeCode = codeOf(failed.error);
  return new TokenError(code, reason + tried, {
    words,
    task: call.task,
    // Node.js tells of several addresses that it tried by the code alone.
    cause: {
      message: redactor.withhold(failed.error.message || nodeCode || "the network failed"),
      code: nodeCode || undefined,
    },
    fatal,
    notSent: !mayHaveArrived(failed),
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

interface Told {
  /** If those of the error's code are not exact. */
  words?: string | undefined;
  reason: string;
}

const LOST: Told = {
  words: "connection lost",
  reason: "the connection was lost. Check the server and what lies before it, then try again.",
};

/** Own words for the failures of the network that people meet; the key is the code of Node or undici. */
const NETWORK_REASONS: Record<string, Told> = {
  ECONNREFUSED: {
    reason:
      "the connection was refused. Check that the server (or the proxy) runs, and host and port of its URL.",
  },
  ENOTFOUND: {
    words: "host unknown",
    reason: "the host is unknown. Check the URL (or the proxy) in the connection.",
  },
  EAI_AGAIN: {
    words: "host not looked up",
    reason: "the name of the host could not be looked up. Check the network and its DNS.",
  },
  EHOSTUNREACH: { reason: "the host cannot be reached. Check the network and the URL." },
  ENETUNREACH: { reason: "the network cannot be reached. Check the network." },
  ECONNRESET: LOST,
  UND_ERR_SOCKET: LOST,
};

function reasonOfNetwork({ error }: FailedAttempt, maybe: string): Told & { fatal: boolean } {
  const code = codeOf(error);
  const own = NETWORK_REASONS[code];
  if (own === undefined && isRefusedByProxy(error)) {
    return {
      words: "proxy refused",
      reason: "the proxy did not pass the request on. Check the proxy's address and credentials.",
      fatal: false,
    };
  }
  const told = own ?? {
    words: "network failed",
    reason: "the network failed. Check the network and the URL.",
  };
  return { ...told, reason: told.reason + maybe, fatal: UNREACHABLE.has(code) };
}

const OF_TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_)|^EPROTO$/;
const OF_CA = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;
const UNKNOWN_CA: Told = {
  words: "certificate unknown",
  reason:
    "the server's certificate is not signed by a known authority. Give its CA in the connection's TLS configuration.",
};
const NO_TLS: Told = {
  reason:
    "server and client agree on no secure connection. Check the versions of TLS that the server allows, and what is in front of it.",
};
const TLS_REASONS: Record<string, Told> = {
  CERT_HAS_EXPIRED: {
    words: "certificate expired",
    reason: "the server's certificate has expired. Renew it on the server.",
  },
  CERT_NOT_YET_VALID: {
    words: "clocks differ",
    reason: "the server's certificate is not valid yet. Check the clocks.",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    words: "wrong certificate",
    reason: "the server's certificate is for another host. Check the host of the URL.",
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    reason: "the server does not speak TLS at this port. Is it http:// rather than https://?",
  },
};

function reasonOfTls(code: string): Told {
  return TLS_REASONS[code] ?? (OF_CA.test(code) ? UNKNOWN_CA : NO_TLS);
}
