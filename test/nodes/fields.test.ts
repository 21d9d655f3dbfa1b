import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { refuseEmptyVariables, type Placed } from "../../nodes/fields.js";

describe("refuseEmptyVariables", () => {
  const redWith = (nodes: object[]) =>
    ({ nodes: { eachNode: (tell: (node: object) => void) => nodes.forEach(tell) } }) as unknown as NodeAPI;

  it("refuses an empty field that protects, where the flow does not tell how it became empty", () => {
    for (const name of ["limit", "protectedIds", "url"]) {
      assert.throws(() => refuseEmptyVariables(redWith([]), { id: "a-b", _alias: "b", [name]: "" }), {
        code: "invalid-config",
        message: new RegExp(`^the field "${name}" is empty, and whether`),
      });
    }
    refuseEmptyVariables(redWith([]), { id: "a-b", _alias: "b", limit: "5", name: "", proxy: "" });
  });

  it("goes by the template of a packaged subflow rather than by what the flows have under its ID", () => {
    const properties = (limit: string): Placed => ({
      id: "a-b",
      _alias: "b",
      _flow: { subflowDef: { nodes: { b: { limit } }, configs: {} } },
      limit: "",
    });
    refuseEmptyVariables(redWith([{ id: "b", limit: "${MAX}" }]), properties(""));
    assert.throws(() => refuseEmptyVariables(redWith([{ id: "b", limit: "" }]), properties("${MAX}")), {
      code: "invalid-config",
    });
  });
});
