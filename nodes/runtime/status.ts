import type { Node } from "node-red";
import { systemClock } from "../../src/clock.js";

/** Milliseconds between two statuses of progress. */
const STATUS_INTERVAL = 250;

/**
 * Shows in a node's status how far a message is and how often it had to try again: `1,200/10,000, 3 retries`. Each
 * status goes to every open editor, so they are throttled, over all messages of the node.
 */
export function followerOf(node: Node) {
  let shown = -Infinity;
  return () => {
    let step: { done: number; total: number } | undefined;
    let retries = 0;
    const withRetries = (text: string) =>
      retries === 0 ? text : `${text}, ${grouped(retries)} ${retries === 1 ? "retry" : "retries"}`;
    const show = () => {
      if (systemClock.steady() - shown < STATUS_INTERVAL) return;
      shown = systemClock.steady();
      const text = step ? `${grouped(step.done)}/${grouped(step.total)}` : "…";
      node.status({ fill: "blue", shape: "dot", text: withRetries(text) });
    };
    show();
    return {
      progress: (done: number, total: number) => {
        step = { done, total };
        show();
      },
      onRetry: () => {
        // A single call may have no further progress to show it with.
        if (++retries === 1) shown = -Infinity;
        show();
      },
      withRetries,
    };
  };
}

/** A count as the status shows it: `1,200`. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
