// Makes telemetry up, and what else comes from elsewhere, each put there by a rename, as rsync does it.
//   node generate.mjs tm FOLDER [--day 2026-09-01] [--from 0] [--hours 24] [--part 1] [--broken] [--late 300] [--only 3-25-2,21-6-30]
//   node generate.mjs kernel FOLDER [--flown 2026-10-01] [--predicted 2027-01-01]
//   node generate.mjs soop FOLDER [--day 2026-09-01]
//   node generate.mjs request FOLDER [--day 2026-09-01]
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import { decode, encode, typeOf } from './steps/ccsds.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    day: { type: 'string', default: '2026-09-01' },
    from: { type: 'string', default: '0' },
    hours: { type: 'string', default: '24' },
    part: { type: 'string', default: '1' },
    broken: { type: 'boolean', default: false },
    late: { type: 'string', default: '0' },
    only: { type: 'string' },
    flown: { type: 'string', default: '2026-10-01' },
    predicted: { type: 'string', default: '2027-01-01' },
  },
});
const [what, folder] = positionals;
const makers = { tm, kernel, soop, request };
if (makers[what] === undefined || folder === undefined) {
  console.error('cannot generate: write tm, kernel, soop or request, and a folder');
  process.exit(2);
}
makers[what]();

/** A telemetry file: housekeeping, light curve, flare flag, a spectrum, and a request in three packets, of some hours of a day. */
function tm() {
  const { day, part } = values;
  const stamp = `${day.slice(0, 4)}.${dayOfYear(day)}.00.00.00.000`;
  put(join(folder, `TM_BatchRequest.PktTmRaw.SOL.0.${stamp}.aaaa@${stamp.slice(0, 8)}.21.00.01.${part.padStart(3, '0')}.1.xml`), xml(packets()));
}

function request() {
  const { day, hours } = values;
  const name = `request_${day.replaceAll('-', '')}_${hours.padStart(2, '0')}0000`;
  const path = join(folder, name, 'telemetry', 'low-latency.xml');
  put(path, xml(packets().filter((hex) => ['21-6-30', '21-6-34'].includes(typeOf(decode(hex))))));
  put(`${path}.ok`, '');
}

/** With `--late` light curves begin so many seconds after each ten minutes: the last one of a day reaches over midnight. */
function packets() {
  const { day, broken } = values;
  const midnight = (Date.parse(`${day}T00:00:00Z`) - Date.UTC(2000, 0, 1)) / 1000;
  const [from, until] = [Number(values.from), Number(values.from) + Number(values.hours)].map((hour) => midnight + hour * 3600);
  const all = [];
  for (let coarse = from; coarse < until; coarse += 600) {
    const count = (coarse - midnight) / 600;
    const wave = Math.round(50 * Math.sin(coarse / 7000));
    all.push(encode({ apid: 1, service: 3, subtype: 25, ssid: 1, count, coarse, data: words([1200 + wave, 28_000]) }));
    all.push(encode({ apid: 1, service: 3, subtype: 25, ssid: 2, count: count + 200, coarse, data: words([1250 + wave, 28_100]) }));
    const bins = Array.from({ length: 150 }, (_, at) => 500 + wave + ((coarse + 4 * at) % 97));
    const begin = coarse + Number(values.late);
    all.push(encode({ apid: 2, service: 21, subtype: 6, ssid: 30, count, coarse: begin, data: words(bins) }));
    all.push(encode({ apid: 2, service: 21, subtype: 6, ssid: 34, count: count + 200, coarse: begin, data: words(bins.map((each) => (each > 590 ? 1 : 0))) }));
  }
  const spectrum = Array.from({ length: 64 }, (_, at) => (at === 31 ? 900 : 20 + (at % 7)));
  all.push(encode({ apid: 3, service: 21, subtype: 6, ssid: 41, count: from % 16_384, coarse: from, fine: 32_768, data: words(spectrum) }));
  const id = Buffer.from([0, 0, 0x30, 0x39, 0, 7]);
  for (const [at, flags] of [1, 0, 2].entries())
    all.push(encode({ apid: 4, service: 21, subtype: 6, ssid: 24, flags, count: 900 + at, coarse: midnight + 60, data: Buffer.concat([id, words([at, at + 1, at + 2])]) }));
  all.push(encode({ apid: 1, service: 5, subtype: 1, count: from % 16_384, coarse: from, data: words([7]) }));
  const meant = values.only?.split(',');
  const found = meant === undefined ? all : all.filter((hex) => meant.includes(typeOf(decode(hex))));
  // One packet that was cut off on its way.
  return broken ? found.with(0, found[0].slice(0, 20)) : found;
}

function xml(all) {
  const elements = all.map((hex, at) => `<PktRawResponseElement packetID="${at + 1}"><Packet>${hex.toUpperCase()}</Packet></PktRawResponseElement>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ns2:ResponsePart xmlns:ns2="http://edds.egos.esa/model"><Response><PktRawResponse>\n${elements.join('')}</PktRawResponse></Response></ns2:ResponsePart>\n`;
}

/** An archive of kernels, as they come from the SOC: one file says how far the clock is off, and until when that is known. */
function kernel() {
  const { flown, predicted } = values;
  const clock = JSON.stringify({ flown, predicted, offset: 0.25 });
  put(join(folder, `solo_ANC_soc-flown-mk_V107_${flown.replaceAll('-', '')}_001.zip`), zip('clock.json', Buffer.from(clock)));
}

function soop() {
  const { day } = values;
  const plan = [{ soop: 'R_FULL_LRES_MCAD_Coronal-Synoptic', start: `${day}T00:00:00Z`, end: `${day}T23:59:59Z` }];
  put(join(folder, `SSTX_observation_timeline_export_${day}.json`), JSON.stringify(plan));
}

function words(numbers) {
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [at, each] of numbers.entries()) bytes.writeUInt16BE(each & 0xffff, 2 * at);
  return bytes;
}

function dayOfYear(day) {
  return String(1 + (Date.parse(day) - Date.parse(`${day.slice(0, 4)}-01-01`)) / 86_400_000).padStart(3, '0');
}

/** An archive with one file, which is not compressed. */
function zip(name, data) {
  const head = (signature, size) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(signature, 0);
    return bytes;
  };
  const common = (bytes, at) => {
    bytes.writeUInt16LE(20, at);
    bytes.writeUInt16LE(0x21, at + 8);
    bytes.writeUInt32LE(crc32(data), at + 10);
    bytes.writeUInt32LE(data.length, at + 14);
    bytes.writeUInt32LE(data.length, at + 18);
    bytes.writeUInt16LE(name.length, at + 22);
  };
  const local = head(0x04034b50, 30);
  common(local, 4);
  const central = head(0x02014b50, 46);
  central.writeUInt16LE(20, 4);
  common(central, 6);
  const end = head(0x06054b50, 22);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + data.length, 16);
  return Buffer.concat([local, Buffer.from(name), data, central, Buffer.from(name), end]);
}

function put(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const hidden = join(dirname(path), `.${path.split('/').at(-1)}.NmRJ4x`);
  writeFileSync(hidden, content);
  renameSync(hidden, path);
  console.log(path);
}
