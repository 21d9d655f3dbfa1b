import assert from "node:assert/strict";
import { asksForDryRun } from "../../../src/work/dry-run.js";

describe("asksForDryRun", () => {
  for (const name of [
    "dryRun",
    "dryrun",
    "dry_run",
    "dry-run",
    "DRY RUN",
    "dry",
    "isDryRun",
    "dryRuns",
    "dryRun?",
  ]) {
    it(`hears ${name}`, () => {
      for (const value of [true, 1, "yes", "false", {}]) assert.equal(asksForDryRun({ [name]: value }), true);
      for (const value of [false, undefined]) assert.equal(asksForDryRun({ [name]: value }), false);
      for (const value of ["", " ", 0, null, NaN]) {
        assert.throws(() => asksForDryRun({ [name]: value }), { code: "invalid-config" });
      }
    });
  }

  it("hears what is inherited, and not what is named otherwise", () => {
    assert.equal(asksForDryRun(Object.create({ dryRun: true })), true);
    assert.equal(asksForDryRun({ dryRunReport: [], laundry: true, dryer: 1, payload: "dryRun" }), false);
  });

  it("takes a wish that cannot be read for neither", () => {
    const throwing = Object.defineProperty({}, "dryRun", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    assert.throws(() => asksForDryRun(throwing), { code: "invalid-config" });
  });

  it("finds none in what is no object of names, nor in one that cannot be looked at", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const value of [undefined, null, "dryRun", 1, [], proxy]) assert.equal(asksForDryRun(value), false);
  });

  it("is not held up by names of any length, nor by bytes", () => {
    assert.equal(asksForDryRun({ [`dry${"_".repeat(1_000_000)}x`]: 1 }), false);
    assert.equal(asksForDryRun(new Uint8Array(50_000_000)), false);
  });
});
