import type { Node, NodeStatus } from "node-red";
import { systemClock } from "../../src/clock.js";
import type { TokenError } from "../../src/errors.js";
import { grouped } from "../../src/text/counts.js";
import { factsOfOutcome, type OutcomeName } from "../../src/work/outcomes.js";
import { inWords, type OutcomeCounts } from "../../src/work/summary.js";

/** Milliseconds between two statuses of progress. */
const STATUS_INTERVAL = 250;
/** Milliseconds without work after which a new count begins, whatever comes. */
const QUIET = 60_000;

/** How a message ended, for the status. */
export interface Ended {
  /** Of its tokens, how many there are of each outcome. */
  counts?: OutcomeCounts;
  /** What there is to say of the message, if its counts do not say it. */
  text?: string;
  /** It is no failure, and yet somebody should look. */
  isWarning?: boolean;
  error?: TokenError;
}

/** What the status tells of: one message, or those that belong together. */
interface Tally {
  messages: number;
  counts: OutcomeCounts;
  retries: number;
  hasError: boolean;
}

const NOTHING_YET: Tally = { messages: 0, counts: {}, retries: 0, hasError: false };

/** What a node's status is told of its messages. */
export interface Follower {
  /** A message arrives. @param origins what it comes from: the parts of one list share one. */
  arrive(origins: readonly string[]): void;
  /** The work on one of them begins. */
  begin(): Steps;
  /** One of them has ended. @param steps undefined if it did not begin. */
  end(ended: Ended, steps: Steps | undefined): void;
}

/** How far the work on a message is. */
export interface Steps {
  retries: () => number;
  progress: (done: number, total: number) => void;
  onRetry: () => void;
}

/**
 * Shows in a node's status how far a message is and how often it had to try again: `1,200/10,000, 3 retries`. In the
 * end it shows what became of the message and of those that belong together with it: `38 deleted, 2 failed`. These are
 * made from one message, as a Split node does, or are under way at one time; two clicks one after another do not belong
 * together. Each status goes to every open editor, so they are throttled, over all messages of the node; that of the
 * last message is shown at once.
 *
 * @param sums whether the messages are counted together.
 */
export function followerOf(node: Node, { sums }: { sums: boolean }): Follower {
  let shown = -Infinity;
  /** Shows a little later how messages have ended. */
  let later: NodeJS.Timeout | undefined;
  let underWay = 0;
  /** When the last message ended, in milliseconds by the steady clock. */
  let quietSince = -Infinity;
  let tally = NOTHING_YET;
  /** How the last message ended. */
  let last: Ended = {};
  /** What the last message comes from. */
  let lastOrigins: readonly string[] = [];

  function show(status: NodeStatus): void {
    clearTimeout(later);
    later = undefined;
    shown = systemClock.steady();
    node.status(status);
  }

  function isRecent(): boolean {
    return systemClock.steady() - shown < STATUS_INTERVAL;
  }

  function showEnds(): void {
    const isWarning = last.isWarning ?? tally.counts["dry-run"] !== undefined;
    const fill = someFailed(tally.counts) ? "red" : isWarning ? "yellow" : "green";
    const text = tally.messages === 1 ? textOfOne(last) : sumOf(tally.counts);
    show({ fill, shape: tally.hasError ? "ring" : "dot", text: withRetries(text, tally.retries) });
  }

  return {
    arrive(origins) {
      const isQuiet = () => systemClock.steady() - quietSince >= QUIET;
      const isOther = () => !origins.some((origin) => lastOrigins.includes(origin));
      if (underWay++ === 0 && (isOther() || isQuiet())) tally = NOTHING_YET;
      lastOrigins = origins;
    },

    begin() {
      let step: { done: number; total: number } | undefined;
      let retries = 0;
      const showStep = () => {
        if (isRecent()) return;
        const text = step ? `${grouped(step.done)}/${grouped(step.total)}` : "…";
        show({ fill: "blue", shape: "dot", text: withRetries(text, retries) });
      };
      showStep();
      return {
        retries: () => retries,
        progress(done, total) {
          step = { done, total };
          showStep();
        },
        onRetry() {
          // A single call may have no further progress to show it with.
          if (++retries === 1) shown = -Infinity;
          showStep();
        },
      };
    },

    end(ended, steps) {
      if (--underWay === 0) quietSince = systemClock.steady();
      tally = added(sums ? tally : NOTHING_YET, ended, steps?.retries() ?? 0);
      last = ended;
      if (underWay > 0 && isRecent()) later ??= setTimeout(showEnds, STATUS_INTERVAL);
      else showEnds();
    },
  };
}

function withRetries(text: string, retries: number): string {
  return retries === 0 ? text : `${text}, ${grouped(retries)} ${retries === 1 ? "retry" : "retries"}`;
}

function added(tally: Tally, { counts, error }: Ended, retries: number): Tally {
  const sum = { ...tally.counts };
  // A message that was refused is one that failed, however many tokens it names.
  const own = counts ?? (error ? { failed: 1 } : {});
  for (const [name, count] of Object.entries(own)) {
    sum[name as OutcomeName] = (sum[name as OutcomeName] ?? 0) + count;
  }
  return {
    messages: tally.messages + 1,
    counts: sum,
    retries: tally.retries + retries,
    hasError: tally.hasError || error !== undefined,
  };
}

/** What is wrong, if nothing was done. */
function textOfOne({ counts = {}, text, error }: Ended): string {
  if (error && namesIn(counts).every(isFailure)) return error.words;
  return text ?? sumOf(counts);
}

function sumOf(counts: OutcomeCounts): string {
  return inWords(counts).join(", ") || "0 done";
}

function someFailed(counts: OutcomeCounts): boolean {
  return namesIn(counts).some(isFailure);
}

function namesIn(counts: OutcomeCounts): OutcomeName[] {
  return Object.keys(counts) as OutcomeName[];
}

function isFailure(outcome: OutcomeName): boolean {
  return factsOfOutcome(outcome).isFailure === true;
}
