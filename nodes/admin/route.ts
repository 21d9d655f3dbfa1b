import type { NodeAPI } from "node-red";
import type { Request, Response } from "express";
import type * as z from "zod";
import { factsOf } from "../../src/error-codes.js";
import { asTokenError, TokenError } from "../../src/errors.js";
import { createLimiter } from "../../src/work/limiter.js";
import { ADMIN_ROOT, type ErrorAnswer } from "./answers.js";

/** An admin endpoint: what it takes, who may ask, and what it answers. */
export interface Route<I> {
  method: "get" | "post";
  /** Below {@link ADMIN_ROOT}, in the words of express. */
  path: string;
  /** Of Node-RED's adminAuth. */
  permission: string;
  /** What it takes, of its path, its query and its body together. */
  input: z.ZodType<I>;
  /**
   * @param signal ends what is under way if nobody waits for it any more, or after {@link LONGEST}.
   * @throws {RouteError} or any other error, which is answered in its own words.
   */
  answer(input: I, signal: AbortSignal): Promise<object>;
}

/** A request that cannot be answered. */
export class RouteError extends Error {
  constructor(
    readonly httpStatus: number,
    readonly code: "not-deployed" | "invalid-request",
    message: string,
  ) {
    super(message);
  }
}

/** Milliseconds. */
const LONGEST = 60_000;
/** Requests that are answered at once; the others wait. */
const AT_ONCE = 16;

/**
 * Serves admin endpoints. Node-RED asks for the permission if it has users, and mounts none of them if its admin root
 * is off.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any route; only its own input is typed
export function serve(RED: NodeAPI, routes: readonly Route<any>[]): void {
  const inTurn = createLimiter(AT_ONCE);
  for (const route of routes) {
    const { method, path, permission } = route;
    RED.httpAdmin[method](
      `/${ADMIN_ROOT}/${path}`,
      RED.auth.needsPermission(permission),
      (request: Request, response: Response) => {
        void respond(route, request, response, inTurn);
      },
    );
  }
}

/** Never rejects. */
async function respond(
  route: Route<unknown>,
  request: Request,
  response: Response,
  inTurn: ReturnType<typeof createLimiter>,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    gone.abort();
  });
  const late = AbortSignal.timeout(LONGEST);
  const signal = AbortSignal.any([gone.signal, late]);
  response.set("cache-control", "no-store");
  try {
    const input = read(route, request);
    const found = await inTurn(() => {
      signal.throwIfAborted();
      return route.answer(input, signal);
    });
    response.json(found);
  } catch (error) {
    if (gone.signal.aborted) return;
    const [status, told] = errorAnswer(late.aborted ? TOO_LATE : error);
    response.status(status).json(told);
  }
}

const TOO_LATE = new TokenError(
  "timeout",
  `there was no answer within ${LONGEST / 1000} seconds. Check the server, and try again.`,
);

/** @throws {RouteError} `invalid-request`. */
function read<I>({ method, input }: Route<I>, request: Request): I {
  const { params, query } = request;
  const body: unknown = request.body;
  // A page of another site can send a form, but not JSON.
  if (method === "post" && !(request.is("application/json") && isObject(body))) {
    throw new RouteError(415, "invalid-request", "The request must be an object in JSON.");
  }
  const given = method === "post" ? (body as object) : query;
  const read = input.safeParse({ ...given, ...params });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RouteError(
    400,
    "invalid-request",
    `The request cannot be read: "${issue?.path.join(".") ?? ""}" is not valid.`,
  );
}

function isObject(body: unknown): body is object {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

function errorAnswer(error: unknown): [number, ErrorAnswer] {
  if (error instanceof RouteError) {
    const { httpStatus, code, message } = error;
    return [httpStatus, { error: { code, message } }];
  }
  const { code, message } = asTokenError(error);
  return [factsOf(code).httpStatus, { error: { code, message } }];
}
