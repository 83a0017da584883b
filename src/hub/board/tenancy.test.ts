import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  agent,
  HOST,
  reportedJob,
  reportedPipeline,
  reportedService,
  startBoard,
  testSession,
  user,
  wholeOf,
} from '../../../test/rig/boards.ts';
import { ask } from '../../../test/rig/hub-asking.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { systemClock } from '../../core/clock.ts';

/** In all that belongs to the other agent, and in nothing else. */
const MARK = 'zq9x';

const otherService = (condition: 'ok' | 'bad' = 'ok') =>
  reportedService(`web-${MARK}`, {
    condition,
    about: MARK,
    figures: { [`watch:${MARK}`]: 5 },
    lastExit: { at: 1, text: MARK, level: 17 },
    pipeline: reportedPipeline(MARK),
  });
const otherReport = () => ({
  ...wholeOf([otherService()], [reportedJob(`clean-${MARK}`)]),
  host: { ...HOST, host: MARK },
});

const now = systemClock.now();
const someName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('own', `other-${MARK}`) },
  fc.constantFrom(`other-${MARK}/`, '*', '', '__proto__', 'Own', 'a'.repeat(400), '%'),
);
const someService = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('web', `web-${MARK}`) },
  fc.constantFrom('', 'constructor', `../other-${MARK}/web-${MARK}`),
);
const someTime = (good: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(String(good)) }, fc.constantFrom('0', 'x'));
const PARAMS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  agent: someName,
  name: someService,
  of: fc.tuple(someName, someService).map((pair) => pair.join('/')),
  range: fc.constantFrom('24h', '90d', 'x'),
  since: someTime(now - 3_600_000),
  until: someTime(now),
  agents: someName,
  principal: fc.constant('root'),
};
const USUAL: Readonly<Record<string, readonly string[]>> = {
  board: [],
  bars: ['range'],
  bar: ['agent', 'name', 'range'],
  sparks: ['of', 'of'],
  series: ['agent', 'name', 'since', 'until'],
};
/** What may be seen by who may see `own`. */
const OWN: Readonly<Record<string, string>> = {
  agent: 'own',
  name: 'web',
  of: 'own/web',
  range: '24h',
  since: String(now - 3_600_000),
  until: String(now),
};
/** Mostly what is asked in good faith, at times with something else beside. */
const someQuestion = fc
  .tuple(
    fc.constantFrom(...Object.keys(USUAL)),
    fc.array(fc.constantFrom(...Object.keys(PARAMS)), { maxLength: 1 }),
  )
  .chain(([path, more]) => {
    const keys = [...(USUAL[path] ?? []), ...(more.length === 1 && more[0] !== 'range' ? more : [])];
    const values = keys.map((key) => PARAMS[key] as fc.Arbitrary<string>);
    return fc.tuple(fc.constant(path), fc.constant(keys), fc.tuple(...values));
  });

/** The question itself comes back in what is said of a mistake. */
function without(text: string, values: readonly string[]): string {
  return [...values]
    .sort((a, b) => b.length - a.length)
    .reduce((left, value) => left.replaceAll(value || '\0', ''), text);
}

test('whatever is asked of the board by HTTP, nobody sees anything of an agent that he may not see', async (t) => {
  leakCheck(t);
  const rig = startBoard(t);
  await rig.report(testSession(agent('own')), wholeOf([reportedService('web')]));
  await rig.report(testSession(agent(`other-${MARK}`)), otherReport());
  await rig.clock.advance(120_000);
  const hub = await startHub(t, { routes: [(app, doors) => rig.board.register(app, doors)] });
  const tokens = [
    hub.userToken('ann', 'admin', ['own']),
    hub.agentToken('own'),
    hub.userToken('none', 'view', []),
  ];
  await fc.assert(
    fc.asyncProperty(someQuestion, fc.constantFrom(...tokens), async ([path, keys, values], token) => {
      const query = keys.map((key, index) => `${key}=${encodeURIComponent(values[index] ?? '')}`).join('&');
      const answer = await ask(hub, `/api/${path}?${query}`, token);
      assert.ok([200, 400, 404].includes(answer.status), answer.text);
      assert.ok(!without(answer.text, values).includes(MARK), answer.text);
      if (answer.status === 200) assert.ok(!answer.text.includes(MARK), answer.text);
    }),
    { numRuns: 300 },
  );
  // Of what he may see he is answered: chance does not always ask for that.
  for (const [path, keys] of Object.entries(USUAL)) {
    const query = keys.map((key) => `${key}=${encodeURIComponent(OWN[key] ?? '')}`).join('&');
    const answer = await ask(hub, `/api/${path}?${query}`, tokens[0]);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  }
  const root = hub.userToken('root', 'view');
  for (const path of ['board', 'bars?range=24h', `sparks?of=other-${MARK}/web-${MARK}`])
    assert.ok((await ask(hub, `/api/${path}`, root)).text.includes(MARK), 'who may see all does');
});

const step = fc.record({
  what: fc.constantFrom('board', 'unboard', 'report', 'part', 'gone', 'end', 'wait', 'slow', 'fast'),
  who: fc.nat(4),
  condition: fc.constantFrom('ok' as const, 'bad' as const),
});

test('whatever happens on a connection, nobody is told of an agent that he may not see', async (t) => {
  leakCheck(t);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const rig = startBoard(t);
      let other = testSession(agent(`other-${MARK}`));
      let own = testSession(agent('own'));
      const watching = [
        user('ann', ['own']),
        agent('own'),
        user('none', []),
        user('ann', ['own']),
        agent('own'),
      ];
      const sessions = watching.map((principal) => testSession(principal));
      const root = testSession(user('root'));
      await rig.act('board', root);
      await rig.report(own, wholeOf([reportedService('web')]));
      await rig.report(other, otherReport());
      const answers: unknown[] = [];
      for (const { what, who, condition } of steps) {
        const session = sessions[who] ?? root;
        if (what === 'board' || what === 'unboard') answers.push(await rig.act(what, session));
        if (what === 'report') {
          [other, own] = [testSession(agent(`other-${MARK}`)), testSession(agent('own'))];
          await rig.report(own, wholeOf([reportedService('web', { condition })]));
          await rig.report(other, otherReport());
        }
        if (what === 'part' && !other.signal.aborted)
          await rig.report(other, { services: [otherService(condition)] });
        if (what === 'gone' && !other.signal.aborted)
          await rig.report(other, { gone: { services: [`web-${MARK}`], jobs: [`clean-${MARK}`] } });
        if (what === 'end') other.end();
        if (what === 'wait') await rig.clock.advance(condition === 'ok' ? 300 : 11_000);
        session.takes = what === 'slow' ? false : session.takes || what === 'fast';
        if (what === 'fast') session.ring();
      }
      await rig.clock.advance(300);
      for (const session of sessions) assert.ok(!JSON.stringify(session.pushed).includes(MARK));
      assert.ok(!JSON.stringify(answers).includes(MARK));
      assert.ok(JSON.stringify(root.pushed).includes(MARK));
      for (const session of [...sessions, root, own, other]) session.end();
      rig.close();
    }),
    { numRuns: 40 },
  );
});
