/** What was started, and is to be closed. */
interface Closable {
  close(): unknown;
}

/**
 * Closes what tests have started: after each test, or after all of a `describe`, as the hook of mocha says; the last
 * first, and all of it also if one fails.
 *
 * @example
 * const also = closing(afterEach);
 * const { simulator } = await also(startFixture());
 */
export function closing(hook: Mocha.HookFunction) {
  const started: Closable[] = [];
  hook(async () => {
    const ends = [];
    for (const each of started.splice(0).reverse()) ends.push(...(await Promise.allSettled([each.close()])));
    const failures = ends.filter((end) => end.status === "rejected").map(({ reason }): unknown => reason);
    if (failures.length > 0) throw failures[0];
  });
  return async <T extends Closable>(starting: Promise<T>): Promise<T> => {
    const each = await starting;
    started.push(each);
    return each;
  };
}
