import assert from "node:assert/strict";
import { useLab } from "./editor.js";

type Saved = Record<string, unknown> & { id: string };

describe("the life of a node in the editor", function () {
  this.timeout(40_000);
  const lab = useLab();

  /** What is deployed. */
  async function saved(): Promise<Saved[]> {
    return (await (await fetch(new URL("flows", lab.demo.nodeRed.url))).json()) as Saved[];
  }

  /** Deploys behind the editor's back, as an older version left it. */
  async function save(nodes: Saved[]): Promise<void> {
    const headers = { "content-type": "application/json" };
    const url = new URL("flows", lab.demo.nodeRed.url);
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(nodes) });
    assert.equal(answer.status, 204);
  }

  it("asks to choose the status again, where it was saved under its former name", async () => {
    const { editor } = lab;
    const flow = { id: "former", type: "tab", label: "former" };
    const connection = (await saved()).find(({ product }) => product === "oss")!.id;
    const node = { type: "influxdb-list-authorizations", connection, result: "all", wires: [[], []] };
    await save([
      ...(await saved()),
      flow,
      { id: "old", z: flow.id, x: 200, y: 100, ...node, status: "inactive", statusType: "str" },
    ]);
    await editor.open();
    await editor.openFlow(flow.label);
    await editor.wrong("old");
    const field = editor.typedInput("tokenStatus");

    await editor.openDialog("old");
    await editor.fieldWrong(field);
    await editor.says(field, /choose it again/);
    await editor.screenshot("wrong former status");
    await editor.done();
    await editor.wrong("old");

    await editor.openDialog("old");
    await editor.choose("tokenStatus", "str", "inactive");
    await editor.fieldWrong(field, false);
    await editor.done();
    await editor.wrong("old", false);
    await editor.deploy();
    const { tokenStatus, tokenStatusType, ...rest } = (await saved()).find(({ id }) => id === "old")!;
    assert.deepEqual([tokenStatus, tokenStatusType], ["inactive", "str"]);
    assert.deepEqual(
      Object.keys(rest).filter((name) => name.startsWith("status")),
      [],
    );
  });
});
