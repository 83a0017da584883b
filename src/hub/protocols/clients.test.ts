import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Line, untilStored } from '../../../test/rig/foreign-doors.ts';
import { startHub, type TestHub } from '../../../test/rig/hub-server.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { NO_RSYSLOG, startRsyslog } from '../../../test/rig/rsyslog.ts';
import { within } from '../../../test/rig/wait.ts';
import { registerLoki } from './loki/register.ts';
import { registerOtlp } from './otlp/register.ts';
import { openSyslog } from './syslog/door.ts';

/** What other people's clients send is what the doors take: the clients themselves. */

/** A package that may not be there; its exports are used as its documentation shows. */
async function packageOf<T>(t: TestContext, name: string): Promise<T | undefined> {
  try {
    return (await import(name)) as T;
  } catch {
    t.skip(`there is no package ${name} here`);
    return undefined;
  }
}

async function open(t: TestContext): Promise<{ hub: TestHub; token: string }> {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerLoki, registerOtlp] });
  return { hub, token: hub.agentToken('alpha') };
}

const seen = ({ service, level, message, fields }: Line) => ({ service, level, message, fields });

interface PinoLoki {
  pinoLoki(options: object): NodeJS.WritableStream;
}

test('pino-loki', async (t) => {
  const pinoLoki = await packageOf<PinoLoki>(t, 'pino-loki');
  if (pinoLoki === undefined) return;
  const { pino } = await import('pino');
  const { hub, token } = await open(t);
  const stream = pinoLoki.pinoLoki({
    host: hub.url,
    basicAuth: { username: 'vahti', password: token },
    labels: { app: 'shop' },
    batching: false,
    silenceErrors: false,
  });
  onEnd(t, () => stream.end());
  const log = pino({ base: null, timestamp: false }, stream);
  log.warn({ order: 7 }, 'late');
  log.info('fine');
  const [late, fine] = (await untilStored(hub.store, 2)).toSorted((a, b) => b.level - a.level);
  assert.deepEqual(late && [late.service, late.level, late.host], ['shop', 13, 'alpha']);
  assert.deepEqual(JSON.parse(late?.message ?? ''), { level: 40, order: 7, msg: 'late' });
  assert.deepEqual(fine && [fine.level, JSON.parse(fine.message)], [9, { level: 30, msg: 'fine' }]);
});

interface Winston {
  createLogger(options: object): { warn(text: string, more?: object): void; close(): void };
}

for (const json of [true, false])
  test(`winston-loki, by ${json ? 'JSON' : 'protobuf in snappy'}`, async (t) => {
    const winston = await packageOf<Winston>(t, 'winston');
    const transport =
      winston && (await packageOf<{ default: new (options: object) => object }>(t, 'winston-loki'));
    if (winston === undefined || transport === undefined) return;
    const { hub, token } = await open(t);
    const loki = new transport.default({
      host: hub.url,
      basicAuth: `vahti:${token}`,
      labels: { job: 'shop' },
      json,
      batching: false,
      replaceTimestamp: false,
      gracefulShutdown: false,
    });
    const log = winston.createLogger({ transports: [loki] });
    onEnd(t, () => log.close());
    log.warn('late', { labels: { part: 'cart' } });
    const [late] = await untilStored(hub.store, 1);
    assert.deepEqual(late && seen(late), {
      service: 'shop',
      level: 13,
      message: 'late {"level":"warn"}',
      fields: { part: 'cart' },
    });
  });

interface SdkLogs {
  LoggerProvider: new (
    options: object,
  ) => {
    getLogger(name: string, version?: string): { emit(record: object): void };
    shutdown(): Promise<void>;
  };
  BatchLogRecordProcessor: new (...options: object[]) => object;
}

for (const [form, compression] of [
  ['http', 'none'],
  ['proto', 'gzip'],
])
  test(`OpenTelemetry’s SDK, exporter-logs-otlp-${form}, ${compression}`, async (t) => {
    const sdk = await packageOf<SdkLogs>(t, '@opentelemetry/sdk-logs');
    const exporters =
      sdk &&
      (await packageOf<{ OTLPLogExporter: new (options: object) => object }>(
        t,
        `@opentelemetry/exporter-logs-otlp-${form}`,
      ));
    if (sdk === undefined || exporters === undefined) return;
    const { resourceFromAttributes } = (await import(['@opentelemetry', 'resources'].join('/'))) as {
      readonly resourceFromAttributes: (attributes: object) => object;
    };
    const { hub, token } = await open(t);
    const exporter = new exporters.OTLPLogExporter({
      url: `${hub.url}/v1/logs`,
      headers: { authorization: `Bearer ${token}` },
      compression,
    });
    const provider = new sdk.LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'h1' }),
      processors: [new sdk.BatchLogRecordProcessor({ exporter })],
    });
    provider.getLogger('cart', '1.0').emit({
      timestamp: new Date('2026-11-22T01:02:03.004Z'),
      severityNumber: 14,
      severityText: 'WARN2',
      body: 'late',
      attributes: { order: 7, parts: ['a', 'b'], price: 1.5 },
    });
    await within(provider.shutdown(), { what: 'the SDK to have sent what it has' });
    const [late] = await untilStored(hub.store, 1);
    assert.deepEqual(late, {
      agent: 'alpha',
      host: 'h1',
      service: 'shop',
      level: 14,
      sender: 'cart',
      message: 'late',
      time: Date.parse('2026-11-22T01:02:03.004Z') * 1000,
      fields: { order: 7, parts: ['a', 'b'], price: 1.5, severity_text: 'WARN2' },
    });
  });

test('rsyslog, by TCP in both framings and forms, and by UDP', { skip: NO_RSYSLOG }, async (t) => {
  const { hub } = await open(t);
  const opened = await openSyslog({ host: '127.0.0.1', port: 0, agent: 'net' }, hub.doors);
  assert.ok(opened.ok);
  onEnd(t, () => opened.value.close());
  const target = `action(type="omfwd" target="127.0.0.1" port="${opened.value.port}"`;
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
  startRsyslog(
    t,
    lines,
    `${target} protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
${target} protocol="tcp" template="RSYSLOG_ForwardFormat")
${target} protocol="tcp" template="RSYSLOG_TraditionalForwardFormat")
${target} protocol="udp" template="RSYSLOG_SyslogProtocol23Format")`,
  );
  const stored = await untilStored(hub.store, 800);
  assert.equal(stored.length, 800);
  for (const message of lines) {
    const same = stored.filter((line) => line.message === message);
    assert.equal(same.length, 4, message);
    for (const { agent, host, service, level, fields } of same) {
      assert.deepEqual([agent, host, service, level], ['net', 'alpha', 'app', 13]);
      assert.deepEqual([fields['facility'], fields['pid']], ['local3', '12']);
    }
  }
});
