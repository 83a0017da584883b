/** The same function, but each call begins only when the one before it has ended, however that ended. */
export function serially<A extends readonly unknown[], T>(
  fn: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const call = last.then(
      () => fn(...args),
      () => fn(...args),
    );
    last = call;
    return call;
  };
}
