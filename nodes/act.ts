import { TokenError } from "../src/errors.js";
import type { Done } from "../src/http.js";
import { sweep, triedMoreThanOnce, type Outcome, type OutcomeRecord } from "../src/sweep.js";
import type { IdFormat, Target } from "../src/targets.js";
import { choice, flag, limitField, targetsField } from "./fields.js";
import { grouped, type Summary, type Task } from "./runtime.js";

/** Fields of every node whose work cannot be undone. */
export function irreversibleFields(format: IdFormat) {
  return {
    targets: targetsField(format),
    confirmed: flag({ notConfirmed: '!get("confirmed") && !get("dryRun")' }),
    dryRun: flag(),
    limit: limitField(100),
    notFound: choice(["error", "done"], "error"),
    report: choice(["together", "each"], "together"),
  };
}

type Irreversible = ReturnType<typeof irreversibleFields>;
type Changing = Pick<Irreversible, "targets" | "dryRun">;

/** Does one thing to each target of the message, and sends the records of it. */
export async function change(
  task: Task<Changing>,
  act: (target: Target) => Promise<Outcome>,
  { inParts = false } = {},
): Promise<Summary> {
  const { connection } = task;
  const { signal } = task.watch;
  const { list, many } = task.values.targets;
  const dryRun = isDryRun(task);
  const parts = inParts && many && list.length > 0;

  const { records, error } = await sweep(
    list,
    async (target) => {
      connection.refuseProtected(target.id);
      return dryRun ? { outcome: "dry-run" } : await act(target);
    },
    {
      parallel: connection.parallel,
      signal,
      onRecord(record, index, done) {
        task.progress(done, list.length);
        if (parts) task.send(record, { part: { index, count: list.length } });
      },
    },
  );
  if (signal.aborted) task.warn(`Stopped half way. ${summary(records)}`);
  // One target that failed is an error and nothing else; of many, the whole report goes on as well.
  if (error && !many) throw error;
  if (!parts) task.send(many ? records : records[0]);
  if (error) throw error;
  return { text: `${grouped(records.length)} ${dryRun ? "in dry run" : doneWord(records)}`, dryRun };
}

/** {@link change}, for work that cannot be undone: only if confirmed, only up to the limit. */
export async function changeForGood(
  task: Task<Irreversible>,
  outcome: "deleted" | "revoked",
  act: (target: Target) => Promise<Done & { told?: Record<string, unknown> }>,
): Promise<Summary> {
  const { targets, confirmed, limit, notFound, report } = task.values;
  const dryRun = isDryRun(task);
  if (!confirmed && !dryRun) {
    throw new TokenError(
      "not-confirmed",
      'the box "I understand that this takes effect at once and cannot be undone" is not ticked. ' +
        "Open the node and tick it, or ask for a dry run.",
    );
  }
  limit.admit(targets.list.length, !dryRun);
  return change(
    task,
    async (target) => {
      try {
        const { attempts, told } = await act(target);
        return { outcome, ...told, ...triedMoreThanOnce(attempts) };
      } catch (error) {
        if (!(error instanceof TokenError && error.code === "not-found" && notFound === "done")) throw error;
        return { outcome: "not-found", ...triedMoreThanOnce(error.attempts) };
      }
    },
    { inParts: report === "each" },
  );
}

/** Either can ask for a dry run, neither can call off the other's. */
function isDryRun(task: Task<Changing>): boolean {
  return task.values.dryRun || task.dryRun;
}

/** For the log, which outlives a deploy that takes the nodes behind this one with it: each outcome and its ids. */
function summary(records: OutcomeRecord[]): string {
  const outcomes = [...new Set(records.map(({ outcome }) => outcome))];
  const idsOf = (wanted: string) => records.filter(({ outcome }) => outcome === wanted).map(({ id }) => id);
  return outcomes.map((outcome) => `${outcome}: ${idsOf(outcome).join(" ")}.`).join(" ");
}

function doneWord(records: OutcomeRecord[]): string {
  const words = new Set(records.map(({ outcome }) => outcome));
  return words.size === 1 ? [...words].join() : "done";
}
