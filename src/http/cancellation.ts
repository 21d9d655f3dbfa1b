import type { Ends } from "../work/limiter.js";

/** Ends what is under way on a connection: a call by its own signal, and everything by the end of the connection. */
export interface Cancellation {
  /** Whether the call with this signal has been ended, or everything. */
  isOver(signal: AbortSignal | undefined): boolean;
  /**
   * Calls the listener when the call or everything ends.
   *
   * @returns what takes the listener away; it must be called.
   */
  listen(signal: AbortSignal | undefined, listener: () => void): () => void;
  /** The same for who waits, and would wait no more if it has ended before. */
  ends(signal: AbortSignal | undefined): Ends;
  /** Waits, in milliseconds, but no longer than until the call or everything ends. */
  pause(delayMs: number, signal: AbortSignal | undefined): Promise<void>;
  /** Ends everything, for good. */
  end(): void;
}

/** `AbortSignal.any` would be shorter, but on Node 20 it leaves something behind at each call. */
export function createCancellation(): Cancellation {
  const listeners = new Set<() => void>();
  let hasEnded = false;

  const isOver = (signal: AbortSignal | undefined) => hasEnded || signal?.aborted === true;

  function listen(signal: AbortSignal | undefined, listener: () => void): () => void {
    signal?.addEventListener("abort", listener);
    listeners.add(listener);
    return () => {
      signal?.removeEventListener("abort", listener);
      listeners.delete(listener);
    };
  }

  return {
    isOver,
    listen,
    ends: (signal) => (listener) => {
      if (isOver(signal)) listener();
      return listen(signal, listener);
    },
    pause: (delayMs, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          unlisten();
          resolve();
        };
        const timer = setTimeout(wake, delayMs);
        const unlisten = listen(signal, wake);
        if (isOver(signal)) wake();
      }),
    end() {
      hasEnded = true;
      for (const listener of listeners) listener();
    },
  };
}
