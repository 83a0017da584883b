import type { Draft, ServiceDraft, ServiceKeys } from './draft.ts';

/** What an importer can read, but the schema has no key for; with the reason that a reader is given. */
const LACKING: ReadonlyMap<string, string> = new Map([
  ['boot', 'every service starts with the daemon; `vahti stop NAME` keeps it stopped'],
  ['memory', 'this version does not bound memory'],
  ['open-files', 'a service has the daemon’s own limit of open files'],
  ['reload-on', 'nothing restarts for a changed file; `vahti restart NAME` does it'],
  ['log.file', 'captured output goes to STATE/logs/NAME.log'],
]);

/** Takes out what the schema has no key for, and says so. */
export function withoutLacking(draft: Draft): Draft {
  return { ...draft, services: draft.services.map(strip) };
}

function strip({ name, keys, notes }: ServiceDraft): ServiceDraft {
  const kept: Record<string, unknown> = { ...keys };
  const lacking: string[] = [];
  for (const [path, reason] of LACKING) {
    const [key = '', inner] = path.split('.');
    const value = kept[key];
    const said = inner === undefined ? value : (value as Record<string, unknown> | undefined)?.[inner];
    if (said === undefined) continue;
    lacking.push(`not taken over: ${path}: ${shown(said)}: ${reason}`);
    const rest = { ...(inner === undefined ? {} : (value as Record<string, unknown>)) };
    delete rest[inner ?? ''];
    if (Object.keys(rest).length > 0) kept[key] = rest;
    else delete kept[key];
  }
  return { name, keys: kept as unknown as ServiceKeys, notes: [...notes, ...lacking] };
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
