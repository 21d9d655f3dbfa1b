import { factsOf } from "../../src/error-codes.js";
import { asTokenError, kindOf, rethrowAsNotStarted, TokenError } from "../../src/errors.js";
import { age } from "../../src/work/filters.js";
import type { Changed, Look, Resource, Shown } from "../../src/tokens/resource.js";
import { markIn } from "../../src/tokens/marks.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import {
  factsOfOutcome,
  isFailure,
  OUTCOMES,
  triedMoreThanOnce,
  type Outcome,
  type OutcomeName,
  type OutcomeRecord,
} from "../../src/work/outcomes.js";
import type { Audit } from "../../src/work/audit.js";
import { grouped } from "../../src/text/counts.js";
import { inWords, outcomesIn, summaryOf, type Summary } from "../../src/work/summary.js";
import { sweep } from "../../src/work/sweep.js";
import {
  knownFields,
  listedFields,
  type Target,
  type Targets,
  type TokenKind,
} from "../../src/work/targets.js";
import { choice, flag, limitField, targetsField, typed, type Field } from "../fields/fields.js";
import { refuseElsewhere } from "./connections.js";
import { filterField } from "./list.js";
import type { Ending, Task } from "./node.js";

/** Fields of every node that changes something. */
export function changingFields(kind: TokenKind) {
  return {
    targets: targetsField(kind),
    dryRun: flag(),
    onlyIfAsListed: flag(),
    limit: limitField(100),
    ifSomeFail: { ...choice(["both", "error", "report"], "both"), section: "report" },
  };
}

/** Fields of every node whose work cannot be undone. */
export function irreversibleFields(kind: TokenKind) {
  const { targets, dryRun, ifSomeFail, ...safety } = changingFields(kind);
  return {
    targets,
    dryRun,
    confirmed: flag({ notConfirmed: { confirmed: false, dryRun: false } }),
    ...safety,
    notFound: { ...choice(["error", "done"], "error"), section: "report" },
    report: { ...choice(["together", "each"], "together"), section: "report" },
    ifSomeFail,
  };
}

/** A new description; an empty one is a mistake unless it is chosen. */
export function descriptionField(): Field<string | undefined> {
  return typed<string | undefined>({
    preset: { type: "keep", value: "" },
    constants: { keep: undefined, clear: "" },
    read(value, name) {
      if (typeof value === "string" && value.trim() !== "") {
        refuseMark(value);
        return value;
      }
      throw wrongValue(name, value, 'a text that is not empty (to clear it, choose "clear it" in the node)');
    },
  });
}

/**
 * A description can come from strangers, who must not pass their token off as one that stands in for another.
 *
 * @throws {TokenError} `invalid-config` if it ends with a mark of this package.
 */
export function refuseMark(description: string): void {
  if (markIn(description.trim()) === undefined) return;
  throw new TokenError(
    "invalid-config",
    'the description ends with a mark such as "[replaced by …]", which only this package writes. Take it off. Nothing was sent.',
    { words: "wrong value" },
  );
}

/** The error of a node that updates nothing. */
export function nothingToChange(what: string): TokenError {
  return new TokenError(
    "invalid-config",
    `neither ${what} is set. Open the node and set at least one of them.`,
    { words: "nothing to change" },
  );
}

/** The error of a value that a flow has given. */
export function wrongValue(name: string, value: unknown, expected: string): TokenError {
  return new TokenError(
    "invalid-config",
    `"${name}" comes out as ${kindOf(value)}, expected ${expected}. Nothing was sent.`,
    { words: "wrong value" },
  );
}

/** "Only if inactive", of a node that deletes. */
export const inactiveForField = filterField(age, "inactiveFor");

type Irreversible = ReturnType<typeof irreversibleFields>;
type Changing = ReturnType<typeof changingFields>;

/** The outcomes of success that a node can have. */
type DoneName = {
  [Name in OutcomeName]: (typeof OUTCOMES)[Name] extends { verb: string } ? Name : never;
}[OutcomeName];

/** What a node does to each target. */
export interface Change {
  /** The outcome of success, unless `act` gives another. */
  outcome: DoneName;
  /** Whether it ends the token's access, which the connection's own token must not lose. */
  endsAccess: boolean;
  /** Refuses a token before anything is sent for it. */
  refuse?: ((id: string) => void) | undefined;
  /** @param look what was seen of the token, if it was looked up. */
  act(
    id: string,
    look: Look<Shown> | undefined,
  ): Promise<Changed<Shown> & Partial<Pick<Outcome, "outcome" | "successor">>>;
  /** A condition on what is looked up: the reason to leave the token alone, if there is one; or it throws its error. */
  spare?: ((look: Look<Shown>) => string | undefined) | undefined;
  /** The new values, which a dry run compares with the present ones. */
  changes?: Readonly<Record<string, unknown>>;
  /** Those that are not the same for all tokens; they are not in the audit trail. */
  changesOf?: ((id: string) => Promise<Readonly<Record<string, unknown>>>) | undefined;
}

interface Ways {
  /** Whether a token that does not exist counts as done. */
  notFoundIsDone?: boolean;
  /** One message for each target of an array, as soon as it is known. */
  inParts?: boolean;
  /** The output that gets the report. */
  output?: number;
  /** What is reported, if not all is: nothing if no record is of this outcome or worse. */
  leavesOut?: OutcomeName;
}

/** Does one thing to each target of the message, and sends the records of it. */
export async function change(
  task: Task<Changing>,
  { outcome: success, ...steps }: Change,
  { notFoundIsDone = false, inParts = false, output = 0, leavesOut }: Ways = {},
): Promise<Ending> {
  const { connection, resource, tokens, places, signal } = task;
  const kind = RESOURCES[resource];
  const { targets, onlyIfAsListed, limit, ifSomeFail } = task.values;
  const { list, many } = targets;
  const dryRun = isDryRun(task);
  if (onlyIfAsListed) for (const target of list) refuseNotListed(target, kind);
  refuseElsewhere(list, connection.shown);
  const ids = list.map(({ id }) => id);
  // The same ID is another token on another server.
  const counted = task.named ? ids.map((id) => `${connection.id} ${id}`) : ids;
  const giveBack = await limit.take(counted, task.origins, !dryRun);
  const refuseOwn = steps.endsAccess ? connection.ownToken(resource)?.begin(ids, signal) : undefined;

  /** Why nothing may be sent for a token, if it is protected. */
  function whyRefused(id: string): string | undefined {
    steps.refuse?.(id);
    return connection.whyProtected(id);
  }

  /** What is seen of the token, and the outcome if it is left alone. */
  async function examine(target: Target): Promise<{ look?: Look<Shown>; verdict?: Outcome }> {
    const needsLook = dryRun || onlyIfAsListed || steps.spare !== undefined;
    const look = needsLook ? await tokens.get(target.id).catch(rethrowAsNotStarted) : undefined;
    await refuseOwn?.(target.id, look).catch(rethrowAsNotStarted);
    if (look === undefined) return {};
    if (onlyIfAsListed && !isSame(listedFields(look.token ?? {}, kind.listed), target.listed)) {
      return { verdict: { outcome: "changed", now: nowOf(look, kind) } };
    }
    const reason = steps.spare?.(look);
    if (reason !== undefined) return { verdict: { outcome: "skipped", reason } };
    if (!dryRun) return { look };
    const token = knownFields(look.token ?? {}, kind.known);
    const changes = { ...steps.changes, ...(await steps.changesOf?.(target.id)) };
    return { verdict: { outcome: "dry-run", would: success, token, ...changesIn(look, changes) } };
  }

  async function one(target: Target, announce: () => Promise<void> | undefined): Promise<Outcome> {
    try {
      const reason = whyRefused(target.id);
      if (reason !== undefined) throw new TokenError("protected", reason);
      const { look, verdict } = await examine(target);
      if (verdict) return verdict;
      await announce();
      const { attempts, ...told } = await steps.act(target.id, look);
      return { outcome: success, ...told, ...triedMoreThanOnce(attempts) };
    } catch (error) {
      if (!(error instanceof TokenError && error.code === "not-found" && notFoundIsDone)) throw error;
      return { outcome: "not-found", ...triedMoreThanOnce(error.attempts) };
    }
  }

  /** A dry run tells what would happen, even if that is an error of this token alone. */
  async function oneInDryRun(target: Target): Promise<Outcome> {
    try {
      const reason = whyRefused(target.id);
      // No error, which costs more than all else: a rehearsal meets many that are protected.
      if (reason !== undefined) return { outcome: "dry-run", would: "protected", reason };
      const verdict = (await examine(target)).verdict as Outcome;
      if (verdict.outcome === "dry-run") return verdict;
      const { outcome, ...rest } = verdict;
      return { outcome: "dry-run", would: outcome, ...rest };
    } catch (error) {
      if (!(error instanceof TokenError && factsOf(error.code).isOfToken)) throw error;
      const reason = error.code === "protected" ? { reason: error.reason } : {};
      return { outcome: "dry-run", would: error.code, ...reason };
    }
  }

  const audit = dryRun ? undefined : task.audit(list, steps.changes);
  const said: Promise<void>[] = [];
  const summarize = (some: readonly OutcomeRecord[]) =>
    summaryOf(some, { wanted: success, noun: kind.noun, dryRun });
  const parts = inParts && list.length > 0;
  // One target that failed is an error and nothing else, unless the flow wants no error.
  const tellsFailures = ifSomeFail === "report" || (ifSomeFail === "both" && many);
  const { records, error } = await sweep(
    list,
    (target, index) =>
      places.inTurn(target.id, () =>
        dryRun ? oneInDryRun(target) : one(target, () => audit?.before(index)),
      ),
    {
      task: { verb: OUTCOMES[success].verb, noun: kind.noun },
      parallel: () => connection.parallel,
      signal,
      onRecord(record, index, done) {
        if (audit) said.push(tellAudit(audit, record, index, task));
        task.record(record, index);
        task.progress(done, list.length);
        if (parts && (tellsFailures || !isFailure(record))) {
          const part = { index, count: list.length };
          task.send(record, summarize([record]), { part, statusCode: statusOf(record) });
        }
      },
    },
  );
  if (said.length > 0) await Promise.all(said);
  const untouched = records.filter(isUntouched).length;
  // If that fails they stay counted, and the report goes on.
  if (untouched > 0) await giveBack(untouched).catch(() => undefined);
  // The error of a single target says it all.
  if (signal.aborted && list.length > 1) {
    task.warn(
      `Stopped half way: ${inWords(outcomesIn(records)).join(", ")}. The audit trail names what was begun.`,
    );
  }
  const report = many ? records : records[0];
  const summary = summarize(records);
  const isAllTold = leavesOut !== undefined && records.every(({ outcome }) => outcome === leavesOut);
  if (!parts && !isAllTold && (error === undefined || tellsFailures)) {
    task.send(report, summary, { output, ...(error && { statusCode: factsOf(error.code).httpStatus }) });
  }
  return {
    counts: outcomesIn(records),
    ...(dryRun && { text: rehearsed(records.length, success, summary) }),
    summary,
    ...(error && ifSomeFail !== "report" && { error, ...(many && { payload: report }) }),
  };
}

/** In the audit trail; by then all is done, so a failure is a warning. */
export async function tellAudit(
  audit: Audit,
  record: OutcomeRecord,
  index: number,
  { warn }: Pick<Task<Changing>, "warn">,
): Promise<void> {
  try {
    await audit.after(index, record);
  } catch (error) {
    warn(`${record.id}: ${record.outcome}. ${asTokenError(error).message}`);
  }
}

/** What a dry run shows in the status: how many tokens, and what would keep some of them from it. */
function rehearsed(total: number, success: OutcomeName, { counts = {} }: Summary): string {
  const refused = inWords(counts, success).join(", ");
  return `${grouped(total)} in dry run${refused && `: ${refused}`}`;
}

/** Removes each token of the message: {@link change} for what cannot be undone, so only if confirmed. */
export function remove(task: Task<Irreversible>, { spare }: Pick<Change, "spare"> = {}): Promise<Ending> {
  refuseUnconfirmed(task);
  const { notFound, report } = task.values;
  const { removed, refuseEnd }: Resource = RESOURCES[task.resource];
  return change(
    task,
    {
      outcome: removed,
      endsAccess: true,
      refuse: refuseEnd,
      act: (id) => task.tokens.remove(id),
      spare,
    },
    { notFoundIsDone: notFound === "done", inParts: report === "each" },
  );
}

/** @throws {TokenError} `not-confirmed` unless the box for what cannot be undone is ticked, or nothing is to be done. */
export function refuseUnconfirmed(task: RehearsedTask & { values: { confirmed: boolean } }): void {
  if (task.values.confirmed || isDryRun(task)) return;
  throw new TokenError(
    "not-confirmed",
    'the box "I understand …" is not ticked. Open the node and tick it, or ask for a dry run.',
  );
}

/** Node, targets and message can each ask for a dry run; none can call off another's. */
export function isDryRun({ values, dryRun }: RehearsedTask): boolean {
  return values.dryRun || values.targets?.dryRun === true || dryRun;
}

interface RehearsedTask {
  values: { dryRun: boolean; targets?: Targets };
  dryRun: boolean;
}

/** @throws {TokenError} `not-listed`. */
function refuseNotListed({ id, listed }: Target, { noun, listed: [first] }: TokenKind): void {
  if (listed[first] !== undefined) return;
  throw new TokenError(
    "not-listed",
    `the message does not say how ${noun} ${id} was listed (it has no "${first}"), and the node acts upon tokens only ` +
      'if they are still as listed. Send what a list node sends, or take the tick from "Only if still as listed". ' +
      "Nothing was done.",
  );
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);
}

/** The present values of the fields that show whether a token has changed. */
function nowOf({ token }: Look<Shown>, { listed }: TokenKind): Record<string, unknown> {
  const fields = listed.map((name) => [name, token?.[name]] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function changesIn(
  { token }: Look<Shown>,
  changes: NonNullable<Change["changes"]>,
): Pick<Outcome, "changes"> {
  if (Object.keys(changes).length === 0) return {};
  const each = Object.entries(changes).map(([name, to]) => [name, { from: token?.[name], to }]);
  return { changes: Object.fromEntries(each) as NonNullable<Outcome["changes"]> };
}

/** The status that an HTTP flow answers with for a single target. */
function statusOf(record: OutcomeRecord): number {
  if (!isFailure(record)) return 200;
  return factsOf(record.error?.code ?? "cancelled").httpStatus;
}

/** Whether nothing was done to the token, so that it uses up no limit. */
function isUntouched({ outcome, error, alreadyRevoked }: OutcomeRecord): boolean {
  const facts = error ? factsOf(error.code) : factsOfOutcome(outcome);
  return alreadyRevoked === true || facts.isUntouched === true;
}
