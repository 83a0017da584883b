import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

/** What the runner needs to know of one event, one JSON object a line. */
export interface TestLine {
  readonly event: 'begin' | 'end' | 'pass' | 'fail' | 'progress';
  /** A whole file (Node reports each as a test of its own), a `describe`, or a test. */
  readonly what: 'file' | 'suite' | 'test';
  readonly name: string;
  readonly file: string;
  /** Why it was skipped, or is still to be written. */
  readonly skipped?: string;
}

type TestData = Extract<
  TestEvent,
  { type: 'test:dequeue' | 'test:complete' | 'test:pass' | 'test:fail' }
>['data'];

const EVENTS: Readonly<Record<string, TestLine['event']>> = {
  'test:dequeue': 'begin',
  'test:complete': 'end',
  'test:pass': 'pass',
  'test:fail': 'fail',
};

function skipReason(data: TestData): string | undefined {
  const { skip, todo } = data as { skip?: string | boolean; todo?: string | boolean };
  if (skip !== undefined && skip !== false) return skip === true ? 'no reason given' : skip;
  if (todo !== undefined && todo !== false) return todo === true ? 'todo' : `todo: ${todo}`;
  return undefined;
}

function lineOf(event: TestLine['event'], data: TestData): TestLine {
  const file = data.file ?? '';
  const type = 'details' in data ? data.details.type : data.type;
  // Node makes one test of each file, named by its path from the working folder.
  const isFile = data.nesting === 0 && resolve(data.name) === file;
  const skipped = skipReason(data);
  return {
    event: isFile || event === 'pass' || event === 'fail' ? event : 'progress',
    what: isFile ? 'file' : type === 'suite' ? 'suite' : 'test',
    name: data.name,
    file,
    ...(skipped === undefined ? {} : { skipped }),
  };
}

/** Where `suite.ts` listens. Written here, because a pipe of Node's own cannot be opened as a reporter's destination. */
const RUNNER_FD = 3;

/** A reporter for `node --test` that tells `suite.ts` what happens, while it happens, and prints nothing. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    const event = EVENTS[type];
    if (event !== undefined) writeSync(RUNNER_FD, `${JSON.stringify(lineOf(event, data as TestData))}\n`);
  }
  yield '';
}
