/** Where a job is shown. @param run one of its runs, with its output. */
export function jobAddress(
  { agent, name }: { readonly agent: string; readonly name: string },
  run?: string,
): string {
  const query = new URLSearchParams({ job: `${agent}/${name}`, ...(run === undefined ? {} : { run }) });
  return `/jobs?${query}`;
}

/** Reads `AGENT/NAME`; undefined where it is none. */
export function readJob(text: string | null): { readonly agent: string; readonly name: string } | undefined {
  const [agent = '', ...rest] = (text ?? '').split('/');
  const name = rest.join('/');
  return agent === '' || name === '' ? undefined : { agent, name };
}
