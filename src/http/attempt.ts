import type { Dispatcher } from "undici";
import { CollectedBytes } from "../text/collected-bytes.js";
import type { Headers } from "./call.js";
import type { Cancellation } from "./cancellation.js";

/** Bytes of a list; one of a million authorizations is twice as long. */
export const LONGEST_LIST = 256 * 1024 * 1024;
/** Bytes of one token, which is parsed in one go; one with thousands of permissions is as long. */
export const LONGEST_TOKEN = 512 * 1024;
/** Bytes of an error; what comes after them is not waited for. */
const LONGEST_ERROR = 64 * 1024;

/** Whether an answer shows what was asked for or made, rather than an error or nothing. */
export function isShown(status: number): boolean {
  return status === 200 || status === 201;
}

/** What one attempt sends. */
export type AttemptRequest = Pick<
  Dispatcher.DispatchOptions,
  "origin" | "path" | "method" | "headers" | "body"
>;

export interface AttemptOptions {
  /** From the wait for a connection to the last byte of the response. */
  timeoutMs: number;
  /** Bytes that a success may have; {@link LONGEST_TOKEN} unless given. */
  longest?: number | undefined;
  cancellation: Cancellation;
  /** Ends the attempt. */
  signal?: AbortSignal | undefined;
  /** Called when the header of the response has come; its body can take long. */
  onHeaders?: (status: number, headers: Headers) => void;
}

/** What one attempt got. */
export interface AttemptResponse {
  status: number;
  headers: Headers;
  /** In blocks; only the beginning if it is an error. */
  body: readonly Buffer[];
}

/** An attempt without a response. */
export class FailedAttempt {
  constructor(
    /** Why: one of the classes below, or an error of undici or Node. */
    readonly error: Error,
    /** False if there was no connection to send it through. */
    readonly wasSent: boolean,
  ) {}
}
export class Cancelled extends Error {}
export class TimedOut extends Error {
  override message = "no answer in time";
}
export class TooLong extends Error {
  override message = "the answer is too long";
}

/**
 * Sends a request once. It ends with the response, the time limit, the signal or the connection, and never throws. It
 * dispatches instead of calling undici's `request`: without a stream and an abort signal for each response it takes
 * half the time.
 */
export function attempt(
  dispatcher: Dispatcher,
  request: AttemptRequest,
  { timeoutMs, longest: longestSuccess = LONGEST_TOKEN, cancellation, signal, onHeaders }: AttemptOptions,
): Promise<AttemptResponse | FailedAttempt> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let failure: Error | undefined;
    let status = 0;
    let headers: Headers = {};
    let longest = LONGEST_ERROR;
    const body = new CollectedBytes();

    const timer = setTimeout(() => fail(new TimedOut()), timeoutMs);
    const unlisten = cancellation.listen(signal, () => fail(new Cancelled()));
    function end() {
      clearTimeout(timer);
      unlisten();
    }
    function fail(error: Error) {
      end();
      failure = error;
      resolve(new FailedAttempt(error, controller !== undefined));
      controller?.abort(error);
    }
    function succeed() {
      end();
      resolve({ status, headers, body: body.blocks() });
    }

    dispatcher.dispatch(
      // A copy: a proxy's dispatcher writes its own path into it.
      { ...request },
      {
        // Called when there is a connection, just before the request is written to it.
        onRequestStart(started) {
          if (failure) started.abort(failure);
          else controller = started;
        },
        onResponseStart(_, code, fields) {
          status = code;
          headers = fields;
          if (isShown(status)) longest = longestSuccess;
          onHeaders?.(status, headers);
        },
        onResponseData(started, chunk) {
          if (body.length + chunk.length <= longest) {
            body.add(chunk);
            return;
          }
          const error = new TooLong();
          if (isShown(status)) {
            fail(error);
          } else {
            // Its status says what there is to know.
            succeed();
            started.abort(error);
          }
        },
        onResponseEnd() {
          succeed();
        },
        onResponseError(_, error) {
          fail(error);
        },
      },
    );
  });
}
