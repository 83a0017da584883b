import type { Keys } from '../draft.ts';
import { secretNotes } from '../secrets.ts';
import type { Building, ServicesContext } from './building.ts';
import type { Channels } from './channels.ts';
import type { Known } from './service-of-check.ts';
import { placeOf } from './shown.ts';
import type { Statement } from './statements.ts';
import { isWord } from './tokens.ts';
import type { MadeWatch } from './watch-of-test.ts';

/** Adds a watch to a service under a free name. */
export function addWatch(
  { name, keys, secrets, notes }: MadeWatch,
  statement: Statement,
  known: Known,
  owner: Known | undefined,
  building: Building,
  { main, channels, secrets: all }: ServicesContext,
): void {
  const { check } = known;
  const kinds = ['memory', 'cpu', 'fresh', 'http'];
  const of = check.type === 'system' ? 'system' : check.name;
  const wanted =
    known === owner
      ? name
      : `${of
          .replace(/[^A-Za-z0-9._-]+/g, '-')
          .replace(/^[._-]+/, '')
          .slice(0, 40)}-${name}`.replace(/^-/, '');
  let free = wanted;
  for (let number = 2; building.watches.has(free); number++) free = `${wanted}-${number}`;
  const kept = Object.fromEntries(
    Object.entries(secrets).map(([header, value]) => [header, all.keep(building.name, header, value)]),
  );
  // The watches of a unit have the daemon’s own environment.
  if (building.keys.unit === undefined)
    for (const variable of Object.values(kept)) building.env[variable] = `$${variable}`;
  const headers = keys['headers'];
  const renamed =
    typeof headers === 'object'
      ? {
          headers: Object.fromEntries(
            Object.entries(headers).map(([key, value]) => [
              key,
              typeof value === 'string' ? renamedReference(value, kept) : value,
            ]),
          ),
        }
      : {};
  const told = known === owner ? undefined : toldOf(known, channels);
  const nested = kinds.find((kind) => kind === name && free !== kind && !Object.hasOwn(keys, kind));
  const written: Keys = nested === undefined ? { ...keys, ...renamed } : withKind(nested, keys);
  building.watches.set(free, { ...written, ...(told === undefined ? {} : { notify: told }) });
  const commands = [
    keys['command'] ?? [],
    ...[keys['then'] ?? []].flat().map((step) => (typeof step === 'object' && 'run' in step ? step.run : [])),
  ];
  const secretWords = commands.flatMap((command) => secretNotes([command].flat().map(String)));
  for (const note of [...notes, ...secretWords.map((said) => said.replace(/^look: /, ''))])
    building.notes.push(`look: ${placeOf(statement, main)}: ${free}: ${note}`);
}

function renamedReference(value: string, kept: Readonly<Record<string, string>>): string {
  const variable = value.startsWith('$') ? kept[value.slice(1)] : undefined;
  return variable === undefined ? value : `$${variable}`;
}

/** A watch that is not named as its kind has the kind as a key. */
function withKind(kind: string, keys: Keys): Keys {
  const main = { memory: 'max', cpu: 'max', fresh: 'files', http: 'url' }[kind] ?? kind;
  const { [main]: value, ...rest } = keys;
  return value === undefined ? keys : { [kind]: value, ...rest };
}

/** Who hears of a check, where that is not everybody. */
export function toldOf({ check }: Known, { ofAll, nameOf }: Channels): readonly string[] | undefined {
  const named = (word: string): readonly string[] =>
    check.statements
      .filter(({ tokens }) => isWord(tokens[0], word))
      .flatMap(({ tokens }) => nameOf(tokens[1]?.text ?? '') ?? []);
  const [more, less] = [named('alert'), named('noalert')];
  if (more.length === 0 && less.length === 0) return undefined;
  return [...new Set([...ofAll, ...more])].filter((name) => !less.includes(name));
}
