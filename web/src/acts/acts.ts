import {
  askAck,
  askJobPause,
  askJobResume,
  askJobRun,
  askRestart,
  askSnooze,
  askSnoozeEnd,
  askStart,
  askStop,
} from '../api/generated.ts';

/** What a person can do with a service or a job from the page. */
export type Act =
  | 'start'
  | 'stop'
  | 'restart'
  | 'snooze'
  | 'snooze-end'
  | 'ack'
  | 'job-run'
  | 'job-pause'
  | 'job-resume';

export interface Target {
  readonly agent: string;
  /** SERVICE, SERVICE/WATCH, or job/NAME. */
  readonly name: string;
}

export interface ActWords {
  /** On a button. */
  readonly verb: string;
  readonly title: string;
  /** What will happen. */
  readonly about: string;
  readonly isDangerous: boolean;
}

export function actWords(act: Act, { agent, name }: Target): ActWords {
  const of = shown(name);
  const say = (verb: string, about: string, isDangerous = false): ActWords => ({
    verb,
    title: `${verb} ${of} on ${agent}`,
    about,
    isDangerous,
  });
  switch (act) {
    case 'start':
      return say('Start', 'It is started at once, and kept running.');
    case 'stop':
      return say('Stop', 'Its processes are ended, and it stays stopped until a person starts it.', true);
    case 'restart':
      return say('Restart', 'Its processes are ended, and it is started again.', true);
    case 'snooze':
      return say('Snooze', 'Nobody is told of it until then. It is watched all the same.');
    case 'snooze-end':
      return say('End the snooze', 'People are told of it again.');
    case 'ack':
      return say('Acknowledge', 'Nobody is told of this trouble again until it is over.');
    case 'job-run':
      return say('Run now', 'A run begins as soon as nothing is in the way.');
    case 'job-pause':
      return say('Pause', 'It does not run by itself until a person resumes it.');
    case 'job-resume':
      return say('Resume', 'It runs again when it is due.');
  }
}

/** Does it. Resolves with what came of it. @param until of a snooze, wall milliseconds. @throws where it was not done. */
export async function perform(act: Act, target: Target, why: string, until: number): Promise<string> {
  const { agent, name } = target;
  const names = [name];
  if (act === 'job-run') {
    const { lines } = await askJobRun(agent, { name: shown(name), dryRun: false }, why);
    return lines.at(-1) ?? `${shown(name)}: its run begins`;
  }
  const job = { names: [shown(name)] };
  const results = await {
    start: () => askStart(agent, { names }, why),
    stop: () => askStop(agent, { names }, why),
    restart: () => askRestart(agent, { names }, why),
    snooze: () => askSnooze(agent, { names, until }, why),
    'snooze-end': () => askSnoozeEnd(agent, { names }, why),
    ack: () => askAck(agent, { names }, why),
    'job-pause': () => askJobPause(agent, job, why),
    'job-resume': () => askJobResume(agent, job, why),
  }[act]();
  const failed = results.filter(({ done }) => !done);
  const said = (failed.length > 0 ? failed : results).map((each) => sentence(each)).join('; ');
  if (failed.length > 0) throw new Error(said);
  return said === '' ? `${shown(name)}: done` : said;
}

function sentence({ name, message }: { readonly name: string; readonly message: string }): string {
  return message.startsWith('cannot ') ? message : `${name}: ${message}`;
}

/** `job/NAME` is the job NAME. */
function shown(name: string): string {
  return name.startsWith('job/') ? name.slice('job/'.length) : name;
}
