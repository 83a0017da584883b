import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runSuite, type SuiteOptions, type SuiteResult } from '../scripts/testing/suite.ts';

const BUDGET_MS = 20_000;
const IMPORTS = `import test from 'node:test'; import { spawn } from 'node:child_process'; import assert from 'node:assert';`;

/** Runs planted test files, given by their text, as one suite. */
async function runPlanted(
  t: TestContext,
  texts: readonly string[],
  options: Partial<SuiteOptions & { budgetMs: number }> = {},
): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), 'vahti-runner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = texts.map((_, i) => join(folder, `planted-${i}.test.mjs`));
  files.forEach((file, i) => writeFileSync(file, `${IMPORTS}\n${texts[i]}\n`));
  const { budgetMs = BUDGET_MS, ci = false, realData = true } = options;
  const { signal = new AbortController().signal } = options;
  const suite = { name: 'planted', files: '', budgetMs, testTimeoutMs: 10_000 };
  return runSuite(suite, files, { output: 'ignore', ci, realData, signal });
}

test('the runner counts what passed, failed and was skipped', async (t) => {
  const result = await runPlanted(t, [
    `test('right', () => {}); test('wrong', () => assert.fail());`,
    `test.describe('group', () => { test('right', () => {}); test('not here', { skip: 'no docker' }, () => {}); });`,
  ]);
  assert.deepEqual([result.tests, result.passed, result.failed, result.skips.length], [4, 2, 1, 1]);
  assert.deepEqual(result.problems, []);
  assert.match(result.skips[0] ?? '', /planted-1\.test\.mjs: not here \(no docker\)$/);
});

test('what fails beside others and passes alone is named; what fails twice has failed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vahti-runner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const once = (name: string): string =>
    `import fs from 'node:fs'; test('${name}', () => { const seen = fs.existsSync('${join(folder, name)}'); fs.writeFileSync('${join(folder, name)}', ''); assert.ok(seen); });`;
  const steady = `test('right', () => {});`;
  const good = await runPlanted(t, [`${once('one')} ${steady}`, steady]);
  assert.deepEqual([good.tests, good.passed, good.failed, good.unsteady.length], [3, 3, 0, 1]);
  assert.match(good.unsteady[0] ?? '', /planted-0\.test\.mjs: one$/);
  const bad = await runPlanted(t, [once('two'), `test('wrong', () => assert.fail());`]);
  assert.deepEqual([bad.failed, bad.unsteady], [2, []]);
});

test('the runner fails a suite that skips in CI', async (t) => {
  const result = await runPlanted(t, [`test('right', () => {}); test('later', { todo: true }, () => {});`], {
    ci: true,
  });
  assert.match(result.problems.join(), /1 skipped in CI/);
  assert.equal(result.failed, 1);
});

test('in CI only what needs real data may be skipped, and only where there are none', async (t) => {
  const texts = [
    `test('right', () => {}); test('frames', { skip: 'no ../shared/data/firehose here' }, () => {});`,
  ];
  const without = await runPlanted(t, texts, { ci: true, realData: false });
  assert.deepEqual([without.problems, without.failed, without.skips.length], [[], 0, 1]);
  const beside = await runPlanted(t, texts, { ci: true });
  assert.match(beside.problems.join(), /1 skipped in CI/);
  const other = [`test('right', () => {}); test('box', { skip: 'no systemd' }, () => {});`];
  assert.match((await runPlanted(t, other, { ci: true, realData: false })).problems.join(), /1 skipped/);
});

test('the runner fails a suite with a file that has no tests', async (t) => {
  const result = await runPlanted(t, ['']);
  assert.match(result.problems.join(), /planted-0\.test\.mjs has no tests.*ran no tests at all/);
});

test('the runner fails a suite whose file breaks before its first test', async (t) => {
  const result = await runPlanted(t, [`throw new Error('broken');`, `test('right', () => {});`]);
  assert.deepEqual([result.passed, result.failed], [1, 1]);
});

test('the runner ends a suite that exceeds its budget, and names the file', async (t) => {
  const result = await runPlanted(t, [`test('right', () => {}); setInterval(() => {}, 1000);`], {
    budgetMs: 1_500,
  });
  assert.match(
    result.problems.join(),
    /^exceeded its budget of 1\.5 s; still running: .*planted-0\.test\.mjs$/,
  );
  assert.ok(result.ms < BUDGET_MS, `took ${result.ms} ms`);
});

test('the runner kills and reports processes that a suite leaves behind, in groups of their own too', async (t) => {
  const result = await runPlanted(t, [
    `test('leaves', () => { spawn('sleep', ['9071'], { detached: true, stdio: 'ignore' }).unref(); });`,
  ]);
  assert.match(result.problems.join(), /left processes behind \(now killed\):\s+\d+ sleep 9071$/);
});

test('the runner ends a suite when it is interrupted', async (t) => {
  const result = await runPlanted(
    t,
    [`test('waits', () => new Promise(() => { setInterval(() => {}, 1000); }));`],
    {
      signal: AbortSignal.timeout(700),
    },
  );
  assert.match(result.problems.join(), /^was interrupted/);
});
