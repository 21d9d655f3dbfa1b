import assert from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { startFixture, type Fixture } from "../../simulator/fixture.js";
import { savedFlow, type FlowNode } from "../../simulator/flow.js";
import { closing } from "../helpers/closing.js";
import { addTokens } from "../helpers/fixture.js";
import { startRuntime, type Properties, type Seen } from "../helpers/runtime.js";

interface Env {
  name: string;
  type: string;
  value: string;
}
const env = (value: string, type = "str"): Env[] => [{ name: "VALUE", type, value }];

/** An empty variable is never a wish for no limit, nothing protected, or the default address. */
describe("a variable of the environment", () => {
  const also = closing(afterEach);
  let fixture: Fixture;
  beforeEach(async () => (fixture = await also(startFixture())));

  /** What holds the node "delete" and its connection "inner": the flow itself, or one of these around them. */
  type Around = "flow" | "subflow" | "nested subflow" | "packaged subflow" | "group in a subflow";
  interface Case {
    around: Around;
    node?: Properties;
    connection?: Properties;
    /** Of the group, or of the subflow. */
    env?: Env[];
    /** Of the instance of the subflow. */
    instanceEnv?: Env[];
  }

  /** Deletes one token, and gives what a flow sees of it. */
  async function deleteOne({ around, node, connection, ...given }: Case): Promise<Seen & { left: boolean }> {
    const { simulator } = fixture;
    const { id } = addTokens(simulator, 1)[0]!;
    const inner = fixture.connectionTo("oss", { id: "inner", retries: "0", protectedIds: "", ...connection });
    const deleteOf = { confirmed: true, limit: "100", limitPer: "message", ...node };
    const inGroup = around === "group in a subflow";
    const template: FlowNode[] = [
      { ...inner, z: "sf" },
      {
        id: "delete",
        z: "sf",
        x: 1,
        y: 1,
        wires: [[]],
        type: "influxdb-delete-authorization",
        connection: "inner",
        ...deleteOf,
        ...(inGroup && { g: "group" }),
      },
      ...(inGroup
        ? [{ id: "group", z: "sf", x: 1, y: 1, type: "group", nodes: ["delete"], env: given.env }]
        : []),
    ];
    const subflow = {
      id: "sf",
      type: "subflow",
      name: "sf",
      in: [{ x: 1, y: 1, wires: [{ id: "delete" }] }],
      out: [{ x: 1, y: 1, wires: [{ id: "delete", port: 0 }] }],
      env: inGroup ? [] : (given.env ?? []),
    };
    const outer = [
      {
        id: "outer",
        type: "subflow",
        name: "outer",
        in: [{ x: 1, y: 1, wires: [{ id: "instance" }] }],
        out: [{ x: 1, y: 1, wires: [{ id: "instance", port: 0 }] }],
      },
      {
        id: "instance",
        z: "outer",
        x: 1,
        y: 1,
        wires: [[]],
        type: "subflow:sf",
        env: given.instanceEnv ?? [],
      },
    ];
    const register = (RED: NodeAPI) => {
      const { flow } = savedFlow(template);
      const packaged = { ...subflow, meta: { type: "packaged" }, flow };
      (RED.nodes as unknown as { registerSubflow(subflow: object): void }).registerSubflow(packaged);
    };
    const SHAPES: Record<Around, [type: string, properties: Properties, nodes: FlowNode[]]> = {
      flow: ["influxdb-delete-authorization", { ...deleteOf, connection: "inner" }, [inner]],
      subflow: ["subflow:sf", { env: given.instanceEnv ?? [] }, [subflow, ...template]],
      "group in a subflow": ["subflow:sf", {}, [subflow, ...template]],
      "nested subflow": ["subflow:outer", {}, [subflow, ...template, ...outer]],
      "packaged subflow": [
        "packaged",
        { VALUE: given.instanceEnv?.[0]?.value ?? given.env?.[0]?.value },
        // Node-RED looks for the credentials by the id in the package, and drops those of ids that no node has.
        [{ id: inner.id, type: "helper", credentials: inner.credentials! }],
      ],
    };
    const [type, properties, nodes] = SHAPES[around];
    const runtime = await startRuntime(
      type,
      properties,
      { id: "connection", type: "influxdb-connection" },
      {
        nodes,
        modules: around === "packaged subflow" ? [register] : [],
      },
    );
    try {
      runtime.inject({ payload: id });
      // An instance of a subflow has done its part when it has passed the message in.
      const seen = await runtime.ended(around === "flow" ? 1 : 0);
      while (!seen.error && seen.outputs[0].length === 0) {
        await new Promise(setImmediate);
        Object.assign(seen, await runtime.ended(0));
      }
      return { ...seen, left: simulator.world.authorizations.has(id) };
    } finally {
      await runtime.close();
    }
  }

  const INNER: Around[] = ["subflow", "nested subflow", "packaged subflow", "group in a subflow"];
  for (const around of INNER) {
    for (const written of ["${VALUE}", "$(VALUE)"]) {
      for (const value of ["", "  "]) {
        it(`that is ${JSON.stringify(value)} is refused for ${written} of a limit in a ${around}`, async () => {
          const { error, left } = await deleteOne({ around, node: { limit: written }, env: env(value) });
          assert.equal(error?.code, "invalid-config");
          assert.match(
            error.message,
            /field "limit" names the environment variable VALUE, which is not set or empty/,
          );
          assert.ok(left);
        });
      }
    }
  }
  for (const around of INNER.slice(0, 3)) {
    for (const name of ["protectedIds", "url"]) {
      it(`that is empty is refused for ${name} of a connection in a ${around}`, async () => {
        const { error, left } = await deleteOne({ around, connection: { [name]: "${VALUE}" }, env: env("") });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, new RegExp(`field "${name}" names the environment variable VALUE`));
        assert.ok(left);
      });
    }
  }

  it("that an instance of a subflow empties is refused", async () => {
    for (const around of ["subflow", "nested subflow", "packaged subflow"] as const) {
      const { error, left } = await deleteOne({
        around,
        node: { limit: "${VALUE}" },
        env: env("5"),
        instanceEnv: env(""),
      });
      assert.match(error?.message ?? "", /"limit" names the environment variable VALUE/, around);
      assert.ok(left);
    }
  });

  for (const [type, value] of [
    ["json", "null"],
    ["json", "[5]"],
    ["json", "{}"],
    ["bool", "true"],
    ["bool", "false"],
    ["num", "1.5"],
    ["num", "0"],
    ["jsonata", '""'],
    ["jsonata", "nothing"],
    ["env", "T_NO_SUCH"],
    ["str", "0x10"],
    ["str", "1e3"],
    ["str", "5.0"],
    ["str", "+5"],
    ["str", ";"],
    ["str", "99999999999999999999"],
  ] as const) {
    it(`of the type ${type} that is ${value} is no limit and no list of protected IDs, and refused`, async () => {
      for (const given of [{ node: { limit: "${VALUE}" } }, { connection: { protectedIds: "${VALUE}" } }]) {
        const { error, left } = await deleteOne({ around: "subflow", ...given, env: env(value, type) });
        assert.equal(error?.code, "invalid-config", JSON.stringify(given));
        assert.match(error.message, /field "(limit|protectedIds)"/);
        assert.ok(left);
      }
    });
  }

  for (const value of ["", " ", " \t\n", ",;"]) {
    for (const written of ["${T_VALUE}", "$(T_VALUE)"]) {
      it(`of the process that is ${JSON.stringify(value)} is refused for ${written}`, async () => {
        process.env.T_VALUE = value;
        try {
          for (const given of [
            { node: { limit: written } },
            { connection: { protectedIds: written } },
            { connection: { url: written } },
          ]) {
            const { error, left } = await deleteOne({ around: "flow", ...given });
            assert.equal(error?.code, "invalid-config");
            assert.match(error.message, /names the environment variable T_VALUE, which is not set or empty/);
            assert.ok(left);
          }
        } finally {
          Reflect.deleteProperty(process.env, "T_VALUE");
        }
      });
    }
  }

  it("that is not set is told by its name, also as it was written long ago", async () => {
    const filter = { targets: "$(T_NO_SUCH)", targetsType: "str" };
    const { error } = await deleteOne({ around: "flow", node: filter });
    assert.match(error?.message ?? "", /names the environment variable T_NO_SUCH/);
  });

  it("counts where it holds a value, in a subflow as well", async () => {
    for (const around of INNER) {
      for (const [type, value] of [
        ["str", "5"],
        ["str", " 5 "],
        ["num", "5"],
      ] as const) {
        const { error, left } = await deleteOne({
          around,
          node: { limit: "${VALUE}" },
          env: env(value, type),
        });
        assert.deepEqual([error, left], [undefined, false], around);
      }
    }
  });

  it("is in the place of a box only where it is a boolean", async () => {
    const given = { around: "subflow", node: { confirmed: "${VALUE}" } } as const;
    const { error, left } = await deleteOne({ ...given, env: env("true", "bool") });
    assert.deepEqual([error, left], [undefined, false]);
    for (const [value, type] of [
      ["true", "str"],
      ["false", "str"],
      ["1", "num"],
      ["false", "bool"],
      ["", "str"],
    ] as const) {
      const seen = await deleteOne({ ...given, env: env(value, type) });
      assert.match(seen.error?.code ?? "", /^(invalid-config|not-confirmed)$/, `${value} ${type}`);
      assert.ok(seen.left);
    }
  });

  it("is not behind a field that was left empty on purpose", async () => {
    for (const around of ["flow", ...INNER] as const) {
      const { error, left } = await deleteOne({ around, node: { limit: "" } });
      assert.deepEqual([error, left], [undefined, false], around);
    }
  });
});
