import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DaemonStatus, ServiceStatus } from '../app/control-api.ts';
import type { StoredRecord } from '../core/record.ts';
import { cutLine, renderScreen } from './live-view.ts';
import { columnsOf } from './output.ts';

const NOW = Date.UTC(2026, 10, 22, 1, 2, 3);

function service(name: string, more: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name,
    kind: 'command',
    ready: null,
    readyAt: null,
    waitsFor: [],
    state: 'running',
    since: NOW - 65_000,
    wanted: true,
    life: 'L',
    pid: 42,
    startedAt: NOW - 65_000,
    lane: 'fast',
    failures: 0,
    startsInWindow: 1,
    nextStartAt: null,
    lastExit: null,
    log: '/l',
    figures: null,
    boot: { starts: true, by: 'config', why: null, at: null },
    memory: null,
    watches: [],
    watchRestarts: [],
    silences: [],
    ...more,
  };
}

function status(services: readonly ServiceStatus[]): DaemonStatus {
  return {
    version: '1.2.3',
    pid: 1,
    since: NOW - 3_600_000,
    config: 'vahti.yaml',
    state: '/s',
    services,
    jobs: [],
    shipping: null,
  };
}

function record(message: string): StoredRecord {
  return {
    agent: 'a',
    seq: 1,
    received: 0,
    host: 'h',
    time: NOW * 1000,
    service: 's',
    life: '',
    kind: 'log',
    level: 9,
    sender: 'stdout',
    message,
  };
}

const plain = (line: string): string => line.replace(/\u001b\[[0-9;]*m/g, '');

test('the screen shows every service with its state, and the newest records', () => {
  const waiting = service('web', {
    state: 'waiting',
    lane: 'slow',
    nextStartAt: NOW + 600_000,
    lastExit: { at: NOW, text: 'exited with code 1 after 3ms' },
  });
  const screen = { columns: 120, rows: 12, colour: false, now: NOW };
  const lines = renderScreen(status([service('clock'), waiting]), [record('hello')], screen);
  assert.equal(lines.length, 12);
  assert.match(lines[3] as string, /^clock +running +1m5s .*pid 42/);
  assert.match(lines[4] as string, /^web +waiting \(slow\) .*next start in 10m; exited with code 1/);
  assert.match(lines.join('\n'), /01:02:03 INFO {2}s +hello/);
});

test('at every size no line is wider than the screen, and there are as many as it has rows', () => {
  const names = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 30 });
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      names,
      texts,
      fc.integer({ min: 20, max: 150 }),
      fc.integer({ min: 6, max: 60 }),
      fc.boolean(),
      (each, said, columns, rows, colour) => {
        const lines = renderScreen(status(each.map((name) => service(name))), said.map(record), {
          columns,
          rows,
          colour,
          now: NOW,
        });
        assert.equal(lines.length, rows);
        for (const line of lines) assert.ok(columnsOf(plain(line)) <= columns, JSON.stringify(line));
      },
    ),
    { numRuns: 200 },
  );
});

test('foreign control characters never reach the terminal', () => {
  const lines = renderScreen(
    status([service('\u001b[31mred')]),
    [record('\u001b]0;title\u0007 \u202e back')],
    { columns: 100, rows: 10, colour: false, now: NOW },
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  assert.doesNotMatch(lines.join(''), /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('a coloured line is cut by columns, and its colour ends with it', () => {
  assert.equal(cutLine('\u001b[31mabcdef\u001b[0m', 3), '\u001b[31mabc\u001b[0m');
  assert.equal(cutLine('日本語', 5), '日本');
  assert.equal(cutLine('abc', 3), 'abc');
});

test('the link of the page is never cut off: it goes over as many lines as it needs', () => {
  const page = `page: http://127.0.0.1:7080/login?code=${'k'.repeat(60)}`;
  const lines = renderScreen(status([service('clock')]), [], {
    columns: 40,
    rows: 12,
    colour: false,
    now: NOW,
    page,
  });
  assert.equal(lines.length, 12);
  assert.equal(lines.slice(1, 4).join(''), page);
  assert.match(lines[6] ?? '', /^clock/);
});
