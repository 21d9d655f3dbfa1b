/**
 * What is most often there already, and sometimes comes later. A promise for each step of each message would take more
 * time than the steps, and memory as long as the message waits.
 */
export type PromiseOrValue<T> = T | Promise<T>;

/**
 * Goes on with a value: at once if it is there, or else when it comes.
 *
 * @returns what `next` returns; it throws, or rejects, as `next` does or the value is rejected.
 * @example
 * const name = then(evaluate(expression), (value) => String(value));
 */
export function then<T, R>(
  value: PromiseOrValue<T>,
  next: (value: T) => PromiseOrValue<R>,
): PromiseOrValue<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Does the work now, and gives what returns its result, or throws its error, whenever it is called. It never fails. */
export function settled<T>(work: () => PromiseOrValue<T>): PromiseOrValue<() => T> {
  const returns = (value: T) => () => value;
  const throws = (error: unknown) => () => {
    throw error;
  };
  try {
    const value = work();
    return value instanceof Promise ? value.then(returns, throws) : returns(value);
  } catch (error) {
    return throws(error);
  }
}
