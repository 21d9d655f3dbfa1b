import type { NodeAPI } from "node-red";
import type { Request, Response } from "express";
import type * as z from "zod";
import { factsOf } from "../../src/error-codes.js";
import { asTokenError } from "../../src/errors.js";
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
  answer: (input: I, signal: AbortSignal) => Promise<object>;
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
const AT_ONCE = 4;

/**
 * Serves admin endpoints. Node-RED asks for the permission if it has users, and mounts none of them if its admin root
 * is off.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any route; only its own input is typed
export function serve(RED: NodeAPI, routes: readonly Route<any>[]): void {
  const inTurn = createLimiter(AT_ONCE);
  for (const { method, path, permission, input, answer } of routes) {
    RED.httpAdmin[method](
      `/${ADMIN_ROOT}/${path}`,
      RED.auth.needsPermission(permission),
      (request: Request, response: Response) => {
        const gone = new AbortController();
        response.on("close", () => {
          gone.abort();
        });
        const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(LONGEST)]);
        response.set("cache-control", "no-store");
        void inTurn(async () => answer(read(input, request), signal)).then(
          (found) => response.json(found),
          (error: unknown) => {
            const [status, told] = errorAnswer(error);
            response.status(status).json(told);
          },
        );
      },
    );
  }
}

/** @throws {RouteError} `invalid-request`. */
function read<I>(input: z.ZodType<I>, request: Request): I {
  // A page of another site can make a browser send any other form of body without asking.
  if (request.method === "POST" && !request.is("json")) {
    throw new RouteError(415, "invalid-request", "A body of JSON is expected.");
  }
  const read = input.safeParse({
    ...request.query,
    ...(request.body as object | undefined),
    ...request.params,
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RouteError(400, "invalid-request", `"${issue?.path.join(".") ?? ""}" is not valid`);
}

function errorAnswer(error: unknown): [number, ErrorAnswer] {
  if (error instanceof RouteError) {
    const { httpStatus, code, message } = error;
    return [httpStatus, { error: { code, message } }];
  }
  const { code, message } = asTokenError(error);
  return [factsOf(code).httpStatus, { error: { code, message } }];
}
