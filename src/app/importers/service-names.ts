import { SERVICE_NAME } from '../config/schema.ts';

const LONGEST = 63;

/** Another program's name as Vahti takes it: small letters, digits, dots, dashes and underscores, up to 63. */
export function serviceName(name: string): string {
  const spelled = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, LONGEST)
    .replace(/[._-]+$/, '');
  return SERVICE_NAME.test(spelled) ? spelled : 'service';
}

/** Gives out names, none of them twice: a name that is taken gets a number. */
export function createNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    const wanted = serviceName(name);
    let free = wanted;
    for (let number = 2; taken.has(free); number++) {
      const end = `-${number}`;
      free = wanted.slice(0, LONGEST - end.length) + end;
    }
    taken.add(free);
    return free;
  };
}
