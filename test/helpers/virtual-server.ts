import type { Clock } from "../../src/clock.js";
import { createPace } from "../../src/http/pace.js";
import { findParallelism, fixedParallelism, type Parallel } from "../../src/http/parallelism.js";
import { isTooMany, retryDelayMs, signOf } from "../../src/http/retries.js";

/** A server of which only the time matters. It is told of a request when that is sent, and replies whenever it likes. */
export type VirtualServer = (world: World) => (reply: (status: number) => void) => void;

interface World {
  clock: Clock;
  later(ms: number, work: () => void): void;
}

/** Each answer takes so many milliseconds, by how many requests are under way. */
export function taking(latency: (underWay: number) => number): VirtualServer {
  return ({ clock, later }) => {
    let underWay = 0;
    return (reply) => {
      underWay++;
      // Some more, some less.
      later(latency(underWay) * (0.95 + clock.random() / 10), () => {
        underWay--;
        reply(204);
      });
    };
  };
}

/** It allows so many requests a second, and as many at once after a pause. */
export function allowing(perSecond: number, latency: number): VirtualServer {
  return ({ clock, later }) => {
    let left = perSecond;
    let since = clock.steady();
    return (reply) => {
      left = Math.min(perSecond, left + ((clock.steady() - since) * perSecond) / 1000);
      since = clock.steady();
      const isAllowed = left >= 1;
      if (isAllowed) left--;
      later(latency, () => reply(isAllowed ? 204 : 429));
    };
  };
}

/** Time that goes on from one event to the next, so that a minute takes no time and each run is as the one before. */
function createWorld() {
  let now = 0;
  let seed = 1;
  const events: { at: number; work: () => void }[] = [];
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const later = (ms: number, work: () => void) => {
    const at = now + Math.max(0, ms);
    let index = events.length;
    while (index > 0 && (events[index - 1] as { at: number }).at > at) index--;
    events.splice(index, 0, { at, work });
  };
  return {
    clock: { now: () => now, steady: () => now, random },
    later,
    runUntil(end: number) {
      for (let [event] = events; event && event.at <= end; [event] = events) {
        events.shift();
        now = event.at;
        event.work();
      }
      now = end;
    },
  };
}

/** What came of each second. */
export interface Second {
  done: number;
  refused: number;
  /** How many were allowed at once at its end. */
  most: number;
}

/**
 * Sends to a server what a connection lets through, for so many seconds. Whoever sends has always more to send.
 *
 * @param retryAfter seconds of the header of a 429.
 */
export function load(
  server: VirtualServer,
  parallel: Parallel,
  seconds: number,
  retryAfter?: number,
): Second[] {
  const world = createWorld();
  const { clock, later } = world;
  const ask = server(world);
  const parallelism = parallel === "auto" ? findParallelism(clock) : fixedParallelism(parallel);
  const pace = createPace(clock);
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  let working = 0;
  let second: Second;

  function send(attempts: number): void {
    const start = pace.take();
    later(start - clock.steady(), () => {
      if (pace.openFrom > start) {
        send(attempts);
        return;
      }
      const began = clock.steady();
      const ended = parallelism.begin();
      ask((status) => {
        const answer = { status, headers, body: [] };
        ended(signOf(answer, clock.steady() - began));
        if (status !== 204) {
          second.refused++;
          const delayMs = retryDelayMs(attempts, answer, clock);
          if (isTooMany(answer)) pace.refused(delayMs);
          later(delayMs, () => send(attempts + 1));
        } else {
          second.done++;
          pace.accepted();
          working--;
          begin();
        }
      });
    });
  }

  function begin(): void {
    while (working < parallelism.most) {
      working++;
      send(1);
    }
  }

  later(0, begin);
  return Array.from({ length: seconds }, (_, index) => {
    second = { done: 0, refused: 0, most: 0 };
    world.runUntil(1000 * (index + 1));
    second.most = parallelism.most;
    return second;
  });
}
