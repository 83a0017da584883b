import { ok } from '../core/result.ts';
import type { Beats } from './beats.ts';
import type { Launch } from './launch.ts';
import type { PlannedService } from './plan.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** The address that beats for a token are sent to. @param base `http://127.0.0.1:7081` */
export function beatUrl(base: string, token: string): string {
  return `${base}/beat/${token}`;
}

/** What a service finds in its environment, where it has beat watches. */
const BEAT_VARIABLES = {
  target: 'VAHTI_BEAT',
  url: 'VAHTI_BEAT_URL',
  control: 'VAHTI_CONTROL',
} as const;

/**
 * The variables by which a service beats: `vahti beat` finds the daemon by VAHTI_CONTROL and its watch by VAHTI_BEAT, a request
 * goes to VAHTI_BEAT_URL, where there is a listener. They name the first of several beat watches; each has VAHTI_BEAT_URL_NAME, too.
 */
export function beatEnvironment(
  service: string,
  beats: Beats,
  control: string,
): Readonly<Record<string, string>> {
  const targets = beats.watchesOf(service).map((watch) => ({ service, watch }));
  const [first] = targets;
  if (first === undefined) return {};
  const known = { [BEAT_VARIABLES.control]: control, [BEAT_VARIABLES.target]: `${service}/${first.watch}` };
  const base = beats.listens()?.own;
  if (base === undefined) return known;
  const urls = targets.map((target) => {
    const word = target.watch.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
    return [`${BEAT_VARIABLES.url}_${word}`, beatUrl(base, beats.token(target))] as const;
  });
  return { ...known, [BEAT_VARIABLES.url]: beatUrl(base, beats.token(first)), ...Object.fromEntries(urls) };
}

/** A launch whose environment has these variables: what the config sets by itself wins, what an outer Vahti had set is gone. */
export function launchWithBeats(
  launch: Launch,
  planned: PlannedService,
  { beats, paths }: Pick<SupervisionOptions, 'beats' | 'paths'>,
): Launch {
  if (beats === undefined) return launch;
  return launchWith(launch, planned, () => beatEnvironment(planned.name, beats, paths.control));
}

/** The same with variables that are known otherwise. */
export function launchWith(
  launch: Launch,
  { env: written }: PlannedService,
  variables: () => Readonly<Record<string, string>>,
): Launch {
  const names = Object.values(BEAT_VARIABLES);
  const isOurs = (name: string): boolean =>
    !Object.hasOwn(written, name) && names.some((each) => name === each || name.startsWith(`${each}_`));
  return {
    ...launch,
    env() {
      const found = launch.env();
      if (!found.ok) return found;
      const kept = Object.entries(found.value).filter(([name]) => !isOurs(name));
      const own = Object.entries(variables()).filter(([name]) => isOurs(name));
      return ok(Object.fromEntries([...kept, ...own]));
    },
  };
}
