import type { Dispatcher } from "undici";
import { systemClock } from "../clock.js";
import { CollectedBytes } from "../text/collected-bytes.js";
import { ArrivingBody } from "./arriving-body.js";
import type { Headers } from "./call.js";
import type { Cancellation } from "./cancellation.js";

/** Bytes of a list that is read while it arrives: two million authorizations have fewer. Who keeps them all needs as many. */
export const LONGEST_LIST = 1280 * 1024 * 1024;
/** Bytes of a list that is parsed in one go, such as that of all databases. */
export const LONGEST_SHORT_LIST = 16 * 1024 * 1024;
/** Bytes of one token, which is parsed in one go; one with thousands of permissions is as long. */
export const LONGEST_TOKEN = 512 * 1024;
/** Bytes of an error; what comes after them is not waited for. */
const LONGEST_ERROR = 64 * 1024;

/** Whether an answer shows what was asked for or made, rather than an error or nothing. */
export function isShown(status: number): boolean {
  return status === 200 || status === 201;
}

/** What one attempt sends. */
export type AttemptRequest = Pick<Dispatcher.DispatchOptions, "origin" | "path" | "method" | "body"> & {
  headers: Readonly<Record<string, string>>;
};

export interface AttemptOptions {
  /**
   * From the wait for a connection to the last byte of the response, without the time in which whoever reads its body
   * lets it wait: that is not the server's.
   */
  timeoutMs: number;
  /** Bytes that a success may have; {@link LONGEST_TOKEN} unless given. */
  longest?: number | undefined;
  /** Whether a success is given as soon as its body begins to come. */
  streams?: boolean;
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
  /** In place of it, the body of a success that streams. It is to be read to its end or given up. */
  arriving?: ArrivingBody;
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
  {
    timeoutMs,
    longest: longestSuccess = LONGEST_TOKEN,
    streams = false,
    cancellation,
    signal,
    onHeaders,
  }: AttemptOptions,
): Promise<AttemptResponse | FailedAttempt> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let failure: Error | undefined;
    let status = 0;
    let headers: Headers = {};
    let longest = LONGEST_ERROR;
    let received = 0;
    let arriving: ArrivingBody | undefined;
    const body = new CollectedBytes();

    const limit = timeLimit(timeoutMs, () => fail(new TimedOut()));
    const unlisten = cancellation.listen(signal, () => fail(new Cancelled()));
    function end() {
      limit.pause();
      unlisten();
    }
    function fail(error: Error) {
      end();
      failure = error;
      resolve(new FailedAttempt(error, controller !== undefined));
      arriving?.end(error);
      controller?.abort(error);
    }
    function succeed() {
      end();
      resolve({ status, headers, body: body.blocks() });
      arriving?.end();
    }

    dispatcher.dispatch(
      // A copy: a proxy's dispatcher writes its own path into it, and the host into the headers.
      { ...request, headers: { ...request.headers } },
      {
        // Called when there is a connection, just before the request is written to it.
        onRequestStart(started) {
          if (failure) started.abort(failure);
          else controller = started;
        },
        onResponseStart(started, code, fields) {
          status = code;
          headers = fields;
          if (isShown(status)) longest = longestSuccess;
          onHeaders?.(status, headers);
          if (!streams || !isShown(status)) return;
          arriving = new ArrivingBody({
            pause() {
              limit.pause();
              started.pause();
            },
            resume() {
              limit.resume();
              started.resume();
            },
            abort(reason) {
              end();
              started.abort(reason);
            },
          });
          resolve({ status, headers, body: [], arriving });
        },
        onResponseData(started, chunk) {
          received += chunk.length;
          if (received <= longest) {
            (arriving ?? body).add(chunk);
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

/** Calls once so many milliseconds have passed, but for those between `pause` and `resume`. */
function timeLimit(milliseconds: number, expire: () => void): { pause(): void; resume(): void } {
  let left = milliseconds;
  let since = systemClock.steady();
  let timer: NodeJS.Timeout | undefined = setTimeout(expire, left);
  return {
    pause() {
      clearTimeout(timer);
      timer = undefined;
      left -= systemClock.steady() - since;
    },
    resume() {
      since = systemClock.steady();
      timer ??= setTimeout(expire, left);
    },
  };
}
