/** Where the page is: its address is the state, so that every view can be sent to somebody as a link. */

export type ViewName =
  | 'overview'
  | 'service'
  | 'logs'
  | 'collectors'
  | 'pipelines'
  | 'jobs'
  | 'notifications'
  | 'tokens'
  | 'status'
  | 'sign-in'
  | 'missing';

export interface Route {
  readonly view: ViewName;
  /** Of a service or a pipeline: its agent and name. */
  readonly of: readonly string[];
  readonly query: URLSearchParams;
}

const PLAIN: ReadonlyMap<string, ViewName> = new Map([
  ['', 'overview'],
  ['logs', 'logs'],
  ['collectors', 'collectors'],
  ['pipelines', 'pipelines'],
  ['jobs', 'jobs'],
  ['notifications', 'notifications'],
  ['tokens', 'tokens'],
  ['status', 'status'],
  ['sign-in', 'sign-in'],
]);

/** @param path of an address, with what comes behind `?`. */
function readRoute(path: string): Route {
  const url = new URL(path, 'http://page');
  const parts = url.pathname.split('/').slice(1).map(decodePart);
  const query = url.searchParams;
  const [first = '', ...rest] = parts;
  if (rest.length === 2 && rest.every((part) => part !== '')) {
    if (first === 'services') return { view: 'service', of: rest, query };
    if (first === 'pipelines') return { view: 'pipelines', of: rest, query };
  }
  const view = rest.length === 0 ? PLAIN.get(first) : undefined;
  return { view: view ?? 'missing', of: [], query };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function serviceAddress(agent: string, name: string): string {
  return `/services/${encodeURIComponent(agent)}/${encodeURIComponent(name)}`;
}

export function pipelineAddress(agent: string, name: string): string {
  return `/pipelines/${encodeURIComponent(agent)}/${encodeURIComponent(name)}`;
}

const here = (): string => location.pathname + location.search;

class Routing {
  #path = $state.raw(here());
  readonly route = $derived(readRoute(this.#path));

  constructor() {
    addEventListener('popstate', () => {
      this.#path = here();
    });
    addEventListener('click', (event) => this.#clicked(event));
  }

  /** @param how `replace`: the step back leads to before. */
  go(path: string, how: 'push' | 'replace' = 'push'): void {
    if (path === here()) return;
    if (how === 'push') history.pushState(null, '', path);
    else history.replaceState(null, '', path);
    const before = this.route.view;
    this.#path = here();
    if (how === 'push' && this.route.view !== before) scrollTo(0, 0);
  }

  /** Changes what stands behind `?`; undefined and empty values are left out. */
  query(
    changes: Readonly<Record<string, string | readonly string[] | undefined>>,
    how: 'push' | 'replace' = 'replace',
  ): void {
    const query = new URLSearchParams(this.route.query);
    for (const [key, value] of Object.entries(changes)) {
      query.delete(key);
      for (const each of value === undefined ? [] : [value].flat()) if (each !== '') query.append(key, each);
    }
    const text = query.toString();
    this.go(location.pathname + (text === '' ? '' : `?${text}`), how);
  }

  /** Links of the page's own stay within it; with a key held they are the browser's. */
  #clicked(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (
      link === null ||
      link.origin !== location.origin ||
      link.target !== '' ||
      link.hasAttribute('download')
    )
      return;
    if (link.pathname.startsWith('/api/') || link.pathname === '/login') return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const routing = new Routing();
