import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { initialState, type ServiceState, type StateName, type Then } from '../service-state.ts';
import { type Around, dueVerb, type Sight, sightOf } from './due-verb.ts';
import type { UnitFacts } from '../../core/units.ts';

const STATES: readonly StateName[] = [
  'stopped',
  'waiting',
  'blocked',
  'running',
  'stopping',
  'done',
  'stuck',
];
const THENS: readonly Then[] = ['stay', 'start', 'again', 'renew', 'done', 'rest'];
const SIGHTS: readonly Sight[] = ['runs', 'ends', 'restarts', 'idle', 'unusable'];

const state = (name: StateName, then: Then = 'again'): ServiceState => ({
  ...initialState(0),
  state: name,
  then,
});
const around = (sight: Sight, how: Partial<Around> = {}): Around => ({
  sight,
  awaited: false,
  follows: true,
  ...how,
});

test('a unit is seen as what matters to who keeps it', () => {
  const seen = (active: string, sub = '', load = 'loaded'): Sight =>
    sightOf({ active, sub, load } as unknown as UnitFacts);
  assert.deepEqual(
    [seen('active'), seen('reloading'), seen('activating', 'start'), seen('activating', 'auto-restart')],
    ['runs', 'runs', 'runs', 'restarts'],
  );
  assert.equal(seen('activating', 'auto-restart-queued'), 'restarts', 'systemd 254');
  assert.deepEqual([seen('deactivating'), seen('inactive'), seen('failed')], ['ends', 'idle', 'idle']);
  assert.deepEqual([seen('inactive', '', 'not-found'), seen('inactive', '', 'masked')], ['unusable', 'idle']);
});

test('what is due is started only when systemd does not do it, and where there is a unit', () => {
  const due = SIGHTS.map((sight) => dueVerb(state('running'), around(sight, { awaited: true })));
  assert.deepEqual(due, [undefined, undefined, undefined, 'start', undefined]);
  assert.equal(dueVerb(state('running'), around('idle')), undefined, 'its end has not been told yet');
});

test('a restart that nobody asked for leaves a stop alone, and is a stop where the next life is not at once', () => {
  assert.equal(dueVerb(state('stopping', 'start'), around('runs')), 'restart');
  assert.equal(dueVerb(state('stopping', 'again'), around('runs')), 'try-restart');
  assert.equal(dueVerb(state('stopping', 'renew'), around('runs')), 'try-restart');
  assert.equal(dueVerb(state('stopping', 'again'), around('runs', { follows: false })), 'stop');
  assert.equal(dueVerb(state('stopping', 'stay'), around('runs')), 'stop');
  assert.equal(dueVerb(state('stopping', 'stay'), around('restarts')), 'stop');
  assert.equal(dueVerb(state('stopping', 'again'), around('restarts')), undefined);
  assert.equal(dueVerb(state('stopping', 'start'), around('restarts')), 'restart', 'at once');
});

test('whatever is seen: what waits, or is not wanted, is never started; systemd starts nothing by itself then', () => {
  const any = fc.record({
    name: fc.constantFrom(...STATES),
    then: fc.constantFrom(...THENS),
    sight: fc.constantFrom(...SIGHTS),
    awaited: fc.boolean(),
    follows: fc.boolean(),
  });
  fc.assert(
    fc.property(any, ({ name, then, ...how }) => {
      const verb = dueVerb(state(name, then), how);
      if (name !== 'running' && name !== 'stopping') {
        assert.ok(verb === undefined || verb === 'stop');
        if (how.sight === 'restarts') assert.equal(verb, 'stop');
      }
      if (verb === 'start') assert.equal(how.sight, 'idle');
      if (name === 'stopping' && (then === 'stay' || then === 'rest'))
        assert.ok(verb === undefined || verb === 'stop');
    }),
  );
});
