import type * as z from "zod";
import { Brackets } from "../text/brackets.js";
import { TokenError } from "../errors.js";
import type { Conceal } from "../text/redactor.js";
import type { Answer, ApiResponse } from "./call.js";

/**
 * The JSON of a successful, short answer, checked against the schema.
 *
 * @throws {TokenError} `bad-response` if it is not JSON or of another shape: most often the URL leads to
 *   something other than the API.
 */
export function readJson<T>(response: ApiResponse, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseBody(response).json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badResponse(
    response,
    `the answer has another form than expected at ${issue?.path.join(".") || "its root"}`,
  );
}

/** What was parsed in one go. */
export interface Piece {
  /** Takes secrets out of its texts, if it holds any. */
  readonly conceal: Conceal | undefined;
  /** Values that were kept of it, as who reads it counts them. */
  values: number;
}

/**
 * The JSON of a successful, short answer.
 *
 * @throws {TokenError} `bad-response` if it is not JSON, or nested deeper than any token is.
 */
export function parseBody(response: ApiResponse): { json: unknown; piece: Piece } {
  const bytes = Buffer.concat(plainBody(response));
  try {
    new Brackets().next(bytes, 0, NEVER, 0);
  } catch {
    throw badResponse(response, TOO_DEEP);
  }
  const text = bytes.toString();
  return {
    json: parseJson(response, text),
    piece: { conceal: response.redactor.concealer(text), values: 0 },
  };
}

const NEVER = -1;
export const TOO_DEEP = "the answer is nested deeper than any of InfluxDB's";

/**
 * The body of an answer as it can be read.
 *
 * @throws {TokenError} `bad-response` if it is compressed, which was not asked for.
 */
export function plainBody<B>(response: Answer & { body: B }): B {
  if (/^(identity)?$/i.test(String(response.headers["content-encoding"] ?? ""))) return response.body;
  throw badResponse(response, "the answer is compressed, which was not asked for");
}

/** @throws {TokenError} `bad-response` if it is not JSON. */
function parseJson(response: ApiResponse, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badResponse(response, "the answer is not JSON");
  }
}

/** The error of an answer that InfluxDB's API would not give. */
export function badResponse(response: Answer, reason: string): TokenError {
  const { call, status } = response;
  return new TokenError(
    "bad-response",
    `${reason} (status ${status}). Check that the connection's URL leads to InfluxDB's API.`,
    { task: call.task, statusCode: status, cause: { message: `status ${status}`, statusCode: status } },
  );
}
