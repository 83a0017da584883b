import { type Incident, subjectKey } from './incident.ts';
import type { OutboxChange, OutboxMemory } from './outbox.ts';
import { type Telling, tellingKey } from './telling.ts';

/** What is over stays in mind for so long: it may still hold what needed it. */
export const RECENT_MS = 60 * 60_000;

/**
 * The incidents and tellings that matter now, as they lie in the outbox. A step works on a draft, and only when that is stored does
 * it count: what could not be stored did not happen.
 */
export interface Book {
  draft(): Draft;
  readonly incidents: ReadonlyMap<string, Incident>;
}

export interface Draft {
  /** What is in trouble, by subject. */
  readonly open: ReadonlyMap<string, Incident>;
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly tellings: ReadonlyMap<string, Telling>;
  put(incident: Incident): void;
  tell(telling: Telling): void;
  /** What is to be stored. */
  changes(): Pick<OutboxChange, 'incidents' | 'tellings'>;
  /** It is stored. */
  accept(now: number): void;
}

export function createBook({ incidents, tellings }: OutboxMemory): Book {
  const book: Kept = {
    incidents: new Map(incidents.map((incident) => [incident.id, incident])),
    tellings: new Map(tellings.map((telling) => [tellingKey(telling), telling])),
  };
  return {
    draft: () => createDraft(book),
    get incidents() {
      return book.incidents;
    },
  };
}

interface Kept {
  incidents: Map<string, Incident>;
  tellings: Map<string, Telling>;
}

function createDraft(book: Kept): Draft {
  const incidents = new Map(book.incidents);
  const tellings = new Map(book.tellings);
  const open = new Map<string, Incident>();
  for (const incident of incidents.values())
    if (incident.until === null) open.set(subjectKey(incident), incident);
  const changed = new Map<string, Incident>();
  const told = new Map<string, Telling>();
  return {
    open,
    incidents,
    tellings,
    put(incident) {
      incidents.set(incident.id, incident);
      changed.set(incident.id, incident);
      if (incident.until === null) open.set(subjectKey(incident), incident);
      else if (open.get(subjectKey(incident))?.id === incident.id) open.delete(subjectKey(incident));
    },
    tell(telling) {
      tellings.set(tellingKey(telling), telling);
      told.set(tellingKey(telling), telling);
    },
    changes: () => ({ incidents: [...changed.values()], tellings: [...told.values()] }),
    accept(now) {
      for (const { id, settled, until } of incidents.values())
        if (settled && (until ?? 0) < now - RECENT_MS) incidents.delete(id);
      for (const [key, { incident }] of tellings)
        if (incidents.get(incident)?.settled ?? true) tellings.delete(key);
      book.incidents = incidents;
      book.tellings = tellings;
    },
  };
}
