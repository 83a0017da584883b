import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAMES, problemsOf } from '../../../../test/rig/publishing.ts';
import { compileNaming, publicName, supplementName } from './names.ts';

const PIPELINES = {
  telemetry: { products: '/data/products', steps: ['LB', 'level0', 'L1'] },
  other: { products: '/x', steps: [] },
};

test('what can be wrong with a job that publishes is found before it runs, all of it', () => {
  const said = (options: Record<string, unknown>): readonly string[] => problemsOf(options, PIPELINES);
  assert.deepEqual(
    said({ pipeline: 'telemetry', levels: ['level0', 'L*'], as: '{level}/{name}_V{version}{ext}' }),
    [],
  );
  assert.deepEqual(said({ pipeline: 'telemtry' }), [
    'cannot find a pipeline "telemtry", did you mean "telemetry"? (there are telemetry, other)',
  ]);
  assert.deepEqual(said({ pipeline: 'other' }), [
    'cannot publish /data/products as products of other: those lie in /x',
  ]);
  assert.deepEqual(said({ pipeline: 'telemetry', levels: ['levle0'], 'wait-of': { L2: '1min' } }), [
    'cannot find a step "levle0" of telemetry, did you mean "level0"? (there are LB, level0, L1)',
    'cannot find a step "L2" of telemetry (there are LB, level0, L1)',
  ]);
  assert.deepEqual(said({ names: NAMES, as: '{levle}/{x}{ext}', levels: ['L0'] }), [
    'cannot use {levle} in as: nothing gives it, did you mean "level"?',
    'cannot use {x} in as: nothing gives it',
  ]);
  assert.deepEqual(said({ levels: ['L0'], products: 'ql', versions: 'latest', 'wait-of': { L0: '1s' } }), [
    'cannot use levels: `names` captures no {level}',
    'cannot use wait-of: `names` captures no {level}',
    'cannot use products: `names` captures no {product}',
    'cannot use versions: `names` captures no {version}',
  ]);
  assert.deepEqual(said({ to: '/data/products/public', conflict: { quarantine: '/data' } }), [
    'cannot publish /data/products to /data/products/public: one lies in the other',
    'cannot put files aside in /data: it and /data/products lie in each other',
    'cannot put files aside in /data: it and /data/products/public lie in each other',
  ]);
  assert.deepEqual(
    said({ conflict: { supplements: 1, as: '{name}' }, compare: ['cmp', '{old}'], hooks: [['true']] }),
    [
      'cannot use conflict.as without {n}: all supplements would have one name',
      'cannot use compare without {new}: it tells two files apart',
      'cannot use a hook without {file}: that is the copy that it may change',
    ],
  );
  assert.deepEqual(said({ to: 'host:/pub', by: 'ssh', group: 'www' }), [
    'cannot use group with by: ssh: only rsync knows it',
  ]);
  assert.deepEqual(said({ to: 'rclone:s3:x' }), [
    'cannot publish to rclone:s3:x: write HOST:FOLDER, or a folder here',
  ]);
  assert.deepEqual(said({ by: 'rsync' }), ['cannot use by with "/data/public": it is not reached by ssh']);
  assert.match(
    said({ compare: ['no-such-program-here', '{old}', '{new}'] }).join(),
    /cannot use the command "no-such-program-here"/,
  );
  assert.match(said({ names: 'a{b' }).join(), /it has a brace alone/);
  assert.match(said({ names: '{a}_{a}' }).join(), /it has \{a\} twice/);
});

test('public names: captures, suffixes that are left out, folders that are empty, and what is no name', () => {
  const naming = compileNaming({
    root: '/r',
    to: '/t',
    names: ['solo_{level}_stix-{product}_{range}_V{version}{incomplete?}.*'],
    as: '{dir}/{level}/{product}_{range}_V{version}{ext}',
    conflict: { as: '{level}/{product}-sup{n}{ext}' },
  });
  assert.ok(naming.ok);
  const { names, as } = naming.value;
  const read = names.read('x/solo_L1_stix-ql-x_20220101_V02U.fits');
  assert.deepEqual(read, { level: 'L1', product: 'ql-x', range: '20220101', version: '02', incomplete: 'U' });
  assert.equal(names.read('solo_L1_stix-ql-x_20220101_V02.fits')?.['incomplete'], '');
  assert.equal(names.read('solo_L1_stix-ql-x_20220101_Vxx.fits'), undefined);
  const values = { ...read, dir: '', ext: '.fits' };
  assert.deepEqual(publicName(as, values), { ok: true, value: 'L1/ql-x_20220101_V02.fits' });
  assert.deepEqual(supplementName(naming.value, 'L1/y.fits', values, 2), {
    ok: true,
    value: 'L1/ql-x-sup2.fits',
  });
  assert.deepEqual(supplementName({ ...naming.value, supplement: undefined }, 'L1/y.fits', values, 2), {
    ok: true,
    value: 'L1/y-sup2.fits',
  });
  for (const bad of ['..', 'a\nb', 'x'.repeat(300)])
    assert.equal(publicName(as, { ...values, product: `../${bad}`, dir: bad }).ok, false);
  assert.equal(publicName([], {}).ok, false);
});
