import type { Draft, ServiceDraft } from './draft.ts';

/** Leaves a log file to the first service that names it: two would rotate it under each other. Says so to the others. */
export function withOwnLogFiles(draft: Draft): Draft {
  const owners = new Map<string, string>();
  const own = (service: ServiceDraft): ServiceDraft => {
    const { file, ...rest } = service.keys.log ?? {};
    if (file === undefined) return service;
    const owner = owners.get(file);
    if (owner === undefined) {
      owners.set(file, service.name);
      return service;
    }
    const { log: _, ...keys } = service.keys;
    const note = `not taken over: log.file: ${file}: that is the log of ${owner}`;
    return {
      ...service,
      keys: Object.keys(rest).length === 0 ? keys : { ...keys, log: rest },
      notes: [...service.notes, note],
    };
  };
  return { ...draft, services: draft.services.map(own) };
}
