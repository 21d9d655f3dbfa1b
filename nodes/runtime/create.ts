import { systemClock } from "../../src/clock.js";
import { factsOf } from "../../src/error-codes.js";
import { isObjectText, TOKEN_NAME } from "../../src/ids.js";
import { asTokenError, TokenError } from "../../src/errors.js";
import { then } from "../../src/promise-or-value.js";
import { endOfCleanUp, makeMarked, type Makeable } from "../../src/tokens/creation.js";
import { marked, markIn, newAttempt, withoutMark } from "../../src/tokens/marks.js";
import type { Changed, Listed, Look, Made, Resource, Shown, Wanted } from "../../src/tokens/resource.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import type { Audit } from "../../src/work/audit.js";
import { triedMoreThanOnce, type OutcomeRecord } from "../../src/work/outcomes.js";
import { NO_LIMIT } from "../../src/work/rate-limit.js";
import { summaryOf } from "../../src/work/summary.js";
import { knownFields, readTargets, type TokenKind, type Targets } from "../../src/work/targets.js";
import { deferred } from "../fields/deferred.js";
import { flag, limitField, typed, type Field, type Values } from "../fields/fields.js";
import { placeField } from "../fields/place.js";
import { stepField } from "../fields/step.js";
import { change, isDryRun, refuseMark, tellAudit, wrongValue } from "./change.js";
import type { Ending, Task } from "./node.js";

/*
 * A new token is made under a description that ends with a mark, so that it is found if the answer is lost. Where the
 * product can, it is made unable to do anything, keeps its mark, and waits:
 *
 *   begin       made: off, "creating"   →  the value is handed over
 *   stored      on, without the mark
 *   not-stored  removed
 *
 * Whatever fails between the making and the hand-over, the token is removed again.
 */

/** Fields of every node that makes tokens, in the order of its dialog. */
export const newTokenFields = {
  description: deferred(typed({ preset: { type: "str", value: "" }, read: readDescription })),
};

/** The same of a node whose tokens have a name in place of a description. */
export const newNameFields = {
  tokenName: deferred(typed({ preset: { type: "str", value: "" }, form: TOKEN_NAME, read: readName })),
};

/** The same, after those that say what the token is to be. */
export const valueFields = {
  place: placeField(),
  dryRun: flag(),
  // A loop in a flow makes one token a message, so only the time tells.
  limit: limitField(10, "hour"),
  // A word that another node is meant to hear must not make a token.
  step: { ...stepField(["stored", "not-stored"]), section: "word" },
};

/** {@link valueFields} of tokens that wait until they are stored. */
export function waitingFields(kind: TokenKind) {
  return { ...valueFields, made: { ...madeField(kind), section: "word" } };
}

/**
 * The tokens that a word is about. The message of the first step names none; why not is said when somebody asks, because
 * an error takes as much memory as all else of a message that waits.
 */
function madeField(kind: TokenKind): Field<() => Targets> {
  const named = deferred(
    typed<Targets | undefined>({
      preset: { type: "msg", value: "handedOver" },
      form: kind.reference,
      lookup: "id",
      read: (value) => (value === undefined ? undefined : readTargets(value, kind)),
    }),
  );
  return {
    ...named,
    parse(name, properties, counts) {
      const read = named.parse(name, properties, counts);
      return (evaluate) => then(read(evaluate), (made) => () => made() ?? readTargets(undefined, kind));
    },
  };
}

/** Whether a token works at once, or when the flow says that its value is stored, or is left unable to do anything. */
type Readiness = "active" | "stored" | "inactive";

type Creating = typeof valueFields;

/** What a kind of tokens adds. */
export interface Creation<W extends Wanted> {
  /** What is to be made, with the description that it has in the end. @throws {TokenError} if it cannot be told. */
  wanted(): Promise<W>;
  readiness: Readiness;
  /** How tokens wait. Missing if none does. */
  waiting?: {
    /** Those that the message is about. */
    made(): Targets;
    /** What one is to be. @throws {TokenError} `not-waiting` if that is not known any more. */
    wantedOf(token: Shown, description: string): W | Promise<W>;
    /** Keeps what the server does not show of it meanwhile. */
    keep?(id: string, wanted: W): Promise<void>;
    forget?(id: string): Promise<void>;
  };
}

/** The tokens that a message is about: those that were handed over. */
export function idsOfMade({
  step,
  made,
}: Pick<Values<ReturnType<typeof waitingFields>>, "step" | "made">): string[] {
  return step.word === "begin" ? [] : made().list.map(({ id }) => id);
}

/** Makes a token, or goes on with one that was handed over, as the message says. */
export function create<W extends Wanted>(task: Task<Creating>, creation: Creation<W>): Promise<Ending> {
  const { word } = task.values.step;
  return word === "begin" ? begin(task, creation) : goOn(task, word, creation);
}

async function begin<W extends Wanted>(task: Task<Creating>, creation: Creation<W>): Promise<Ending> {
  const { limit } = task.values;
  const kind: Resource = RESOURCES[task.resource];
  const { readiness, waiting } = creation;
  const wanted = await creation.wanted();
  const attempt = newAttempt();
  const isRehearsal = isDryRun(task);
  const giveBack = await limit.take(1, task.origins, !isRehearsal);
  const sumUp = (record: OutcomeRecord) =>
    summaryOf([record], { wanted: "created", noun: kind.noun, dryRun: isRehearsal });

  if (isRehearsal) {
    const record: OutcomeRecord = { ...RECORD_OF_NONE, at: now(), token: { ...(wanted as object) } };
    const summary = sumUp(record);
    task.record(record, 0);
    task.send(record, summary, { output: 1 });
    return { counts: { "dry-run": 1 }, text: "1 in dry run", summary };
  }

  const tokens = task.tokens as unknown as Makeable<Listed, W>;
  const { label } = tokens;
  // One that cannot be described anew keeps its mark for good.
  const mark = { kind: tokens.switchOn ? "creating" : "made", attempt } as const;
  const inTheMaking: W = tokens.leftBy ? wanted : { ...wanted, [label]: marked(wanted[label], mark) };
  const told = { [label]: inTheMaking[label] ?? "" };
  const target = { id: "", known: told, listed: {} };
  const audit = task.audit([target], { ...(wanted as object) });

  /** Makes it ready, and gives its value out. */
  async function finish({ token, value, attempts }: Made<Listed>): Promise<OutcomeRecord> {
    const { id } = token;
    let changed: Changed<Listed> | undefined;
    if (readiness === "active") changed = await tokens.switchOn?.(id, wanted);
    else if (readiness === "inactive") changed = await tokens.switchOff?.(id, wanted[label] ?? "");
    else await waiting?.keep?.(id, wanted);
    if (task.signal.aborted) throw stopped();
    const shown = { ...token, ...changed?.token };
    const record: OutcomeRecord = {
      id,
      outcome: "created",
      at: now(),
      ...triedMoreThanOnce(attempts),
      token: {
        ...knownFields(shown, kind.known),
        ...(shown.permissions !== undefined && { permissions: shown.permissions }),
      },
    };
    await task.handOver(task.values.place, value, {
      payload: record,
      handedOver: { id, successor: undefined },
    });
    return record;
  }

  /** Takes back what failed on the way, whatever the message's own work came to. */
  async function takeBack({ token: { id } }: Made<Listed>, failure: TokenError): Promise<TokenError> {
    const anew = tokens.reopen({ signal: endOfCleanUp() });
    const why = await anew.remove(id).then(() => undefined, asTokenError);
    await waiting?.forget?.(id);
    const what =
      why === undefined || why.code === "not-found"
        ? `The new ${kind.noun} was removed again.`
        : `The new ${kind.noun} ${id} could not be removed again, so delete it: ${why.reason}`;
    // Something was sent, whatever was under way when the flow stopped.
    return failure.retold(`${failure.reason} ${what}`, { attempts: Math.max(1, failure.attempts ?? 1) });
  }

  let made: Made<Listed> | undefined;
  let record: OutcomeRecord;
  try {
    await audit.before(0);
    made = await makeMarked(tokens, inTheMaking);
    record = await finish(made);
  } catch (thrown) {
    const failure = asTokenError(thrown);
    const error = made === undefined ? failure : await takeBack(made, failure);
    await tell(task, audit, failedRecord(made?.token.id ?? "", told, error));
    if (made === undefined && isUntouched(error)) await giveBack(1).catch(() => undefined);
    throw error;
  }
  await tell(task, audit, record);
  return { counts: { created: 1 }, summary: sumUp(record) };
}

/** Nothing has an ID yet. */
const RECORD_OF_NONE = { id: "", outcome: "dry-run", would: "created" } as const;

/** In the audit trail, and for who asks later. */
function tell(task: Task<Creating>, audit: Audit, record: OutcomeRecord): Promise<void> {
  task.record(record, 0);
  return tellAudit(audit, record, 0, task);
}

function failedRecord(id: string, token: OutcomeRecord["token"], error: TokenError): OutcomeRecord {
  const { code, message, attempts } = error;
  const outcome = code !== "cancelled" ? "failed" : isNotBegun(error) ? "not-started" : "unknown";
  return {
    id,
    outcome,
    at: now(),
    ...triedMoreThanOnce(attempts),
    ...(outcome === "failed" && { error: { code, message } }),
    token,
  };
}

/** Whether there is certainly no new token; after more than one try, an earlier one may have left one. */
function isUntouched(error: TokenError): boolean {
  return isNotBegun(error) || (factsOf(error.code).isUntouched === true && (error.attempts ?? 1) <= 1);
}

/** Whether the work was stopped before anything was sent. */
function isNotBegun({ code, attempts }: TokenError): boolean {
  return code === "cancelled" && attempts === 0;
}

function stopped(): TokenError {
  return new TokenError(
    "cancelled",
    "the flow was stopped or deployed anew, so nobody would have got the value.",
    { attempts: 1 },
  );
}

function now(): string {
  return new Date(systemClock.now()).toISOString();
}

/** Switches on what was stored, or takes back what was not. */
function goOn<W extends Wanted>(
  task: Task<Creating>,
  word: "stored" | "not-stored",
  { waiting }: Creation<W>,
): Promise<Ending> {
  const { values } = task;
  const kind: Resource = RESOURCES[task.resource];
  const tokens = task.tokens as unknown as Makeable<Listed, W>;
  if (waiting === undefined) {
    throw new TokenError(
      "not-waiting",
      `a new ${kind.noun} works at once, so none waits for that word. To take one back, delete or revoke it by its ID.`,
    );
  }
  const told: Parameters<typeof change>[0] = {
    ...task,
    values: {
      ...values,
      targets: waiting.made(),
      onlyIfAsListed: false,
      limit: NO_LIMIT,
      ifSomeFail: "both",
    },
    send: (...sent) => {
      // Not before: the message of an error that is sent again must not begin anew.
      if (values.step.from !== undefined) task.drop(values.step.from);
      task.send(...sent);
    },
  };
  const isStored = word === "stored";

  return change(
    told,
    {
      outcome: isStored ? "activated" : "withdrawn",
      // What waits is not the one that the connection lives on.
      endsAccess: false,
      spare(look) {
        refuseNotWaiting(look, kind);
        return undefined;
      },
      async act(id, look) {
        const token = look?.token ?? {};
        const wanted = isStored ? await waiting.wantedOf(token, withoutMark(token.description)) : undefined;
        const done = wanted ? await tokens.switchOn?.(id, wanted) : await tokens.remove(id);
        await waiting.forget?.(id);
        return done ?? { attempts: 0 };
      },
      changes: { step: word },
    },
    { output: 1 },
  );
}

/**
 * Only what this package has made, and nobody uses yet, can be switched on or removed by a word.
 *
 * @throws {TokenError} `not-waiting`.
 */
function refuseNotWaiting({ token }: Look<Shown>, { noun, isOn }: Resource): void {
  if (token !== undefined && markIn(token.description)?.kind === "creating" && isOn?.(token) === false)
    return;
  throw new TokenError(
    "not-waiting",
    `this ${noun} does not wait to be told that it is stored: it works already, or no node of this package has made it (its description does not end with "[creating …]"). It was left alone.`,
  );
}

function readDescription(value: unknown, name: string): string {
  const description = readText(value, name);
  refuseMark(description);
  return description;
}

/** Exactly as it is: space counts. @throws {TokenError} `invalid-config`, which does not quote it: it can be a value. */
function readName(value: unknown, name: string): string {
  refuseMark(readText(value, name));
  const text = value as string;
  if (!TOKEN_NAME.pattern.test(text) || isObjectText(text)) throw wrongValue(name, text, TOKEN_NAME.expected);
  return text;
}

/** A text that is not empty. @throws {TokenError} `invalid-config`. */
export function readText(value: unknown, name: string): string {
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw wrongValue(name, value, "a text that is not empty");
}
