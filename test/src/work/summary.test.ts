import assert from "node:assert/strict";
import type { OutcomeName, OutcomeRecord } from "../../../src/work/outcomes.js";
import { summaryOf } from "../../../src/work/summary.js";

type Known = Partial<Record<OutcomeName, number>>;

/** A report with so many of each outcome. */
const report = (counts: Known, more: Partial<OutcomeRecord> = {}): OutcomeRecord[] =>
  Object.entries(counts).flatMap(([outcome, count]) =>
    Array.from({ length: count }, () => ({
      ...{ id: "0aaaaaaaaaaaaaaa", outcome: outcome as OutcomeName, at: "2026-01-31T02:00:00.000Z" },
      ...{ token: {}, ...more },
    })),
  );
const deletion = { wanted: "deleted", noun: "authorization", dryRun: false } as const;

describe("summaryOf", () => {
  for (const [counts, text] of [
    [{ deleted: 40 }, "40 authorizations deleted."],
    [{ deleted: 1 }, "1 authorization deleted."],
    [{ failed: 2, deleted: 38 }, "38 of 40 authorizations deleted, 2 failed."],
    [{ failed: 1 }, "0 of 1 authorization deleted, 1 failed."],
    [
      { deleted: 1500, "not-found": 1, changed: 2, "not-started": 3 },
      "1,500 of 1,506 authorizations deleted, 1 not found, 2 changed meanwhile, 3 not started.",
    ],
    [{}, "No authorizations, nothing was done."],
  ] as [Known, string][]) {
    it(`says "${text}"`, () => {
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      assert.deepEqual(summaryOf(report(counts), deletion), {
        text,
        total,
        counts: { deleted: 0, ...counts },
      });
    });
  }

  it("says what would be, in a dry run", () => {
    const records = [
      ...report({ "dry-run": 38 }, { would: "deleted" }),
      ...report({ "dry-run": 2 }, { would: "protected" }),
      ...report({ failed: 1 }),
    ];
    assert.deepEqual(summaryOf(records, { ...deletion, dryRun: true }), {
      text: "Dry run: 38 of 41 authorizations would be deleted, 2 protected, 1 failed.",
      total: 41,
      counts: { deleted: 38, protected: 2, failed: 1 },
      dryRun: true,
    });
    assert.equal(
      summaryOf([], { ...deletion, dryRun: true }).text,
      "Dry run: No authorizations, nothing would be done.",
    );
  });
});
