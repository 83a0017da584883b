import {
  askPipelineAdopt,
  askPipelineDrain,
  askPipelineHold,
  askPipelineResume,
  askPipelineRetry,
} from '../../api/generated.ts';

/** What a person can do with a pipeline. */
export interface PipelineAct {
  readonly verb: string;
  readonly title: string;
  /** What will happen. */
  readonly about: string;
  readonly icon: 'pause' | 'play' | 'restart' | 'check';
  readonly perform: (why: string) => Promise<string>;
}

interface Target {
  readonly agent: string;
  readonly name: string;
}

type Results = readonly { readonly name: string; readonly done: boolean; readonly message: string }[];

function said(results: Results): string {
  return results.map(({ name, message }) => `${name}: ${message}`).join('; ');
}

export function holdAct({ agent, name }: Target): PipelineAct {
  return {
    verb: 'Hold',
    title: `Hold ${name} on ${agent}`,
    about: 'Nothing new begins, over restarts too, until a person resumes it. What runs goes on.',
    icon: 'pause',
    perform: async (why) => said(await askPipelineHold(agent, { name }, why)),
  };
}

export function drainAct({ agent, name }: Target): PipelineAct {
  return {
    verb: 'Drain',
    title: `Drain ${name} on ${agent}`,
    about: 'Nothing new begins, and what runs comes to its end: it is waited for, for some seconds.',
    icon: 'pause',
    perform: async (why) => said(await askPipelineDrain(agent, { name }, why)),
  };
}

export function resumeAct({ agent, name }: Target): PipelineAct {
  return {
    verb: 'Resume',
    title: `Resume ${name} on ${agent}`,
    about: 'It goes on with what waits.',
    icon: 'play',
    perform: async (why) => said(await askPipelineResume(agent, { name }, why)),
  };
}

/** What is tried again: a file, what failed of a step, or of a step for a reason; otherwise all that failed. */
export interface Retried {
  readonly file?: string;
  readonly step?: string;
  readonly reason?: string;
}

export function retryAct({ agent, name }: Target, retried: Retried, what: string): PipelineAct {
  return {
    verb: 'Retry',
    title: `Retry ${what} of ${name} on ${agent}`,
    about: `What has failed of it is done again as soon as there is room.${retried.step === undefined ? ' A file that its inbox refused goes on as it is.' : ''}`,
    icon: 'restart',
    perform: async (why) => said(await askPipelineRetry(agent, { name, ...retried }, why)),
  };
}

/** @param file `#17`. @param called how people call it. */
export function adoptAct({ agent, name }: Target, file: string, called: string): PipelineAct {
  return {
    verb: 'Adopt',
    title: `Adopt ${called} of ${name} on ${agent}`,
    about:
      'It is written down as done, as it is now, and nothing is made of it: another system has worked on it.',
    icon: 'check',
    perform: async (why) => said(await askPipelineAdopt(agent, { name, file }, why)),
  };
}
