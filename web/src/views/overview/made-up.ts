import type { Agent, Job, Service } from '../../live/hub.svelte.ts';

/** Services, jobs and hosts for tests: all is well but for what is said. */
export function madeService(said: Partial<Service>): Service {
  return {
    agent: 'alpha',
    name: 'web',
    kind: 'run',
    about: './web',
    state: 'running',
    condition: 'ok',
    trouble: '',
    since: 1000,
    stateSince: 1000,
    wanted: true,
    boot: true,
    ready: null,
    life: 'l1',
    pid: 7,
    startedAt: 1000,
    waitsFor: [],
    needs: [],
    lane: 'fast',
    failures: 0,
    starts: 1,
    mostStarts: 12,
    nextStartAt: null,
    lastExit: null,
    watches: [],
    silences: [],
    figures: {},
    stream: null,
    ...said,
  };
}

export function madeJob(said: Partial<Job>): Job {
  return {
    agent: 'alpha',
    name: 'dump',
    verb: 'run',
    about: './dump',
    state: 'idle',
    standing: 'ok',
    condition: 'ok',
    trouble: '',
    since: 1000,
    run: null,
    progress: null,
    waiting: null,
    blocked: null,
    pause: null,
    lateAt: null,
    last: null,
    next: [],
    zone: null,
    after: [],
    ...said,
  };
}

export function madeAgent(said: Partial<Agent>): Agent {
  return { agent: 'alpha', connected: true, since: 1000, heardAt: 1000, host: null, ...said };
}

export function madeWatch(said: Partial<Service['watches'][number]>): Service['watches'][number] {
  return {
    name: 'log',
    kind: 'log',
    state: 'ok',
    since: 1000,
    value: null,
    reason: null,
    lookedAt: null,
    dueAt: null,
    nextLookAt: null,
    nextAction: null,
    ...said,
  };
}
