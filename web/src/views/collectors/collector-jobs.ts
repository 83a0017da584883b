import type { Job } from '../../live/hub.svelte.ts';

/** Which jobs work on what a collector writes: a job says its folder, `archive data/firehose`. */

const VERBS: readonly string[] = ['archive', 'sync', 'purge', 'rotate', 'stage', 'unpack'];

/** @param into the collector's folder, where it is known. @param proved jobs that are known to have proved parts of it. */
export function jobsOf(
  jobs: readonly Job[],
  agent: string,
  into: string | undefined,
  proved: readonly string[],
): readonly Job[] {
  return jobs
    .filter((job) => job.agent === agent && VERBS.includes(job.verb))
    .filter(
      ({ name, verb, about }) =>
        proved.includes(name) || (into !== undefined && isSameFolder(about.slice(verb.length).trim(), into)),
    )
    .toSorted((a, b) => VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb) || a.name.localeCompare(b.name));
}

/** One may be written from the config's folder, the other from the root. */
function isSameFolder(a: string, b: string): boolean {
  const [one, other] = [tidy(a), tidy(b)];
  return (
    one !== '' && other !== '' && (one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`))
  );
}

function tidy(path: string): string {
  return path.replace(/\/+$/, '').replace(/^\.\//, '');
}
