import assert from "node:assert/strict";
import { allAccess, permission, roleInOrg } from "../../../simulator/permissions.js";
import { accessOfAuthorization, accessOfDatabaseToken } from "../../../src/tokens/access.js";

const ORG = "0123456789abcdef";
const one = (text: string, id: string) => {
  const { action, resource } = permission(text, ORG);
  return { action, resource: { ...resource, id } };
};

describe("what an authorization may do", () => {
  const CASES: [what: string, permissions: unknown, text: string, isAll?: boolean][] = [
    ["an operator", allAccess(), "everything", true],
    ["an all-access token", roleInOrg("owner", ORG), "everything in an organization", true],
    [
      "an operator but for one permission",
      allAccess().filter(({ action, resource }) => action === "read" || resource.type !== "buckets"),
      "read: 22 kinds of resources, write: 21 kinds of resources",
    ],
    [
      "one that may do half in each of two organizations",
      roleInOrg("owner", ORG).map((each, index) =>
        index % 2 ? each : { ...each, resource: { ...each.resource, orgID: "f".repeat(16) } },
      ),
      "read and write: 22 kinds of resources",
    ],
    [
      "one whose permissions each name one resource",
      roleInOrg("owner", ORG).map(({ action, resource }) => ({ action, resource: { ...resource, id: "1" } })),
      "read and write: 22 kinds of resources",
    ],
    ["a reader of an organization", roleInOrg("member", ORG), "read: 22 kinds of resources"],
    [
      "one of a few buckets",
      [one("read:buckets", "1"), one("read:buckets", "2"), one("write:buckets", "1")],
      "read: 2 buckets, write: 1 bucket",
    ],
    [
      "one of all buckets and a task",
      [permission("read:buckets", ORG), one("read:buckets", "1"), one("read:tasks", "1")],
      "read: all buckets and 1 task",
    ],
    ["one of nothing", [], "nothing"],
    ["one that does not say", undefined, "nothing"],
    ["one that is new to us", [null, 1, { action: "burn" }, { action: "read" }], "nothing"],
  ];
  for (const [what, permissions, text, isAll = false] of CASES) {
    it(`is told of ${what}`, () => {
      assert.deepEqual(accessOfAuthorization(permissions), { text, isAll, databases: [] });
    });
  }
});

describe("what a database token may do", () => {
  const of = (...texts: string[]) =>
    accessOfDatabaseToken(
      texts.map((text) => {
        const [action, resource] = text.split(":");
        return { action, resource };
      }),
    );

  it("is told by the names of databases", () => {
    assert.deepEqual(of("read:a", "write:b", "read:b"), {
      ...{ text: "read: a and b, write: b", isAll: false, databases: ["a", "b"] },
    });
    assert.equal(of("read:a", "read:b", "read:c", "read:d").text, "read: 4 databases");
    assert.equal(of(`read:${"x".repeat(1000)}`).text.length, 66);
  });

  it("is everything with read and write of all databases", () => {
    assert.deepEqual(of("read:*", "write:*"), {
      ...{ text: "read and write: all databases", isAll: true, databases: ["*"] },
    });
    assert.equal(of("read:*", "write:a").isAll, false);
  });
});
