import assert from "node:assert/strict";
import { listNode, type Filters } from "../../../nodes/sidebar/list-node.js";
import { MARKS } from "../../../nodes/admin/answers.js";
import type { ResourceName } from "../../../src/products.js";
import { OPERATION_NAMES, operationOf } from "../../helpers/package.js";

const NONE: Filters = { search: "", status: "", owner: "", olderThanDays: "", mark: "" };
const ID = "0a1b2c3d4e5f6071";

/** The properties of the list node, and whether it finds more than the filters do. */
function made(resource: ResourceName, filters: Partial<Filters>) {
  const { node, leftOut } = listNode(resource, "connection", { ...NONE, ...filters });
  const { type, connection, wires, ...properties } = node;
  assert.deepEqual([type, connection, wires], [`influxdb-list-${resource}`, "connection", [[], []]]);
  return { properties, leftOut };
}

/** What the node at run time makes of its properties. */
async function read(resource: ResourceName, filters: Partial<Filters>): Promise<Record<string, unknown>> {
  const name = OPERATION_NAMES.find((each) => each === `list-${resource}`)!;
  const { properties } = made(resource, filters);
  const values: Record<string, unknown> = {};
  for (const [field, { parse }] of Object.entries(operationOf(name).fields)) {
    const value: unknown = await parse(
      field,
      properties,
      {} as never,
    )((text) => Promise.resolve({ value: text }));
    if (value !== undefined && field in properties) values[field] = value;
  }
  return values;
}

const DAY = 24 * 60 * 60 * 1000;

describe("the list node that is made of the filters of the inventory", () => {
  it("says all that authorizations are filtered by", async () => {
    const all = { search: "Telegraf", status: "inactive", owner: "ann", olderThanDays: "90" };
    assert.deepEqual(made("authorizations", all), {
      properties: {
        description: "Telegraf",
        descriptionType: "str",
        tokenStatus: "inactive",
        tokenStatusType: "str",
        user: "ann",
        userType: "str",
        updatedBefore: "90d",
        updatedBeforeType: "str",
      },
      leftOut: [],
    });
    assert.deepEqual(await read("authorizations", all), {
      description: "Telegraf",
      tokenStatus: "inactive",
      user: "ann",
      updatedBefore: { ago: 90 * DAY },
    });
  });

  it("takes the owner for a user ID if it looks like one", async () => {
    assert.deepEqual(await read("authorizations", { owner: ID }), { userID: ID });
  });

  it("says stale as an age, the longer one if there are two", async () => {
    assert.deepEqual(await read("authorizations", { mark: "stale" }), {
      updatedBefore: { ago: 365.25 * DAY },
    });
    const both = { mark: "stale", olderThanDays: "400" } as const;
    assert.deepEqual(await read("database-tokens", both), { createdBefore: { ago: 400 * DAY } });
  });

  it("says of clusters' tokens what is expired or revoked", async () => {
    assert.deepEqual(await read("database-tokens", { mark: "expired" }), { expired: "yes" });
    assert.deepEqual(await read("database-tokens", { mark: "revoked" }), { revoked: "yes" });
    assert.deepEqual(await read("management-tokens", { mark: "expired" }), { state: "expired" });
    assert.deepEqual(await read("management-tokens", { mark: "revoked" }), { state: "revoked" });
  });

  it("says of InfluxDB 3's tokens a part of the name, what is expired, and the age", async () => {
    const all = { search: "Telegraf", mark: "expired", olderThanDays: "90" } as const;
    assert.deepEqual(await read("influxdb3-tokens", all), {
      nameContains: "Telegraf",
      state: "expired",
      createdBefore: { ago: 90 * DAY },
    });
  });

  it("tells if it cannot say the mark", () => {
    const unsaid = (resource: ResourceName) =>
      MARKS.filter((mark) => made(resource, { mark }).leftOut.includes("mark"));
    const never = ["own", "maybe-own", "protected", "all-access", "no-expiry", "no-owner"];
    assert.deepEqual(unsaid("authorizations").toSorted(), [...never, "expired", "revoked"].toSorted());
    assert.deepEqual(unsaid("database-tokens").toSorted(), never.toSorted());
    assert.deepEqual(unsaid("management-tokens").toSorted(), never.toSorted());
    assert.deepEqual(unsaid("influxdb3-tokens").toSorted(), [...never, "revoked"].toSorted());
  });

  it("tells that it cannot say who made a management token", () => {
    const { properties, leftOut } = made("management-tokens", { owner: "ann" });
    assert.deepEqual([properties, leftOut], [{}, ["owner"]]);
  });

  it("sets nothing without a filter", () => {
    assert.deepEqual(made("authorizations", {}), { properties: {}, leftOut: [] });
  });
});
