import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../live/hub.svelte.ts';
import { jobsOf } from './collector-jobs.ts';

const job = (name: string, verb: string, about: string, agent = 'alpha'): Job =>
  ({ agent, name, verb, about }) as Job;

test('a collector has the jobs of its folder, and those that proved what is in it', () => {
  const jobs = [
    job('clean', 'purge', 'purge /srv/v/data/firehose/'),
    job('archive', 'archive', 'archive data/firehose'),
    job('other', 'archive', 'archive data/firehose-2'),
    job('elsewhere', 'archive', 'archive data/firehose', 'beta'),
    job('offsite', 'sync', 'sync backup'),
    job('say', 'run', 'echo data/firehose'),
  ];
  const names = (into: string | undefined, proved: readonly string[]): readonly string[] =>
    jobsOf(jobs, 'alpha', into, proved).map(({ name }) => name);
  assert.deepEqual(names('/srv/v/data/firehose', []), ['archive', 'clean']);
  assert.deepEqual(names('./data/firehose/', ['offsite']), ['archive', 'offsite', 'clean']);
  assert.deepEqual(names(undefined, []), []);
});
