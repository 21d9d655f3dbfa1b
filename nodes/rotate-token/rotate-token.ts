import { systemClock } from "../../src/clock.js";
import { asTokenError, rethrowAsNotStarted, TokenError } from "../../src/errors.js";
import type { Watch } from "../../src/http/call.js";
import { productOf, RESOURCE_NAMES, type ResourceName } from "../../src/products.js";
import { createRotation, type Rotation } from "../../src/rotation/rotation.js";
import type { Secret } from "../../src/text/secret.js";
import { endOfCleanUp } from "../../src/tokens/creation.js";
import type { Resource, Shown } from "../../src/tokens/resource.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import { isFailure, OUTCOMES, type OutcomeRecord } from "../../src/work/outcomes.js";
import { NO_LIMIT } from "../../src/work/rate-limit.js";
import { sweep } from "../../src/work/sweep.js";
import { knownFields, readTargets, type Targets } from "../../src/work/targets.js";
import { expiryField, expiryOf } from "../fields/expiry.js";
import { choice, flag, limitField, secondsField, typed, type Field, type Values } from "../fields/fields.js";
import { placeField } from "../fields/place.js";
import { resourceIn } from "../fields/judge.js";
import { stepField } from "../fields/step.js";
import type { Connection } from "../influxdb-connection/connection.js";
import { change, isDryRun, tellAudit, type Change } from "../runtime/change.js";
import { node, type Standing, type Task } from "../runtime/node.js";
import { createWaiting, notStoredInTime, type Waiting } from "./waiting.js";

const PRESET_KIND: ResourceName = "authorizations";
const fields = {
  kind: choice(RESOURCE_NAMES, PRESET_KIND, ["influxdb3-tokens"]),
  /** Read when a step needs them: the word that a value is stored can come with any payload. */
  targets: ofKind("payload", (value, kind) => () => readTargets(value, kind)),
  expiry: {
    ...expiryField<"keep" | "never">("keep", { keep: "keep", never: "never" }),
    when: { property: "kind", values: ["database-tokens", "management-tokens", "influxdb3-tokens"] },
  },
  place: placeField(),
  timeLimit: secondsField(300, 86_400),
  dryRun: flag(),
  limit: limitField(10),
  revokeOld: { ...flag(), when: { property: "kind", values: ["management-tokens", "influxdb3-tokens"] } },
  ifSomeFail: { ...choice(["both", "error", "report"], "both"), section: "report" },
  step: { ...stepField(["stored", "not-stored", "back"]), section: "word" },
  handedOver: {
    ...ofKind("handedOver", (value, kind) => () => readHandedOver(value, kind)),
    section: "word",
  },
};
type RotateTask = Task<typeof fields>;

/** The token that was handed over, as the message with the word names it. */
interface HandedOver extends Targets {
  successor: string | undefined;
}

/** The waiting rotations of each node that runs, by the ID of the connection. */
const waitings = new WeakMap<Standing, Map<string, Waiting>>();

export default node({
  type: "influxdb-rotate-token",
  color: "#d9d2ae",
  icon: "influxdb-token-rotate.svg",
  outputs: ["handOver", "report"],
  fields,

  idsOf: (values) => targetsOf(values).list.map(({ id }) => id),

  start(standing) {
    waitings.set(standing, new Map());
    for (const id of standing.connections.ids()) waitingOf(standing, id);
  },

  run(task) {
    const { values, connection, resource, standing } = task;
    const { step, place } = values;
    // The value has done its work: neither a report nor a Catch node shall get it.
    if (step.word !== "begin" && place.type === "msg") task.drop(place.key);
    if (step.from !== undefined) task.drop(step.from);
    const waiting = waitingOf(standing, connection.id);
    const rotation = rotationOf(connection, resource, task.watch, 1000 * values.timeLimit);
    const steps = { task, rotation, waiting };
    const targets = targetsOf(values);
    const own = { ...task, values: { ...values, targets, onlyIfAsListed: false } };
    const changes = { step: step.word };
    switch (step.word) {
      case "begin":
        return change(
          own,
          {
            // A dry run tells how it would end.
            outcome: isDryRun(own) ? "replaced" : "handed-over",
            endsAccess: false,
            refuse: (RESOURCES[resource] as Resource).refuseEnd,
            act: (id) => begin(id, steps),
            changes,
          },
          { output: 1, leavesOut: "handed-over" },
        );
      case "stored":
        return told("replaced", (id) => finish(id, targets, steps));
      case "not-stored":
        return told("withdrawn", (id) => takeBack(id, targets, steps));
      case "back":
        return told("restored", async (id) => {
          const { old, successor } = await rotation.back(id);
          return { attempts: 1, token: known(old, resource), successor: shown(successor, resource) };
        });
    }

    /** What was begun must not fail for a limit. */
    function told(outcome: Change["outcome"], act: Change["act"]) {
      const unlimited = { ...own, values: { ...own.values, limit: NO_LIMIT } };
      return change(unlimited, { outcome, endsAccess: false, act, changes }, { output: 1 });
    }
  },
});

function waitingOf(standing: Standing, connectionId: string): Waiting {
  const all = waitings.get(standing) as Map<string, Waiting>;
  const known = all.get(connectionId);
  if (known) return known;
  const waiting = createWaiting(standing, connectionId, async (id, handedOver, isStill) => {
    const connection = standing.connections.byId(connectionId);
    const places = await connection.order.queue(Promise.resolve([id]), standing.signal);
    try {
      await places.inTurn(id, async () => {
        // The word can have come before.
        if (!isStill()) return;
        const resource = handedOver.resource;
        const rotation = rotationOf(connection, resource, { signal: standing.signal });
        const target = { id, known: {}, listed: {} };
        const audit = standing.audit(connection, [target], { step: "not stored in time" });
        const { records, error } = await sweep(
          [target],
          async () => {
            await audit.before(0);
            const successor = await rotation.withdraw(id, handedOver.successor, "off", (its) =>
              mayEnd([its], waiting.of(id), { connection, resource, signal: standing.signal }),
            );
            if (successor === undefined) return { outcome: "skipped", reason: "its rotation is over" };
            return { outcome: "withdrawn", successor: shown(successor, resource) };
          },
          {
            task: { verb: OUTCOMES.withdrawn.verb, noun: RESOURCES[resource].noun },
            ...{ parallel: () => 1, signal: standing.signal },
          },
        );
        const [record] = records as [OutcomeRecord];
        if (standing.connections.areNamed) record.connection = { ...connection.shown };
        await tellAudit(audit, record, 0, standing);
        if (error) throw error;
        // The node stops, and goes on to wait when it starts again.
        if (isFailure(record)) return;
        await waiting.end(id, handedOver.successor);
        if (record.outcome !== "withdrawn") return;
        standing.fail(notStoredInTime(handedOver), record, connectionId);
      });
    } finally {
      places.leave();
    }
  });
  all.set(connectionId, waiting);
  return waiting;
}

interface Steps {
  task: RotateTask;
  rotation: Rotation;
  waiting: Waiting;
}
type Told = Awaited<ReturnType<Change["act"]>>;

async function begin(id: string, steps: Steps): Promise<Told> {
  const { task, rotation, waiting } = steps;
  const { resource, values } = task;
  const before = waiting.of(id);
  const still = before && (await rotation.pending(id, before.successor));
  if (before && still) {
    await waiting.add(id, { successor: before.successor, seconds: values.timeLimit, resource }, before.value);
    await handOver(id, {}, still, before.value, task);
    return { attempts: 1, successor: shown(still, resource) };
  }
  task.connection.refuseUncheckable(resource);
  // What may not end in the end must not begin. The own one can be replaced where the flow can replace it in a file.
  const spares = { own: task.connection.readsTokenFile };
  await task.connection.ownToken(resource)?.begin([id], task.signal, spares)(id).catch(rethrowAsNotStarted);
  const begun = await rotation.begin(id, (old) => successorExpiry(old, values.expiry));
  const successor = shown(begun.successor, resource);
  if (!("value" in begun)) return { attempts: 1, outcome: "replaced", successor };
  try {
    const handedOver = { successor: begun.successor.id, seconds: values.timeLimit, resource };
    await waiting.add(id, handedOver, begun.value);
    await handOver(id, begun.old, begun.successor, begun.value, task);
  } catch (thrown) {
    // Also after the flow was stopped.
    const cleanUp = rotationOf(task.connection, resource, { signal: endOfCleanUp() });
    const why = await cleanUp
      .withdraw(id, begun.successor.id, "remove", () => Promise.resolve())
      .then(() => undefined, asTokenError);
    if (why === undefined) {
      await waiting.end(id, begun.successor.id);
      throw thrown;
    }
    const failure = asTokenError(thrown);
    // With the old token gone there is nothing to wait for, and a node that is stopped does not.
    const isWaited =
      why.code !== "not-found" && !task.signal.aborted && waiting.of(id)?.successor === begun.successor.id;
    const advice = isWaited
      ? "It is taken back when the time to store it is over, if this node runs then; or delete it now."
      : "Delete it now.";
    throw failure.retold(
      `${failure.reason} The successor ${begun.successor.id} works, and could not be removed again: ${why.reason} ${advice}`,
      { attempts: Math.max(1, failure.attempts ?? 1) },
    );
  }
  return { attempts: 1, token: known(begun.old, resource), successor };
}

async function handOver(
  id: string,
  old: Shown,
  successor: Shown,
  value: Secret,
  { resource, values, handOver: give }: RotateTask,
): Promise<void> {
  const payload: OutcomeRecord = {
    id,
    outcome: "handed-over",
    at: new Date(systemClock.now()).toISOString(),
    token: known(old, resource),
    successor: shown(successor, resource),
  };
  await give(values.place, value, {
    payload,
    handedOver: { id, successor: String(successor.id) },
  });
}

async function finish(
  id: string,
  { list, successor: named }: HandedOver,
  { task, rotation, waiting }: Steps,
): Promise<Told> {
  const { resource, values } = task;
  const newest = waiting.of(id);
  // The value of another says nothing of this one.
  const before = named === undefined || named === newest?.successor ? newest : undefined;
  // With many there is no telling whose it is.
  const given = list.length === 1 ? values.place.given : undefined;
  if (before && given && !before.value.equals(given.reveal())) {
    throw new TokenError(
      "not-verified",
      "the value that came with the word is not the one that was handed over. The old token was left alone. Look at how the flow stores it.",
    );
  }
  const value = given ?? before?.value;
  const { old, successor } = await rotation.finish(
    id,
    { value, successor: named ?? before?.successor },
    {
      revokes: values.revokeOld,
      mayEnd: (ids, its) => mayEnd(ids, value && { successor: its, value }, task),
    },
  );
  // What can be switched off says so itself.
  const { isOn }: Resource = RESOURCES[resource];
  if (successor && !isOn) waiting.keepStored(id, String(successor.id));
  await waiting.end(id, successor?.id);
  return { attempts: 1, token: known(old, resource), successor: shown(successor, resource) };
}

async function takeBack(
  id: string,
  { successor: named }: HandedOver,
  { task, rotation, waiting }: Steps,
): Promise<Told> {
  const before = waiting.of(id);
  // It is in use, and its end would be for good.
  const isStored = waiting.isStored(id, named);
  const successor = isStored
    ? undefined
    : await rotation.withdraw(id, named ?? before?.successor, "remove", (its) => mayEnd([its], before, task));
  await waiting.end(id, successor?.id ?? named ?? before?.successor);
  if (successor) return { attempts: 1, successor: shown(successor, task.resource) };
  throw new TokenError(
    "not-waiting",
    `${RESOURCES[task.resource].noun} ${id} has no successor that waits. Check the ID, and what became of the rotation before.`,
  );
}

/** @throws {TokenError} `protected` if the connection lives on one of these tokens, or may do so. */
async function mayEnd(
  ids: readonly string[],
  handedOver: { successor: string; value: Secret } | undefined,
  { connection, resource, signal }: Pick<RotateTask, "connection" | "resource" | "signal">,
): Promise<void> {
  const own = connection.ownToken(resource);
  // The connection may have been given the new value by the hand-over.
  connection.refreshToken();
  const isOwn = handedOver && connection.isOwnValue(handedOver.value);
  if (isOwn) own?.learn(handedOver.successor);
  const refuseOwn = own?.begin(ids, signal);
  for (const id of ids) {
    // Its value is known, and is another.
    if (isOwn === false && id === handedOver?.successor) continue;
    await refuseOwn?.(id);
  }
}

function rotationOf(connection: Connection, resource: ResourceName, watch: Watch, patience = 0): Rotation {
  const kind = RESOURCES[resource];
  return createRotation({
    kind,
    tokens: connection.open(resource, watch),
    check: (value) => connection.check(resource, value, watch),
    isProtected: (id) => connection.isProtected(kind.reference.normalize(id)),
    worksWithin: productOf(connection.product).learnsLate === resource ? patience : 0,
    signal: watch.signal,
  });
}

/** When the successor expires: as long from now as the old one was to live, or as the dialog says. */
function successorExpiry(
  { createdAt, expiresAt }: Shown,
  expiry: number | "keep" | "never" | undefined,
): { expiresAt?: string } {
  const lifetime = Date.parse(String(expiresAt)) - Date.parse(String(createdAt));
  const at = expiry === "keep" ? systemClock.now() + lifetime : expiry;
  return expiryOf(typeof at === "number" && !Number.isNaN(at) ? at : undefined);
}

/** What records show of a token that is not the one they are about. */
function shown(token: Shown | undefined, resource: ResourceName): Record<string, string> {
  return knownFields(token ?? {}, ["id", ...RESOURCES[resource].known]);
}

/** What records show of the token that they are about. */
function known(token: Shown, resource: ResourceName): Record<string, string> {
  return knownFields(token, RESOURCES[resource].known);
}

function targetsOf({ step, targets, handedOver }: Values<typeof fields>): HandedOver {
  if (step.word === "begin" || step.word === "back") return { ...targets(), successor: undefined };
  return handedOver();
}

function readHandedOver(value: unknown, kind: Resource): HandedOver {
  const { successor } = (value ?? {}) as { successor?: unknown };
  const isId = typeof successor === "string" && kind.reference.pattern.test(successor);
  return { ...readTargets(value, kind), successor: isId ? kind.reference.normalize(successor) : undefined };
}

/** A TypedInput whose value depends on the kind of tokens that the dialog names. */
function ofKind<T>(property: string, read: (value: unknown, kind: Resource) => T): Field<T> {
  const fieldOf = (kind: Resource) =>
    typed<T>({ preset: { type: "msg", value: property }, read: (value) => read(value, kind) });
  return {
    ...fieldOf(RESOURCES[PRESET_KIND]),
    parse(name, properties, counts) {
      // A wrong kind is refused before.
      const resource = resourceIn({ fields }, properties) ?? PRESET_KIND;
      return fieldOf(RESOURCES[resource]).parse(name, properties, counts);
    },
  };
}
