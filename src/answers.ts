import type * as z from "zod";
import { TokenError } from "./errors.js";
import type { Answer } from "./http.js";

/**
 * The JSON of a successful answer, checked against the schema.
 *
 * @throws {TokenError} `bad-response` where it is no JSON or of another shape: most often the URL leads to
 *   something else than the API.
 */
export function readJson<T>(answer: Answer, schema: z.ZodType<T>): T {
  return checkedBy(schema, answer, parseJson(answer, answer.text));
}

/** @throws {TokenError} `bad-response`. */
export function parseJson(answer: Answer, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badResponse(answer, "the answer is not JSON");
  }
}

/** @throws {TokenError} `bad-response`. */
export function checkedBy<T>(schema: z.ZodType<T>, answer: Answer, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badResponse(
    answer,
    `the answer has another form than expected at ${issue?.path.join(".") || "its root"}`,
  );
}

export function badResponse(answer: Answer, reason: string): TokenError {
  const { call, status } = answer;
  return new TokenError(
    "bad-response",
    `${reason} (status ${status}). Check that the connection's URL leads to InfluxDB's API.`,
    { task: call.task, statusCode: status, cause: { statusCode: status } },
  );
}
