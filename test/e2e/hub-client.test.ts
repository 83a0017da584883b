import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ClientOptions, type ClientStorage, createClient, type Row } from '../../src/client/index.ts';
import { openWatchdogs } from '../../src/hub/protocols/watchdog/watchdogs.ts';
import { createSockets } from '../../src/hub/protocols/ws/sockets.ts';
import { queryActions } from '../../src/hub/queries/actions.ts';
import { startHub, type TestHub, type TestHubOptions } from '../rig/hub-server.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { messagesOf, upTo } from '../rig/shipping.ts';
import { until } from '../rig/wait.ts';

/** A hub with all that is asked over a socket. */
function hubOf(t: TestContext, options: TestHubOptions & { readonly folder: string }): Promise<TestHub> {
  const sockets: TestHubOptions['sockets'] = (doors) => {
    const opened = openWatchdogs({ doors, folder: options.folder });
    if (!opened.ok) throw new Error(opened.error);
    onEnd(t, () => opened.value.close());
    return createSockets(
      doors,
      [...opened.value.actions, ...queryActions(doors)],
      opened.value.socketOptions,
    );
  };
  return startHub(t, { sockets, ...options });
}

function clientOf(t: TestContext, options: ClientOptions) {
  const client = createClient(options);
  onEnd(t, () => client.close({ timeoutMs: 0 }));
  return client;
}

function seqOf(row: Row | undefined): number {
  return Number(row?.id.split('/')[1]);
}

function inFile(path: string): ClientStorage {
  return {
    load() {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    save: (text) => writeFileSync(path, text),
  };
}

test('AC-23: what is said goes to the hub once, over restarts of the hub and of the program; requests, tails and notifications come back', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const file = join(tempFolder(t), 'client.json');
  const hub = await hubOf(t, { folder });
  const [token, reader] = [hub.agentToken('alpha'), hub.userToken('ann', 'view')];
  const said = { url: hub.url, token, service: 'shop', host: 'web-1', storage: inFile(file) };
  const first = clientOf(t, said);
  const user = clientOf(t, { url: hub.wsUrl, token: reader, as: 'user' });
  const rows: Row[] = [];
  const heard: string[] = [];
  user.tail({ service: 'shop' }, (got) => rows.push(...got.rows));
  user.on('notification', (got) => heard.push(...got.rows.map(({ message }) => `${got.agent}: ${message}`)));
  await user.request('ping');
  for (let each = 1; each <= 700; each++) first.log({ message: `${each}`, fields: { each } });
  assert.equal(first.notify({ level: 'error', message: '701' }), true);
  await first.flush();
  assert.deepEqual((await messagesOf(hub.store, 'alpha')).map(Number), upTo(701));
  await until(() => rows.length === 701 && heard.length === 1, { what: 'the tail and the notification' });
  assert.deepEqual(heard, ['alpha: 701']);
  const { id, service, host, fields } = rows[6] as Row;
  assert.deepEqual(
    { id, service, host, fields },
    { id: `alpha/${seqOf(rows[0]) + 6}`, service: 'shop', host: 'web-1', fields: { each: 7 } },
  );
  const answer = await user.request('query', { service: 'shop', level: 17 });
  assert.equal((answer['rows'] as Row[]).length, 1);
  await assert.rejects(user.request('query', { nonsense: 1 }), { code: 'invalid' });

  await hub.close();
  for (let each = 702; each <= 800; each++) first.log({ message: `${each}` });
  await until(() => first.state().standing === 'away', { what: 'the client to see that the hub is gone' });
  const { unsent } = await first.close({ timeoutMs: 0 });
  assert.equal(unsent, 99);
  const again = await hubOf(t, { folder, port: Number(new URL(hub.url).port) });
  again.agentToken('alpha');
  again.userToken('ann', 'view');
  const second = clientOf(t, said);
  second.log({ message: '801' });
  await second.flush();
  assert.deepEqual((await messagesOf(again.store, 'alpha')).map(Number), upTo(801));
  assert.equal(second.state().doubled, 0);
  await until(() => rows.length === 801, { what: 'the tail to go on' });
  assert.deepEqual(
    rows.map(({ message }) => Number(message)),
    upTo(801),
  );
  again.revoke(token);
  await until(() => second.state().standing === 'denied', { what: 'the client to be denied' });
  await assert.rejects(second.request('ping'), { code: 'denied' });
  assert.deepEqual(await second.close(), { unsent: 0 });
});
