import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { leakCheck } from '../rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../rig/pipeline.ts';
import { stixExample } from '../rig/stix-example.ts';
import { ROOT } from '../rig/vahti.ts';

interface Packet {
  readonly apid: number;
  readonly sequence_flags: number;
  readonly sequence_count: number;
  readonly data_length: number;
  readonly service: number;
  readonly subtype: number;
  readonly scet_coarse: number;
  readonly scet_fine: number;
  readonly ssid?: number;
  readonly data: string;
}

interface Decoder {
  decode(hex: string): Packet;
  encode(packet: object): string;
  packetsOf(xml: string): readonly string[];
  wholeSequences(packets: readonly object[]): {
    readonly whole: readonly (readonly object[])[];
    readonly waiting: number;
  };
}

const { decode, encode, packetsOf, wholeSequences } = (await import(
  join(ROOT, 'examples/stix/steps/ccsds.mjs')
)) as Decoder;

test('the headers of a packet are read bit by bit', () => {
  // By hand from 133.0-B-2 and the time field of Solar Orbiter: APID 1472, alone, count 5, 19 bytes, 21/6 about 30.
  const hex = '0dc0 c005 000c 10 15 06 00 3228e8f0 8000 1e 0102'.replaceAll(' ', '');
  assert.deepEqual(decode(hex), {
    version: 0,
    type: 0,
    secondary_header: 1,
    apid: 1472,
    sequence_flags: 3,
    sequence_count: 5,
    data_length: 12,
    pus_version: 1,
    service: 21,
    subtype: 6,
    destination: 0,
    scet_coarse: 841_541_872,
    scet_fine: 32_768,
    ssid: 30,
    data: '0102',
  });
  assert.throws(() => decode(hex.slice(0, -2)), /it has 18 bytes, and says 19/);
  assert.throws(() => decode(`2${hex.slice(1)}`), /its version is 1, not 0/);
  assert.throws(() => decode(`1${hex.slice(1)}`), /no telemetry/);
  assert.throws(() => decode('0dc0'), /it has 2 bytes/);
  assert.throws(() => decode('xy'), /not hexadecimal/);
});

test('property: what is encoded is decoded', () => {
  const packet = fc.record({
    apid: fc.nat(0x7ff),
    flags: fc.nat(3),
    count: fc.nat(0x3fff),
    service: fc.nat(255),
    subtype: fc.nat(255),
    coarse: fc.nat(0xffff_ffff),
    fine: fc.nat(0xffff),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  });
  fc.assert(
    fc.property(packet, ({ bytes, ...made }) => {
      const hasSsid = ['3-25', '21-6'].includes(`${made.service}-${made.subtype}`);
      const data = Buffer.from(hasSsid ? bytes.slice(1) : bytes);
      const read = decode(encode({ ...made, data, ...(hasSsid ? { ssid: bytes[0] } : {}) }));
      assert.deepEqual(
        [read.apid, read.sequence_flags, read.sequence_count, read.service, read.subtype],
        [made.apid, made.flags, made.count, made.service, made.subtype],
      );
      assert.deepEqual(
        [read.scet_coarse, read.scet_fine, read.data],
        [made.coarse, made.fine, data.toString('hex')],
      );
      assert.equal(read.ssid, hasSsid ? bytes[0] : undefined);
    }),
  );
});

test('telemetry has its marks at the beginning, and an end', () => {
  const xml = '<r><Response><PktRawResponse><Packet>\n0dc0 </Packet></PktRawResponse></Response></r>\n';
  assert.deepEqual(packetsOf(xml), ['0dc0']);
  assert.throws(() => packetsOf(xml.slice(0, 60)), /it breaks off/);
  assert.throws(() => packetsOf('<Response></Response>'), /no telemetry/);
  assert.throws(() => packetsOf(''), /no telemetry/);
});

test('only whole sequences are read, the others wait', () => {
  const of = (...pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([sequence_flags, sequence_count]) => ({ sequence_flags, sequence_count }));
  const counts = (...pairs: readonly (readonly [number, number])[]) => {
    const { whole, waiting } = wholeSequences(of(...pairs));
    return [whole.map((sequence) => sequence.length), waiting];
  };
  assert.deepEqual(counts([1, 9], [0, 10], [2, 11], [3, 12]), [[3, 1], 0]);
  assert.deepEqual(counts([1, 16_383], [2, 0]), [[2], 0]);
  assert.deepEqual(counts([1, 9], [2, 11], [3, 12]), [[1], 2]);
  assert.deepEqual(counts([0, 9], [1, 10]), [[], 2]);
});

/** Two files of one day, with an hour in common; in the second one a packet was cut off on its way. */
const ONLY = '3-25-2,21-6-30,21-6-24';
const PARTS = [
  ['--from', '0', '--hours', '2', '--part', '1', '--only', ONLY],
  ['--from', '1', '--hours', '2', '--part', '2', '--only', ONLY, '--broken'],
] as const;

interface StixRig {
  readonly rig: PipelineRig;
  readonly files: readonly string[];
  /** Does all there is to do, with another command for L0 where one is given. */
  work(l0?: readonly string[]): Promise<void>;
}

function stixRig(t: TestContext, parts: readonly (readonly string[])[] = PARTS): StixRig {
  const rig = pipelineRig(t);
  const example = stixExample(rig.folder);
  const files = parts.flatMap((part) => example.generate('tm', 'made', ...part));
  mkdirSync(join(rig.folder, 'spice/kernels/k1'), { recursive: true });
  writeFileSync(
    join(rig.folder, 'spice/kernels/k1/clock.json'),
    '{"flown":"2026-10-01","predicted":"2027-01-01","offset":0.25}',
  );
  example.config.setIn(['services', 'stix', 'pipeline', 'inboxes', 'tm', 'settle'], '10ms');
  const work = (l0?: readonly string[]): Promise<void> => {
    if (l0 !== undefined) example.config.setIn(['services', 'stix', 'pipeline', 'steps', 'L0', 'run'], l0);
    const { services } = example.config.toJS() as { services: { stix: { pipeline: object } } };
    // Without its port and its logs.
    return rig.work({ ...services.stix.pipeline, status: undefined, inbox: undefined, logs: undefined });
  };
  return { rig, work, files: files.map((file) => basename(file)) };
}

function deliver({ folder }: PipelineRig, ...names: readonly string[]): void {
  for (const name of names) cpSync(join(folder, 'made', name), join(folder, 'tm/processing', name));
}

function merged(rig: PipelineRig): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rig.products()).filter(([path]) => !path.startsWith('PKT/')));
}

test('one by one, or all at once in another order: the same products, byte by byte', async (t) => {
  leakCheck(t);
  const single = stixRig(t);
  const [first, second] = single.files as [string, string];
  for (const file of single.files) {
    deliver(single.rig, file);
    await single.work();
  }
  const batch = stixRig(t);
  deliver(batch.rig, second, first);
  await batch.work();
  assert.deepEqual(await single.rig.failures(), []);
  const products = merged(single.rig);
  assert.deepEqual(merged(batch.rig), products);
  assert.equal(Object.keys(products).filter((path) => path.startsWith('LB/')).length, 3);
  const rowsOf = (path: string): readonly { readonly raw_file: string }[] =>
    (JSON.parse(products[path] ?? '{}') as { rows: { raw_file: string }[] }).rows;
  // 3 hours of packets each 10 minutes; those that came twice are there once, and are the later file's.
  const hk = rowsOf('LB/3/25/2/solo_LB_stix-3-25-2_0841536000_V02.json');
  assert.deepEqual(
    [hk.length, hk.filter(({ raw_file }) => raw_file === second).length],
    [18, 11],
    'the packets of one type and day',
  );
  assert.equal(await single.rig.state(second), undefined);
  const tm = await single.rig.ledger((ledger) => ledger.inboxFile('tm', second));
  assert.equal(tm?.state, 'done');
  // What was cut off is told, and nothing else of its file is lost.
  const tasks = await single.rig.ledger((ledger) => ledger.tasksOfRoot(tm?.id ?? 0));
  assert.equal(tasks.find(({ step }) => step === 'PKT')?.state, 'warned');
  assert.equal(rowsOf('LB/21/6/30/solo_LB_stix-21-6-30_0841536000_V02.json').length, 18);
  assert.ok(readdirSync(join(single.rig.folder, 'products/L1/2026/09/01')).includes('SCI'));
});

/** Light curves around a midnight: the last packet of the first day has five minutes of the second one. */
const NIGHT = [
  ['--day', '2026-09-01', '--from', '23', '--hours', '1', '--late', '300', '--only', '21-6-30'],
  ['--day', '2026-09-02', '--from', '0', '--hours', '1', '--late', '300', '--only', '21-6-30'],
] as const;
const [EVENING, MORNING] = [841_536_000, 841_622_400];
const L0 = (day: number): string => `L0/21/6/30/solo_L0_stix-ql-lightcurve_0${day}_V02U.json`;

test('a packet that reaches over midnight is in the products of both days, whichever day comes first', async (t) => {
  leakCheck(t);
  const inTurn = stixRig(t, NIGHT);
  for (const file of inTurn.files) {
    deliver(inTurn.rig, file);
    await inTurn.work();
  }
  const backwards = stixRig(t, NIGHT);
  for (const file of backwards.files.toReversed()) {
    deliver(backwards.rig, file);
    await backwards.work();
  }
  assert.deepEqual(await inTurn.rig.failures(), []);
  const products = merged(inTurn.rig);
  assert.deepEqual(merged(backwards.rig), products);
  const times = (path: string): readonly number[] =>
    (JSON.parse(products[path] ?? '{"rows":[]}') as { rows: { scet: number }[] }).rows.map(
      ({ scet }) => scet,
    );
  const bins = (from: number, count: number): readonly number[] =>
    Array.from({ length: count }, (_, at) => from + 4 * at);
  assert.deepEqual(times(L0(EVENING)), bins(MORNING - 3300, 825));
  assert.deepEqual(times(L0(MORNING)), bins(MORNING, 975));
  for (const [day, count] of [
    ['01', 825],
    ['02', 975],
  ] as const) {
    const { rows } = JSON.parse(
      products[`L1/2026/09/${day}/QL/solo_L1_stix-ql-lightcurve_202609${day}_V02U.json`] ?? '{}',
    ) as { rows: readonly unknown[] };
    assert.equal(rows.length, count);
  }
});

test('a command that writes another day than its own is refused, and the file of that day stays whole', async (t) => {
  leakCheck(t);
  const { rig, files, work } = stixRig(t, NIGHT);
  const [evening, morning] = files as [string, string];
  deliver(rig, morning);
  await work();
  const whole = rig.products()[L0(MORNING)];
  assert.ok(whole !== undefined);
  // As STIXCore cuts at L0: the tail of the evening is a file of the morning, to be merged with what is there.
  writeFileSync(
    join(rig.folder, 'cutting.mjs'),
    `import { join } from 'node:path';
     import { readList, report, writeProduct } from './steps/files.mjs';
     const [list, out] = process.argv.slice(2);
     const days = readList(list).some((path) => path.includes('${EVENING}')) ? [${EVENING}, ${MORNING}] : [];
     for (const day of days) {
       const path = 'L0/21/6/30/solo_L0_stix-ql-lightcurve_0' + day + '_V02.json';
       writeProduct(join(out, path), {}, [{ scet: day }]);
       report({ product: path, complete: false });
     }`,
  );
  deliver(rig, evening);
  await work([process.execPath, 'cutting.mjs', '{list}', '{out}']);
  const failures = await rig.failures();
  assert.match(
    failures.join('\n'),
    /^L0: cannot put a product at .*0841622400_V02U\.json: what is there was made of other inputs/m,
  );
  assert.equal(rig.products()[L0(MORNING)], whole);
});
