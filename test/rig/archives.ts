import { crc32, deflateRawSync } from 'node:zlib';

/** Archives as they should be, and as nobody writes them in good faith. */
export interface MadeEntry {
  readonly name: string;
  readonly data?: string | Buffer;
  /** Of a tar file: `0` a file (default), `5` a folder, `1` a hard link, `2` a symbolic link, `3` a device … */
  readonly type?: string;
  readonly link?: string;
  /** Of a zip file: what stat(2) says. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  /** Lies of the list of a zip file. */
  readonly bytes?: number;
  readonly localName?: string;
  readonly at?: number;
}

export function makeTar(entries: readonly MadeEntry[], { hasEnd = true } = {}): Buffer {
  const blocks = entries.flatMap(({ name, data = '', type = '0', link = '' }) => {
    const bytes = Buffer.from(data);
    const long = Buffer.byteLength(name) > 100 ? paxPath(name) : [];
    return [...long, tarHeader(name, bytes.length, type, link), padded(bytes)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(hasEnd ? 1024 : 0)]);
}

function paxPath(name: string): readonly Buffer[] {
  const rest = ` path=${name}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (String(length).length + Buffer.byteLength(rest) !== length) length += 1;
  const data = Buffer.from(`${length}${rest}`);
  return [tarHeader('pax', data.length, 'x', ''), padded(data)];
}

function tarHeader(name: string, size: number, type: string, link: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, 100);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('14000000000\0', 136);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function makeZip(entries: readonly MadeEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const raw = Buffer.from(entry.data ?? '');
    const method = entry.method ?? (raw.length > 20 ? 8 : 0);
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const fields = Buffer.alloc(22);
    fields.writeUInt16LE((entry.flags ?? 0) | 0x800, 0);
    fields.writeUInt16LE(method, 2);
    fields.writeUInt16LE(0x5821, 6);
    fields.writeUInt32LE(crc32(raw), 8);
    fields.writeUInt32LE(packed.length, 12);
    fields.writeUInt32LE(entry.bytes ?? raw.length, 16);
    const [local, name] = [Buffer.from(entry.localName ?? entry.name), Buffer.from(entry.name)];
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    fields.copy(head, 6, 0, 20);
    head.writeUInt16LE(local.length, 26);
    const listed = Buffer.alloc(46);
    listed.writeUInt32LE(0x02014b50, 0);
    listed.writeUInt16LE(0x031e, 4);
    listed.writeUInt16LE(20, 6);
    fields.copy(listed, 8, 0, 20);
    listed.writeUInt16LE(name.length, 28);
    listed.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    listed.writeUInt32LE(entry.at ?? at, 42);
    list.push(listed, name);
    const body = Buffer.concat([head, local, packed]);
    bodies.push(body);
    at += body.length;
  }
  const whole = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(whole.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, whole, end]);
}
