import assert from "node:assert/strict";

// Loaded first, it gives the tests what Node.js 20 lacks.
assert.partialDeepStrictEqual ??= (actual, expected, message) => {
  assert.deepEqual(partOf(actual, expected), expected, message);
};

/** What an object has of the properties that another has, at any depth. */
function partOf(actual: unknown, expected: unknown): unknown {
  if (!isObject(actual) || !isObject(expected)) return actual;
  const entries = Object.keys(expected)
    .filter((name) => name in actual)
    .map((name) => [name, partOf(actual[name], expected[name])]);
  return Object.assign(Array.isArray(expected) ? [] : {}, Object.fromEntries(entries));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
