// node tm2ll01.mjs IN OUT REQUEST: light curve and flare flag of the telemetry of one low latency request, at once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode, packetsOf, typeOf } from './ccsds.mjs';
import { KINDS, writeProduct } from './files.mjs';

const [input, out, request] = process.argv.slice(2);
const [, day, time] = /^request_(\d{8})_(\d{4})/.exec(request) ?? [];
if (day === undefined) throw new Error(`${request} is no name of a request`);
const packets = packetsOf(readFileSync(input, 'utf8')).map(decode);
let made = 0;
for (const type of ['21-6-30', '21-6-34']) {
  const own = packets.filter((packet) => typeOf(packet) === type);
  if (own.length === 0) continue;
  const times = own.map((packet) => packet.scet_coarse);
  const obt = [Math.min(...times), Math.max(...times)].map((each) => String(each).padStart(10, '0')).join('-');
  const { kind, name } = KINDS[type];
  // As the request says when it was made: done again, it has the same name.
  const file = `solo_LL01_stix-${kind}-${name}_${obt}_V${day}${time}.json`;
  writeProduct(join(out, file), { LEVEL: 'LL01', TYPE: `${kind}-${name}`, REQUEST: request }, own);
  made += 1;
}
if (made === 0) throw new Error('there is nothing of 21-6-30 or 21-6-34 in it');
