/** What is opened of a pipeline stands in the address. */

/** The query that shows a file: by its path, or `#17`. */
export function fileLink(file: string): string {
  return `?${new URLSearchParams({ file }).toString()}`;
}

/** The query that looks for files everywhere. */
export function findLink(words: string): string {
  return `?${new URLSearchParams({ q: words }).toString()}`;
}

/** The query that shows what a step has in some states, or what failed for a reason. */
export function tasksLink(step: string, states: readonly string[], reason?: string): string {
  const query = new URLSearchParams({ step, is: states.join(',') });
  if (reason !== undefined) query.set('reason', reason);
  return `?${query.toString()}`;
}

/** The query that shows files of an inbox in some states. */
export function filesLink(inbox: string, states: readonly string[]): string {
  return `?${new URLSearchParams({ inbox, is: states.join(',') }).toString()}`;
}

export function stepLink(step: string): string {
  return `?${new URLSearchParams({ step }).toString()}`;
}
