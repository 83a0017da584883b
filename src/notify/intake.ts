import type { RecordKind, StoredRecord } from '../core/record.ts';
import { type Act, type Flip, readAct, readFlip } from './flip.ts';
import { begin, cutText, type Incident, type OpenIncidents, over, subjectKey, withDeed } from './incident.ts';

/** The kinds of record that incidents follow from. */
export const INTAKE_KINDS = ['flip', 'action', 'note', 'start'] as const satisfies readonly RecordKind[];

/**
 * What a record of the time line changes: the incidents that begin, go on otherwise or end with it. Pure. The same record a
 * second time changes nothing that tells people anything.
 * @param newId gives the id of an incident that begins.
 */
export function takeRecord(
  open: OpenIncidents,
  record: StoredRecord,
  newId: () => string,
): readonly Incident[] {
  if (record.kind === 'flip') {
    const flip = readFlip(record);
    return flip === undefined ? [] : takeFlip(open, flip, newId);
  }
  const act = readAct(record);
  const own = [...open.values()].filter(({ service }) => service === act.service);
  if (record.kind === 'note') return act.act === 'page' ? takePage(open, act, record, newId) : [];
  if (record.kind === 'start') return own.flatMap((incident) => afterStart(incident, act));
  if (record.kind === 'action') return own.map((incident) => afterAct(withDeed(incident, act), act));
  return [];
}

function takeFlip(open: OpenIncidents, flip: Flip, newId: () => string): readonly Incident[] {
  const known = open.get(subjectKey(flip));
  if (flip.kind === 'state' && flip.state === 'blocked')
    // It was done, and waits for its next start.
    return known?.state === 'done' ? [over(known, flip.at)] : [];
  if (flip.trouble === undefined) return [];
  if (!flip.trouble) {
    if (known === undefined) return [];
    return [over(known, flip.at, known.kind === 'lane' && known.byPerson ? 'restarted by a person' : '')];
  }
  if (known === undefined) return [begin({ ...flip, id: newId(), since: flip.at })];
  return [changed(known, flip)];
}

function changed(known: Incident, flip: Flip): Incident {
  const { state, level, life, value, nextStartAt } = flip;
  const changedAt = state === known.state ? known.changedAt : Math.max(flip.at, known.since);
  return { ...known, state, level, life, value, nextStartAt, reason: cutText(flip.reason), changedAt };
}

/** The ladder of a watch came to its step `page`. Where the incident is not known the page itself begins it. */
function takePage(
  open: OpenIncidents,
  { service, watch, at, text }: Act,
  { life, level }: StoredRecord,
  newId: () => string,
): readonly Incident[] {
  if (service === '' || watch === '') return [];
  const subject = { service, kind: 'watch', watch } as const;
  const known = open.get(subjectKey(subject));
  if (known !== undefined) return [{ ...known, paged: true }];
  const begun = { id: newId(), state: 'bad', level, since: at, life, value: null, reason: text, paged: true };
  return [begin({ ...subject, ...begun })];
}

/** A new life began. What is `done` is over; what a person starts anew is looked at anew. */
function afterStart(incident: Incident, { by, at }: Act): readonly Incident[] {
  const person = by === 'person';
  if (incident.kind === 'state' && incident.state === 'done')
    return [over({ ...incident, byPerson: person }, at, person ? 'started by a person' : '')];
  return person ? [afterPerson(incident, at, 'started by a person')] : [];
}

/** Who means what they do: a person, here or by systemctl. */
const PEOPLE: ReadonlyMap<string, string> = new Map([
  ['person', 'by a person'],
  ['systemd', 'through systemd'],
]);

function afterAct(incident: Incident, { act, by, watch, at }: Act): Incident {
  // What a watch stopped is not looked at any more: its ladder ends here.
  if (act === 'stop' && incident.kind === 'watch' && incident.watch === watch)
    return { ...incident, paged: true };
  const who = PEOPLE.get(by);
  // What even SIGKILL does not end is not over because somebody wants it to be.
  if (act === 'stop' && who !== undefined && incident.state !== 'stuck')
    return over({ ...incident, byPerson: true }, at, `stopped ${who}`);
  if (by !== 'person') return incident;
  return act === 'restart' || act === 'start' ? afterPerson(incident, at, `${act}ed by a person`) : incident;
}

/** Watches keep their state across lives and say themselves when they are well; a lane flips by itself. */
function afterPerson(incident: Incident, at: number, ending: string): Incident {
  if (incident.kind === 'ready') return over({ ...incident, byPerson: true }, at, ending);
  return incident.kind === 'lane' ? { ...incident, byPerson: true } : incident;
}
