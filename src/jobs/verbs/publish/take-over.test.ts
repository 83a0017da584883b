import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { publishRig } from '../../../../test/rig/publishing.ts';
import { historyPath, openHistory } from './history.ts';
import type { ForeignRow } from './take-over.ts';

test('the history of another system is gone on with: nothing is published twice, what failed is tried again', async (t) => {
  const rig = publishRig(t);
  const paths = ['sum', 'time', 'unknown', 'grown', 'failed', 'listed', 'sup', 'new'];
  for (const path of paths) rig.put(path, path);
  const mtimeNs = String(statSync(join(rig.root, 'time'), { bigint: true }).mtimeNs);
  const row = (path: string, more: Partial<ForeignRow> = {}): ForeignRow => ({
    path,
    baseName: path,
    publishedAt: RIG_NOW - 1000,
    result: 'published',
    ...more,
  });
  const rows = [
    row('sum', { sha256: sha256('sum') }),
    row('time', { bytes: 4, mtimeNs }),
    row('unknown'),
    row('grown', { sha256: sha256('what it was'), bytes: 3 }),
    row('failed', { result: 'error' }),
    row('listed', { result: 'blacklisted' }),
    row('sup', { result: 'supplement', supplement: 1, publicName: 'sum-sup1', baseName: 'sum' }),
  ];
  const opened = openHistory(historyPath(rig.base, 'publish'));
  assert.ok(opened.ok);
  assert.deepEqual(opened.value.takeOver(rows), { taken: 7, known: 0 });
  assert.deepEqual(opened.value.takeOver(rows), { taken: 0, known: 7 }, 'a second time changes nothing');
  opened.value.close();
  const { said } = await rig.run();
  assert.deepEqual(Object.keys(rig.published()).toSorted(), ['failed', 'listed', 'new']);
  assert.match(said.join('\n'), /^changed after they were published: 1\n {2}grown: /);
  rig.put('unknown', 'later');
  assert.match(
    (await rig.run()).said.join('\n'),
    /unknown: published as unknown before/,
    'its content is known since',
  );
  rig.put('other', 'not the first supplement');
  await rig.run({ as: 'sum', conflict: { supplements: 2 }, files: 'other' });
  assert.equal(rig.published()['sum-sup2'], 'not the first supplement');
});
