import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenError } from "../../../src/errors.js";
import { readDatabasePermissions, readPermissions } from "../../../src/tokens/wanted.js";
import { anything } from "../../helpers/arbitraries.js";

const ID = "0aaaaaaaaaaaaaaa";

describe("permissions for a new token", () => {
  const read = { action: "read", resource: { type: "buckets" } };
  const ofBucket = (more: object) => [read, { action: "write", resource: { type: "buckets", ...more } }];

  it("are taken as an array or its JSON, without the names that a server adds", () => {
    const listed = ofBucket({ id: ID.toUpperCase(), orgID: ID, name: "data", org: "home" });
    const plain = ofBucket({ id: ID, orgID: ID });
    assert.deepEqual(readPermissions(listed), plain);
    assert.deepEqual(readPermissions(JSON.stringify(listed)), plain);
    const database = [{ action: "read", resource: "*" }];
    assert.deepEqual(readDatabasePermissions(database), database);
    assert.deepEqual(readDatabasePermissions("[]"), []);
  });

  const WRONG: Record<string, [unknown, RegExp]> = {
    nothing: [undefined, /expected array/],
    none: [[], /there are no permissions/],
    "a text": ["read buckets", /a text that is not JSON/],
    "an object": [read, /expected array/],
    "another action": [[read, { ...read, action: "delete" }], /permission 2, action: .*"read"\|"write"/],
    "no resource": [[{ action: "read" }], /permission 1, resource: /],
    "no type": [[{ action: "read", resource: { id: ID } }], /permission 1, resource\.type: /],
    "an ID that is none": [
      ofBucket({ id: "data" }),
      /permission 2, resource\.id: expected 16 hexadecimal digits/,
    ],
    // Without what is not known, each would allow more than it says.
    "a name instead of an ID": [
      ofBucket({ name: "data" }),
      /permission 2, resource: it has a name, but no id/,
    ],
    "an org instead of its ID": [
      ofBucket({ org: "home" }),
      /permission 2, resource: it has an org, but no orgID/,
    ],
    "an ID of another name": [ofBucket({ bucketID: ID }), /permission 2, resource: .*bucketID/],
    "null for an ID": [ofBucket({ id: null }), /permission 2, resource\.id: /],
    "more than a permission": [[{ ...read, status: "active" }], /permission 1: .*status/],
    "a database": [[{ action: "read", resource: "sensors" }], /permission 1, resource: expected object/],
  };
  for (const [what, [value, words]] of Object.entries(WRONG)) {
    it(`cannot be ${what}`, () => {
      assert.throws(() => readPermissions(value), { code: "invalid-config", message: words });
    });
  }

  it("of a database token cannot be those of an authorization, or name a database that is too long", () => {
    for (const resource of [read.resource, "", "x".repeat(65)]) {
      assert.throws(() => readDatabasePermissions([{ action: "read", resource }]), {
        code: "invalid-config",
        message: /permission 1, resource: /,
      });
    }
  });

  it("are refused in words, or are what they were, whatever a flow gives", () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const reader of [readPermissions, readDatabasePermissions]) {
          try {
            for (const { action } of reader(value)) assert.match(action, /^(read|write)$/);
          } catch (error) {
            assert.ok(error instanceof TokenError);
            assert.equal(error.code, "invalid-config");
          }
        }
      }),
    );
  });
});
