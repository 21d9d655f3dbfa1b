import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { SETTINGS } from "../../../nodes/influxdb-connection/settings.js";
import { limitField, targetsField, typed } from "../../../nodes/fields/fields.js";
import { refuseEmptyVariables, type Placed } from "../../../nodes/fields/refuse-variables.js";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { moment, readFilter, text } from "../../../src/work/filters.js";

describe("refuseEmptyVariables", () => {
  const redWith = (nodes: object[]) =>
    ({ nodes: { eachNode: (tell: (node: object) => void) => nodes.forEach(tell) } }) as unknown as NodeAPI;

  const fields = { limit: limitField(100), ...SETTINGS };

  it("refuses an empty field that protects, where the flow does not tell how it became empty", () => {
    for (const name of ["limit", "protectedIds", "url", "auditFile"]) {
      assert.throws(() => refuseEmptyVariables(redWith([]), fields, { id: "a-b", _alias: "b", [name]: "" }), {
        code: "invalid-config",
        message: new RegExp(`^Wrong setting: the field "${name}" is empty, and it cannot be told`),
      });
    }
    refuseEmptyVariables(redWith([]), fields, { id: "a-b", _alias: "b", limit: "5", name: "", proxy: "" });
  });

  it("goes by the template of a packaged subflow rather than by what the flows have under its ID", () => {
    const properties = (limit: string): Placed => ({
      id: "a-b",
      _alias: "b",
      _flow: { subflowDef: { nodes: { b: { limit } }, configs: {} } },
      limit: "",
    });
    refuseEmptyVariables(redWith([{ id: "b", limit: "${MAX}" }]), fields, properties(""));
    assert.throws(
      () => refuseEmptyVariables(redWith([{ id: "b", limit: "" }]), fields, properties("${MAX}")),
      {
        code: "invalid-config",
      },
    );
  });
});

describe("a variable within a fixed text", () => {
  const NO_COUNTS = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const preset = { type: "any", value: "" };
  const filter = (kind: typeof text | typeof moment) =>
    typed({ preset, read: (value, name) => readFilter<unknown>(kind, name, value, Date.now()) });
  const parse = (field: { parse: ReturnType<typeof filter>["parse"] }, value: string) =>
    field.parse("field", { field: value, fieldType: "str" }, NO_COUNTS);

  it("is refused where it cannot be meant as it stands", () => {
    for (const [field, value] of [
      [targetsField(authorizations), "0aaaaaaa${REST}"],
      [targetsField(authorizations), " ${ID}"],
      [filter(moment), "${DAY}T00:00:00Z"],
      [filter(text), "${NAME} "],
    ] as const) {
      assert.throws(() => parse(field, value), {
        code: "invalid-config",
        message: /^Wrong setting: the field "field" .* only where it is the whole value.* "env variable"/,
      });
    }
  });

  it("is left alone in a text that can hold anything", async () => {
    const value = "costs ${x} a month";
    assert.equal(await parse(filter(text), value)((given) => Promise.resolve({ value: given })), value);
  });
});
