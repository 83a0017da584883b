import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/rig/leaks.ts';
import { processorsFor, readEnvFile } from './launch.ts';
import type { Plan } from './plan.ts';

function planOf(cpus: Readonly<Record<string, number | undefined>>): Plan {
  const services = Object.entries(cpus).map(([name, cpu]) => ({
    name,
    ...(cpu === undefined ? {} : { cpu }),
  }));
  return { services } as unknown as Plan;
}

test('services with cpu get processors of their own as long as there are any', () => {
  const plan = planOf({ a: 1, free: undefined, b: 1.5, c: 1, all: 4 });
  const processors = [0, 2, 4, 6];
  const given = plan.services.map(({ name }) => processorsFor(name, plan, processors));
  assert.deepEqual(given, [[0], undefined, [2, 4], [6], undefined]);
  const crowded = planOf({ a: 2, b: 1, c: 2 });
  assert.deepEqual(processorsFor('c', crowded, [0, 1, 2, 3]), [0, 3]);
});

test('an environment file that cannot be used says why, with its line', (t) => {
  const file = join(tempFolder(t), 'app.env');
  const read = (text: string) => {
    writeFileSync(file, text);
    return readEnvFile(file);
  };
  assert.deepEqual(read('A=1\n'), { ok: true, value: { A: '1' } });
  assert.deepEqual(read('A=1\nB'), { ok: false, error: `cannot use ${file}:2: no NAME=value` });
  assert.deepEqual(read('VAHTI_LIFE=x'), {
    ok: false,
    error: `cannot use ${file}: Vahti tells its lives apart by VAHTI_LIFE`,
  });
  assert.match(JSON.stringify(read('A'.repeat(1_048_577))), /larger than 1048576 bytes/);
  assert.match(JSON.stringify(readEnvFile(`${file}.gone`)), /cannot read the environment file: ENOENT/);
});
