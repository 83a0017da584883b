import { isReference } from '../environment.ts';
import { looksSecret } from './secrets.ts';

/** What becomes of a service's environment. */
export interface PlacedEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value` words for env(1): what `env:` of a config cannot say as it is. */
  readonly words: readonly string[];
  readonly notes: readonly string[];
}

/** The secrets of all services of one import: a variable that two services set to different values needs two names. */
export interface Secrets {
  /** The variable of the daemon's environment that is to hold the value. */
  keep(service: string, name: string, value: string): string;
  /** All of them, in the order in which they came. */
  names(): readonly string[];
}

export function createSecrets(): Secrets {
  const values = new Map<string, string>();
  return {
    keep(service, name, value) {
      const spelled = name.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
      const own = `${service
        .toUpperCase()
        .replace(/\W/g, '_')
        .replace(/^(?=\d)/, '_')}_${spelled}`;
      let free = spelled;
      for (let number = 2; values.has(free) && values.get(free) !== value; number++)
        free = number === 2 ? own : `${own}_${number}`;
      values.set(free, value);
      return free;
    },
    names: () => [...values.keys()],
  };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Sorts an environment into what `env:` can say. A secret becomes `$NAME`; a text that Vahti would look up (`file:x`, `$X`)
 * and a name that is none for a shell go through env(1), unchanged.
 * @param references variables that take their value from another one of the daemon's environment, by their names.
 */
export function placeEnvironment(
  service: string,
  written: Readonly<Record<string, string>>,
  secrets: Secrets,
  references: ReadonlyMap<string, string> = new Map(),
): PlacedEnvironment {
  const env: Record<string, string> = {};
  const words: string[] = [];
  const notes: string[] = [];
  for (const [name, value] of Object.entries(written)) {
    const from = references.get(name);
    if (from !== undefined && NAME.test(name)) env[name] = `$${from}`;
    else if (name.startsWith('VAHTI_LIFE'))
      notes.push(`not taken over: ${name}: Vahti tells its lives apart by it`);
    else if (name === '' || name.includes('='))
      notes.push(`not taken over: ${name}: no variable has such a name`);
    else if (NAME.test(name) && looksSecret(name, value))
      env[name] = `$${secrets.keep(service, name, value)}`;
    else if (looksSecret(name, value))
      notes.push(`not taken over: ${name}: a secret, under a name that no config can have`);
    else if (!NAME.test(name) || isReference(value)) words.push(`${name}=${value}`);
    else env[name] = value;
  }
  if (words.length > 0)
    notes.push(
      `env(1) sets ${words.map((word) => word.slice(0, word.indexOf('='))).join(', ')}: in \`env:\` Vahti would look the value up, or refuse the name`,
    );
  return { env, words, notes };
}

/** For the head of the file: which secrets the daemon's environment has to have. */
export function secretsNotes(secrets: Secrets, file: string): string[] {
  const names = secrets.names();
  if (names.length === 0) return [];
  return [
    `Secrets were not copied. Before \`vahti up\`, set them in its environment: ${names.join(', ')}. Their values are in ${file}.`,
  ];
}
