/** A daemon's time line that grows, and its agent, in a process of their own that kills itself at a moment that it is told: FOLDER PORT. */
import { systemClock, type Timer } from '../../src/core/clock.ts';
import { linesOf, startRig } from './shipping.ts';

const [, , folder = '', port = ''] = process.argv;
const STEP = 90;
const STEP_MS = 5;

/** `unsaved`: instead of saving the cursor; `saved`: when it is saved; `line`: while lines are written. */
let crash = '';

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

const rig = startRig(undefined, {
  folder,
  url: `ws://127.0.0.1:${port}`,
  token: 'vahti_test_0_alpha',
  // The shortest waits.
  random: () => 0,
  save: (save) => {
    if (crash === 'unsaved') die();
    save();
    if (crash === 'saved') die();
  },
});

const newest = rig.store.query({ services: ['clock'], limit: 1 });
let line = linesOf(newest.map(({ message }) => message))[0] ?? 0;
let total = 0;
let timer: Timer | undefined;

const add = (): void => {
  if (line < total) {
    const count = Math.min(STEP, total - line);
    rig.add(line + 1, count);
    line += count;
    if (crash === 'line' && line >= total - 300) die();
    timer = systemClock.timer(STEP_MS, add);
    return;
  }
  const { backlog, standing, ...facts } = rig.shipping.state();
  // Says when the hub has all of it.
  if (backlog.records === 0 && standing === 'connected') process.send?.({ line, ...facts });
  else timer = systemClock.timer(20, add);
};

process.on('message', (wish: { readonly lines: number; readonly crash: string }) => {
  total = wish.lines;
  crash = wish.crash;
  timer?.cancel();
  add();
});
process.on('disconnect', () => {
  timer?.cancel();
  void rig.close(0);
});
