const circular: Record<string, unknown> = {};
circular.self = circular;

/** What a message may wrongly hold instead of a token's id, and the code of the error. */
export const BAD_TARGETS: [what: string, payload: unknown, code: string][] = [
  ["nothing", undefined, "missing-id"],
  ["null", null, "missing-id"],
  ["an empty text", "", "missing-id"],
  ["spaces", "  \t\n", "missing-id"],
  ["an object without an id", { name: "x" }, "missing-id"],
  ["an object with an empty id", { id: " " }, "missing-id"],
  ["a circular object without an id", circular, "missing-id"],
  ["a promise of an id", Promise.resolve("0aaaaaaaaaaaaaaa"), "missing-id"],
  ["null in an array", ["0aaaaaaaaaaaaaaa", null], "missing-id"],
  ["a number", 7, "invalid-id"],
  ["a number of 16 digits", 1234567890123456, "invalid-id"],
  ["true", true, "invalid-id"],
  ["a function", () => 1, "invalid-id"],
  ["a Buffer", Buffer.from("0aaaaaaaaaaaaaaa"), "invalid-id"],
  ["a short id", "abc", "invalid-id"],
  ["a long id", "0aaaaaaaaaaaaaaaa", "invalid-id"],
  ["letters that are no hex", "zzzzzzzzzzzzzzzz", "invalid-id"],
  ["zeros", "0000000000000000", "invalid-id"],
  ["an id with a slash", "0aaaaaaa/aaaaaaa", "invalid-id"],
  ["a path", "../users/0aaaaaaaaaaaaaaa", "invalid-id"],
  ["an encoded slash", "0aaaaaaa%2faaaaaa", "invalid-id"],
  ["a nested array", [["0aaaaaaaaaaaaaaa"]], "invalid-id"],
  ["an id that is an object", { id: { id: "0aaaaaaaaaaaaaaa" } }, "invalid-id"],
  ["one bad id among good ones", ["0aaaaaaaaaaaaaaa", "0bbbbbbbbbbbbbbb", "x"], "invalid-id"],
  ["bytes", new TextEncoder().encode("0aaaaaaaaaaaaaaa"), "invalid-id"],
  ["a list of ids in JSON", '["0aaaaaaaaaaaaaaa"]', "invalid-id"],
  ["lines of ids", "0aaaaaaaaaaaaaaa\n0bbbbbbbbbbbbbbb\n", "invalid-id"],
  ["a list of ids in one text", "0aaaaaaaaaaaaaaa,0bbbbbbbbbbbbbbb", "invalid-id"],
];
