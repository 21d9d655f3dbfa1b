import type { Ended } from "./child.js";
import type { TokenErrorCode } from "../error-codes.js";

/** What a failed run of influxctl means. */
export interface Failure {
  code: TokenErrorCode;
  /** What is wrong in particular, if the words of the code are not exact. */
  words?: string;
  /** Why, and what to do about it. */
  reason: string;
  /** True if every further run of the connection would fail alike. */
  fatal?: boolean;
}

const INSTALLING = "https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/";
/** The one published sign of its login in a browser, for which it waits until it times out. */
const LOGIN_ADDRESS = "https://auth.influxdata.com/activate?user_code=";
const NOT_ACCEPTED =
  "the connection's management token was not accepted: it is wrong, expired or revoked. Set a valid management token in the connection.";
const LOGIN: Failure = {
  code: "unauthorized",
  reason: `influxctl asks for a login in a browser, so ${NOT_ACCEPTED}`,
  fatal: true,
};
const OLD: Failure = {
  code: "influxctl-failed",
  words: "influxctl too old",
  reason: `it cannot write JSON (--format json), or knows no --timeout. Install a newer one: ${INSTALLING}.`,
  fatal: true,
};
/** MB that one run may write to its standard output; a management token takes 400 bytes of a list. */
export const LONGEST_OUTPUT = 16;
const TOO_LONG: Failure = {
  code: "bad-response",
  words: "answer too long",
  reason: `influxctl wrote more than ${LONGEST_OUTPUT} MB, which no list of management tokens is. Check its path and version.`,
  fatal: true,
};
export const TOO_OLD = OLD;

/**
 * Words of Go and of gRPC (https://pkg.go.dev/google.golang.org/grpc/codes), because exit codes are not documented.
 * The first that fits counts, because gRPC says "Unavailable" of everything that keeps it from the server.
 */
const MEANINGS: readonly [sign: RegExp, Failure][] = [
  [
    /unexpected HTTP status code received|received unexpected content-type/,
    {
      code: "network",
      words: "refused on the way",
      reason:
        "something in front of the server has answered in its place. Check the URL, and the proxies and gateways on the way",
    },
  ],
  [
    /\bproxyconnect\b|failed to do connect handshake|proxy authentication|\b(?:HTTP(?:\/[\d.]+)?|status|code|server|response|error)[ :="\\]*407\b/i,
    {
      code: "network",
      words: "proxy refused",
      reason: "the proxy did not let influxctl through. Check the proxy's address and credentials",
    },
  ],
  [
    /\b(?:x509|tls):|server gave HTTP response to HTTPS client/,
    {
      code: "tls",
      reason:
        "influxctl finds no secure connection. Check host and certificate of the server, and give its CA in the connection's TLS configuration",
      fatal: true,
    },
  ],
  [
    /connection refused|no such host|no route to host|(?:network|host) is unreachable|server misbehaving|failure in name resolution/i,
    {
      code: "network",
      reason: "the server cannot be reached. Check the URL and the network",
      fatal: true,
    },
  ],
  [
    /connection reset by peer|broken pipe|unexpected EOF/,
    {
      code: "network",
      words: "connection lost",
      reason: "the connection was lost. Check the network, then try again",
    },
  ],
  [/\bUnauthenticated\b/, { code: "unauthorized", reason: NOT_ACCEPTED.slice(0, -1), fatal: true }],
  [
    /\bPermissionDenied\b/,
    {
      code: "forbidden",
      words: "no permission",
      reason:
        "the connection's management token may not do this. Check its rights, and the account ID and the cluster ID of the connection",
      fatal: true,
    },
  ],
  [
    /\bNotFound\b/,
    {
      code: "not-found",
      reason: "the server does not find it. Check the account ID and the cluster ID of the connection",
      fatal: true,
    },
  ],
  [
    /\bResourceExhausted\b/,
    {
      code: "rate-limited",
      reason:
        "the server takes no more for now. Try again later, or lower the parallel requests of the connection",
    },
  ],
  [
    /\bDeadlineExceeded\b|deadline exceeded|i\/o timeout|TLS handshake timeout|operation timed out/,
    {
      code: "timeout",
      reason:
        "the server did not answer in time. Check the network, or raise influxctl's timeout in the connection",
    },
  ],
  [
    /\bUnavailable\b/,
    { code: "unavailable", reason: "the server is out of order. Check the server, then try again" },
  ],
];

/**
 * What a failed run means.
 *
 * @param words what it wrote besides its list; short.
 * @param quote what may be shown of its words.
 * @param timeoutSeconds the time that it had.
 */
export function explain(
  { stopped, exit }: Pick<Ended, "stopped" | "exit">,
  words: string,
  quote: string,
  timeoutSeconds: number,
): Failure {
  if (words.includes(LOGIN_ADDRESS)) return LOGIN;
  if (stopped === "timeout") {
    return {
      code: "timeout",
      words: "influxctl too slow",
      reason: `influxctl did not end within ${timeoutSeconds} s and was stopped. Check the network, or raise influxctl's timeout in the connection.`,
    };
  }
  if (stopped === "too-long") return TOO_LONG;
  if (
    /(?:flag provided but not defined|unknown flag|unknown shorthand flag)[^\n]*(?:format|timeout)\b/i.test(
      words,
    )
  )
    return OLD;
  const quoted = quote === "" ? "" : ` ("${quote}")`;
  // The last line says why it ended; those before it can be warnings.
  for (const line of words.split("\n").reverse()) {
    const [, failure] = MEANINGS.find(([sign]) => sign.test(line)) ?? [];
    if (failure) return { ...failure, reason: `${failure.reason}${quoted}.` };
  }
  const how = quoted || ` (${typeof exit === "number" ? `exit code ${exit}` : `ended by ${exit}`})`;
  return {
    code: "influxctl-failed",
    reason: `influxctl failed${how}. Check the connection, then try again.`,
  };
}

/** What it means if a run did not begin. */
export function explainNoStart(error: unknown, command: string): Failure {
  const { code = "unknown reason" } = error as NodeJS.ErrnoException;
  if (["ENOENT", "EACCES", "ENOTDIR"].includes(code)) {
    return {
      code: "influxctl-missing",
      reason:
        `influxctl was not found as "${command}", or may not be run. Install it (${INSTALLING}) on the machine that runs ` +
        "Node-RED, or set its path in the connection.",
      fatal: true,
    };
  }
  const advice =
    code === "EMFILE" || code === "ENFILE"
      ? "Too many files are open: see what holds them, or raise the limit."
      : "Check its path in the connection.";
  return {
    code: "influxctl-failed",
    reason: `influxctl could not be started (${code}). ${advice}`,
    fatal: true,
  };
}

/** The end of what a program wrote, without the warnings of its graphics libraries. */
export function lastLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !/gtk|gdk|glib|dbus/i.test(line))
    .slice(-3)
    .join(" ")
    .slice(-300);
}
