import assert from "node:assert/strict";
import { assertAccessible } from "./axe.js";
import { useLab, waitFor } from "./editor.js";

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`the notes beneath a choice in ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const note = (name: string) => lab.page.locator(`#influxdb-note-${name}`);

    async function open(name: string): Promise<string> {
      await lab.editor.addFlow();
      const id = await lab.editor.drag(`influxdb-${name}`, 100, 100);
      await lab.editor.openDialog(id);
      return id;
    }

    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.editor.dark(false);
      await lab.page.setViewportSize({ width: 1500, height: 950 });
    });

    it("say how the successor of a token of InfluxDB 3 is named, and nothing of the others", async () => {
      const { editor, page } = lab;
      const id = await open("rotate-token");
      await waitFor(() => note("kind").textContent(), "");
      assert.ok(!(await note("kind").isVisible()));
      await editor.input("kind").selectOption("influxdb3-tokens");
      await note("kind").getByText("NAME [successor of NUMBER since TIME").waitFor();
      assert.equal(await editor.input("kind").getAttribute("aria-describedby"), "influxdb-note-kind");
      await assertAccessible(page, "#dialog-form");
      await page.setViewportSize({ width: 900, height: 600 });
      await editor.screenshot(`notes rotate ${version}`);
      await editor.done();
      // Also when it opens.
      await editor.openDialog(id);
      await note("kind").getByText("NAME [successor of").waitFor();
      await editor.input("kind").selectOption("management-tokens");
      await waitFor(() => note("kind").textContent(), "");
    });

    it("say which products have resource tokens, and how their permissions are written", async () => {
      const { editor, page } = lab;
      const id = await open("create-influxdb3-token");
      assert.equal(await editor.input("permissionsFrom").inputValue(), "admin");
      await editor.screenshot(`notes create admin ${version}`);
      const box = page.getByLabel(/^I understand that an admin token may do everything/);
      for (const [way, text] of [
        ["table", "only InfluxDB 3 Enterprise and Cloud have those"],
        ["json", '["db:sensors:read,write", "system:health,metrics,ping:read"]'],
      ] as const) {
        await editor.input("permissionsFrom").selectOption(way);
        await note("permissionsFrom").getByText(text).waitFor();
        assert.ok(!(await box.isVisible()), "what cannot be everything needs no box");
        await page.setViewportSize({ width: 900, height: 600 });
        await editor.screenshot(`notes create ${way} ${version}`);
      }
      await editor.input("permissionsFrom").selectOption("like");
      await box.waitFor();
      await waitFor(() => note("permissionsFrom").textContent(), "");
      await editor.done();
      await editor.wrong(id);
    });

    it("leave the dialog of the operator token plain", async () => {
      const { editor, page } = lab;
      await open("regenerate-operator-token");
      await page.getByLabel(/everybody and everything that uses the operator token is locked out/).waitFor();
      await assertAccessible(page, "#dialog-form");
      await editor.screenshot(`notes regenerate ${version}`);
      await editor.dark(true);
      await editor.screenshot(`notes regenerate dark ${version}`);
    });
  });
}
