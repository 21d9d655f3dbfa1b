import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { TokenError } from "./errors.js";
import type { OutcomeRecord } from "./sweep.js";
import type { Target } from "./targets.js";

/** Takes the lines of an audit trail. */
export interface AuditSink {
  /** How many tokens are announced by one call. More than one is for a sink that takes its time. */
  readonly batch: number;
  /**
   * Resolves when the lines outlive this process, and its machine.
   *
   * @throws {TokenError} `audit-failed`: nothing that the lines announce may be done.
   */
  append(lines: readonly string[]): Promise<void>;
}

/** What is done and by what, as each line of the trail says it. */
export interface AuditedWork {
  /** As people name the node: `delete authorization`. */
  operation: string;
  /** What an update sets. */
  changes?: Readonly<Record<string, unknown>> | undefined;
  /** IDs of the flow, the node, the connection and the message. */
  flow?: string | undefined;
  node: string;
  nodeName?: string | undefined;
  connection: string;
  message: string;
}

/**
 * The audit trail of one message, after the example of Vault's audit devices: for each token a line of type
 * `request` before the effect and one of type `response` after it. A request without a response says that the
 * process ended in between: the token may have been changed.
 */
export interface Audit {
  /**
   * To be awaited before the effect on a target.
   *
   * @throws {TokenError} `audit-failed`.
   */
  before(index: number): Promise<void>;
  /**
   * What became of a target. Where no request was announced, there is nothing to say.
   *
   * @throws {TokenError} `audit-failed`: the effect has been, and has no response in the trail.
   */
  after(index: number, record: OutcomeRecord): Promise<void>;
}

/** @param targets in the order in which they are begun: a sink that takes its time gets the next of them ahead. */
export function createAudit(sink: AuditSink, work: AuditedWork, targets: readonly Target[]): Audit {
  const { batch } = sink;
  /** What becomes of the announcement of each batch. */
  const announced = new Map<number, Promise<void>>();
  const batchOf = (index: number) => Math.floor(index / batch);

  function announce(number: number): Promise<void> {
    const known = announced.get(number);
    if (known) return known;
    const lines = targets
      .slice(number * batch, (number + 1) * batch)
      .map(({ id, known: { description } }) => lineOf("request", work, { id, description }));
    const written = lines.length === 0 ? Promise.resolve() : sink.append(lines);
    // Those that are begun meet the failure; it may be none.
    written.catch(() => undefined);
    announced.set(number, written);
    return written;
  }

  return {
    async before(index) {
      const written = announce(batchOf(index));
      // The next are written while these are under way.
      if (batch > 1) void announce(batchOf(index) + 1);
      await written;
    },
    async after(index, { id, outcome, description, attempts, reason, error }) {
      const isAnnounced = await announced.get(batchOf(index))?.then(
        () => true,
        () => false,
      );
      if (!isAnnounced) return;
      const said = { id, description, outcome, attempts, reason, error: error?.code };
      await sink.append([lineOf("response", work, said)]);
    },
  };
}

/** Characters of a text that a line repeats. */
const LONGEST_TEXT = 300;

function lineOf(
  type: "request" | "response",
  { operation, changes, ...where }: AuditedWork,
  token: Readonly<Record<string, unknown>>,
): string {
  const line = { time: new Date().toISOString(), type, operation, ...token, changes, ...where };
  const cut = (_: string, value: unknown) =>
    typeof value === "string" && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  // In JSON as it is written, such characters could break or reorder the line that a terminal shows.
  return JSON.stringify(line, cut).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/**
 * Tokens that are announced by one write. A write takes as long as some ten requests to a server nearby, or as half a
 * request to one far away; the larger the batch, the more the trail leaves open after a kill.
 */
const BATCH = 32;

/**
 * A file that lines are appended to, readable by its owner alone. It is opened anew for each write, so it can be
 * moved away at any time. What comes while a write is under way goes into the next, with one wait for the disk.
 */
export function auditFile(path: string): AuditSink & { settled(): Promise<void> } {
  interface Waiting {
    lines: readonly string[];
    resolve: () => void;
    reject: (error: TokenError) => void;
  }
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const now = waiting;
      waiting = [];
      try {
        await appendTo(path, now.flatMap(({ lines }) => lines).join("\n") + "\n");
        for (const { resolve } of now) resolve();
      } catch (error) {
        for (const { reject } of now) reject(notWritten(path, error));
      }
    }
    writing = undefined;
  }

  return {
    batch: BATCH,
    append: (lines) =>
      new Promise((resolve, reject) => {
        waiting.push({ lines, resolve, reject });
        writing ??= writeAll();
      }),
    /** Resolves when nothing waits to be written. */
    settled: () => writing ?? Promise.resolve(),
  };
}

/** No link that somebody else may have put there, and no wait for the other end of a pipe. */
const FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  // Windows has neither.
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

async function appendTo(path: string, text: string): Promise<void> {
  const file = await open(path, FLAGS, 0o600);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw Object.assign(new Error(), { code: "it is not a regular file" });
    // A kill can have cut the last line.
    await file.appendFile((await endsLine(file, stat.size)) ? text : `\n${text}`);
    await file.datasync();
    if (stat.size === 0) await syncFolder(dirname(path));
  } finally {
    await file.close();
  }
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 0 || buffer[0] === 0x0a;
}

/** A new file is on disk when its folder is. Windows cannot open a folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function notWritten(path: string, error: unknown): TokenError {
  const { code = "unknown reason" } = error as NodeJS.ErrnoException;
  return new TokenError(
    "audit-failed",
    `the audit file ${path} could not be written (${code}), and nothing is done without it. ` +
      "Check the file and its folder, or choose another in the connection.",
    { fatal: true },
  );
}
