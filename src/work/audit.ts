import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { systemClock, type Clock } from "../clock.js";
import { TokenError } from "../errors.js";
import type { OutcomeRecord } from "./outcomes.js";
import type { Target } from "./targets.js";

/** A line before the effect, or after it. */
type LineType = "request" | "response";

/** Writes the lines of an audit trail. */
export interface AuditSink {
  /** How many tokens one call announces: more than one if the sink is slow. */
  readonly batch: number;
  /**
   * Resolves when the lines would survive the end of this process, and lines of requests a crash of the machine.
   *
   * @throws {TokenError} `audit-failed`: nothing that the lines announce may be done.
   */
  append(type: LineType, lines: readonly string[]): Promise<void>;
}

/** What is done, and by what; each line of the trail says it. */
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
  message: string | undefined;
}

/**
 * The audit trail of one message, after the example of Vault's audit devices: for each token a line of type
 * `request` before the effect and one of type `response` after it. A request without a response says that the
 * process ended in between: the token may have been changed.
 */
export interface Audit {
  /**
   * Announces a target, by its index; to be awaited before the effect on it.
   *
   * @throws {TokenError} `audit-failed`.
   */
  before(index: number): Promise<void>;
  /**
   * Writes what became of a target, if it was announced.
   *
   * @throws {TokenError} `audit-failed`: the effect has taken place, without a response in the trail.
   */
  after(index: number, record: OutcomeRecord): Promise<void>;
}

/**
 * The audit trail of one message.
 *
 * @param targets in the order in which they are begun, because a slow sink gets the next ones ahead.
 * @example
 * const audit = createAudit(auditFile(path), work, targets);
 * await audit.before(0); // the request is on disk
 * await tokens.remove(targets[0].id);
 * await audit.after(0, record);
 */
export function createAudit(
  sink: AuditSink,
  work: AuditedWork,
  targets: readonly Target[],
  clock: Clock = systemClock,
): Audit {
  const { batch } = sink;
  const { changes, ...rest } = work;
  const common = jsonOf({ ...cutAll(rest), changes: changes && cutAll(changes) });
  /** The announcement of each batch, by its number. */
  const announced = new Map<number, Promise<void>>();
  /** Indexes of targets whose outcome was known before their batch was announced. */
  const over = new Set<number>();
  const batchOf = (index: number) => Math.floor(index / batch);
  /** A line: first what it says of a token, then what all lines of the work have in common. */
  const lineOf = (type: LineType, token: Readonly<Record<string, unknown>>) => {
    const own = jsonOf({ time: new Date(clock.now()).toISOString(), type, ...token });
    return `${own.slice(0, -1)},${common.slice(1)}`;
  };

  function announce(number: number): Promise<void> {
    const known = announced.get(number);
    if (known) return known;
    const lines = targets
      .slice(number * batch, (number + 1) * batch)
      .filter((_, index) => !over.has(number * batch + index))
      .map(({ id, known: { description } }) => lineOf("request", { id, description: cut(description) }));
    const written = lines.length === 0 ? Promise.resolve() : sink.append("request", lines);
    // Targets that are begun meet the failure; there may be none.
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
    async after(index, { id, outcome, token, attempts, reason, error }) {
      const announcement = announced.get(batchOf(index));
      if (announcement === undefined) over.add(index);
      const isAnnounced = await announcement?.then(
        () => true,
        () => false,
      );
      if (!isAnnounced) return;
      const told = {
        id,
        description: cut(token.description),
        outcome,
        attempts,
        reason: cut(reason),
        error: error?.code,
      };
      await sink.append("response", [lineOf("response", told)]);
    },
  };
}

/** Characters of a text that go into a line. */
const LONGEST_TEXT = 300;

/** JSON that escapes the characters that could break or reorder the line that a terminal shows. */
function jsonOf(fields: object): string {
  return JSON.stringify(fields).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

function cut(value: unknown): unknown {
  return typeof value === "string" && value.length > LONGEST_TEXT
    ? `${value.slice(0, LONGEST_TEXT)}…`
    : value;
}

function cutAll(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(value)]));
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/**
 * Tokens that one write announces, because it takes as long as some tens of requests to a server nearby. The larger the
 * batch, the more requests stay without a response after a kill.
 */
const BATCH = 64;

/**
 * An audit file that only its owner can read. It can be moved away at any time: a request is written to the file that
 * the path then leads to. Lines that come during a write go into the next, with one wait for the disk.
 */
export function auditFile(path: string): AuditSink & { settled(): Promise<void> } {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  /** Ends the wait for more responses. */
  let hurry: (() => void) | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      try {
        const file = await openToAppend(path);
        try {
          for (let isNew = true; waiting.length > 0; isNew = false) {
            if (!waiting.some(isRequest)) await new Promise<void>(more);
            if (!isNew && waiting.some(isRequest) && !(await isAt(path, file))) break;
            const now = waiting;
            waiting = [];
            await write(file, now);
          }
          await file.datasync();
        } finally {
          await file.close();
        }
      } catch (error) {
        const now = waiting;
        waiting = [];
        for (const { reject } of now) reject(notWritten(path, error));
      }
    }
    writing = undefined;
  }

  async function write(file: FileHandle, now: Waiting[]): Promise<void> {
    try {
      await writeText(file, `${now.flatMap(({ lines }) => lines).join("\n")}\n`);
      if (now.some(isRequest)) await file.datasync();
      for (const { resolve } of now) resolve();
    } catch (error) {
      for (const { reject } of now) reject(notWritten(path, error));
      throw error;
    }
  }

  function more(resolve: () => void): void {
    const timer = setTimeout(resolve, LONGEST_WAIT);
    hurry = () => {
      clearTimeout(timer);
      resolve();
    };
  }

  return {
    batch: BATCH,
    append: (type, lines) =>
      new Promise((resolve, reject) => {
        waiting.push({ type, lines, resolve, reject });
        writing ??= writeAll();
        if (type === "request") hurry?.();
      }),
    /** Resolves when nothing is left to write. */
    settled: () => writing ?? Promise.resolve(),
  };
}

/** Milliseconds that a response waits for others, to be written with them. */
const LONGEST_WAIT = 10;

const isRequest = ({ type }: Waiting) => type === "request";

interface Waiting {
  type: LineType;
  lines: readonly string[];
  resolve: () => void;
  reject: (error: TokenError) => void;
}

/** Follows no link, because somebody else may have put it there, and does not wait for the other end of a pipe. */
const FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  // Windows has neither.
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** The file, at the beginning of a line. */
async function openToAppend(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, 0o600);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw Object.assign(new Error(), { code: "it is not a regular file" });
    if (stat.size === 0) await syncFolder(dirname(path));
    // A kill may have cut the last line.
    else if (!(await endsLine(file, stat.size))) await writeText(file, "\n");
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether the path still leads to the file, which may have been moved away or replaced. */
async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [there, { dev, ino }] = await Promise.all([lstat(path).catch(() => undefined), file.stat()]);
  return there?.dev === dev && there.ino === ino;
}

/** Writes with one system call, or the lines of another process could come between ours. */
async function writeText(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const { bytesWritten } = await file.write(bytes);
  if (bytesWritten < bytes.length) throw Object.assign(new Error(), { code: "there is no space left" });
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
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
