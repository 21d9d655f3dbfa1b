/** The error codes of the API that the simulator answers with, and their HTTP status. */
export const STATUS_OF_CODE = {
  "internal error": 500,
  "not found": 404,
  conflict: 422,
  invalid: 400,
  "empty value": 400,
  forbidden: 403,
  unauthorized: 401,
} as const;

export type ErrorCode = keyof typeof STATUS_OF_CODE;

/** An error as the API answers it: `{"code": …, "message": …}`. */
export class InfluxError extends Error {
  override readonly name = "InfluxError";

  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}
