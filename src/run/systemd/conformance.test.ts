import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createInstalled, makeUnit, removeUnit, type UnitOrder } from '../../../test/rig/installed.ts';
import { createHungDisk } from '../../../test/rig/hung-disk.ts';
import { leakCheck, onEnd, tempFolder, testStateId as stateId } from '../../../test/rig/leaks.ts';
import { createRig } from '../../../test/rig/child.ts';
import { until } from '../../../test/rig/wait.ts';
import { conformance, type Order } from '../../../test/rig/runner-conformance.ts';
import { boxOfFile, noBox } from '../../../test/rig/systemd-box.ts';
import { startProcess } from '../../core/processes.ts';
import type { PersistedService } from '../../core/runner.ts';

/** The runner and all that it runs are inside of the box, so this file runs itself there once more. */
const INSIDE = 'VAHTI_TEST_INSIDE';
const MAIN = path.join(import.meta.dirname, '../../../test/rig/installed-main.ts');

if (process.env[INSIDE] === '1') inside();
else outside();

/** The questions that wait longest: two halves side by side take half as long. */
const LONG = 'healthy life|slow lane';

function outside(): void {
  const box = boxOfFile();
  void test('systemd: what any runner must do, in a real systemd', { skip: noBox }, async (t) => {
    const run = async (...choice: readonly string[]): Promise<void> => {
      const argv = [`${INSIDE}=1`, process.execPath, '--test', ...choice, import.meta.filename];
      const [program = '', ...args] = box().inside('/', ...argv);
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const pipe of [child.stdout, child.stderr])
        pipe.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      const code = await new Promise((resolve) => child.once('close', resolve));
      assert.equal(code, 0, said);
      assert.match(said, /pass [1-9]/);
      for (const [line] of said.matchAll(/^✔ .*$/gm)) t.diagnostic(line);
    };
    await Promise.all([run(`--test-name-pattern=${LONG}`), run(`--test-skip-pattern=${LONG}`)]);
  });
}

/** As where the daemon has no right to: systemd does not do it. */
function refused(unitOf: (t: TestContext, order: Order) => UnitOrder): (t: TestContext) => Promise<void> {
  return async (t) => {
    leakCheck(t);
    const unit = unitOf(t, { argv: ['sleep', '1000'], env: {} });
    const more = `/etc/systemd/system/${unit.unit}.d`;
    fs.mkdirSync(more);
    onEnd(t, () => fs.rmSync(more, { recursive: true }));
    const forbid = (what: string): void => {
      fs.writeFileSync(path.join(more, 'refuse.conf'), `[Unit]\nRefuseManual${what}=yes\n`);
      execFileSync('systemctl', ['daemon-reload']);
    };
    forbid('Start');
    const { runner, drafts, close } = createInstalled(unit, undefined, () => {});
    onEnd(t, close);
    const notes = (): string[] => drafts.filter(({ kind }) => kind === 'note').map(({ message }) => message);
    runner.start('person');
    const sentence = new RegExp(`^cannot start ${unit.unit}: Operation refused`);
    assert.match((await runner.settled?.()) ?? '', sentence);
    await until(() => runner.snapshot().lane === 'backoff', {
      what: 'it to be paced as any start that fails',
    });
    assert.deepEqual([notes().length, runner.snapshot().failures], [1, 4], 'told once');
    forbid('Stop');
    runner.start('person');
    const life = await until(() => runner.snapshot().life, { what: 'a life' });
    runner.stop('person');
    await runner.ended();
    assert.match(
      (await runner.settled?.()) ?? '',
      new RegExp(`^cannot stop ${unit.unit}: Operation refused`),
    );
    const { state, wanted, life: still } = runner.snapshot();
    assert.deepEqual([state, wanted, still], ['running', true, life], 'it goes on as it was');
    fs.writeFileSync(path.join(more, 'refuse.conf'), '');
    execFileSync('systemctl', ['daemon-reload']);
  };
}

/** FUSE is not in the box: it is made there. */
function stuck(unitOf: (t: TestContext, order: Order) => UnitOrder): (t: TestContext) => Promise<void> {
  return async (t) => {
    leakCheck(t);
    if (fs.existsSync('/proc/misc') && !/\bfuse$/m.test(fs.readFileSync('/proc/misc', 'utf8')))
      return t.skip('a hung disk needs FUSE');
    if (!fs.existsSync('/dev/fuse')) execFileSync('mknod', ['/dev/fuse', 'c', '10', '229']);
    const disk = await createHungDisk(t);
    if (typeof disk === 'string') return t.skip(disk);
    const rig = await createRig(t);
    const unit = unitOf(t, { argv: rig.argv, env: rig.env, stopMs: 300 });
    const { runner, drafts, close } = createInstalled(unit, undefined, () => {});
    onEnd(t, close);
    onEnd(t, () => disk.release());
    runner.start('person');
    const child = await rig.nextChild();
    await until(() => runner.snapshot().pid === child.pid, { what: 'the life' });
    child.read(disk.file);
    runner.stop('person');
    const isStuck = (): boolean => runner.snapshot().state === 'stuck';
    await until(isStuck, { what: 'it to be stuck', deadlineMs: 20_000 }).catch(() => {});
    assert.equal(runner.snapshot().state, 'stuck', JSON.stringify(runner.snapshot()));
    const told = (): string[] => drafts.filter(({ kind }) => kind === 'flip').map(({ message }) => message);
    assert.match(told().join(), new RegExp(`stuck: SIGKILL does not end process ${child.pid}; nothing new`));
    // systemd has given up by then, and would start the next one beside it.
    const state = (): string =>
      execFileSync('systemctl', ['show', '-P', 'ActiveState', unit.unit], { encoding: 'utf8' });
    await until(() => /^(?:inactive|failed)$/.test(state().trim()), { what: 'systemd to leave it' });
    runner.start('person');
    assert.ok(isStuck());
    await disk.release();
    const next = await rig.nextChild(20_000);
    assert.notEqual(next.life, child.life);
    assert.deepEqual(told().at(-1), 'no longer stuck: its old processes are gone');
  };
}

function inside(): void {
  let made = 0;
  const units = new WeakMap<Order, UnitOrder>();
  const unitOf = (t: Parameters<typeof onEnd>[0], order: Order): UnitOrder => {
    const known = units.get(order);
    if (known !== undefined) return known;
    const { user, cwd = '/', stopMs = 10_000, ...rest } = order;
    const named = { unit: `svc-${process.pid}-${made++}.service`, stateId, folder: tempFolder(t) };
    const unit = { ...rest, ...named, cwd, stopMs, ...(user === undefined ? {} : { user: user.name }) };
    makeUnit(unit);
    onEnd(t, () => removeUnit(unit.unit));
    units.set(order, unit);
    return unit;
  };
  conformance('systemd', {
    fakeClock: false,
    adopts: true,
    atOnce: false,
    tellsOutputs: false,
    killedAtDeadline: /^killed by systemd after .*: it did not stop in time \(TimeoutStopSec\)$/,
    async make(t, order, { restored } = {}) {
      const unit = unitOf(t, order);
      let persisted: PersistedService | undefined;
      const { runner, drafts, close } = createInstalled(unit, restored, (state) => {
        persisted = state;
      });
      onEnd(t, close);
      const logText = (): string => fs.readFileSync(path.join(unit.folder, 'svc.log'), 'utf8');
      return { runner, drafts, persisted: () => persisted, logText };
    },
    makeToKill(t, order) {
      const unit = unitOf(t, order);
      const statePath = path.join(unit.folder, 'state.json');
      const daemon = startProcess({
        argv: [process.execPath, MAIN, JSON.stringify({ ...unit, statePath })],
        env: { PATH: process.env['PATH'] ?? '' },
        cwd: '/',
      });
      const kill = async (): Promise<PersistedService> => {
        process.kill(-(daemon.pid ?? 0), 'SIGKILL');
        await daemon.exited;
        return JSON.parse(fs.readFileSync(statePath, 'utf8')) as PersistedService;
      };
      onEnd(t, () => daemon.exited);
      return { kill };
    },
    async recover() {},
  });
  void test(
    'systemd: what systemd refuses is told once, and tried again as any start that fails',
    refused(unitOf),
  );
  void test(
    'systemd: what not even SIGKILL ends is stuck: nothing new starts until it is gone',
    stuck(unitOf),
  );
}
