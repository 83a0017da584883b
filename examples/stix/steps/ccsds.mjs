// Reads telemetry packets: the CCSDS space packet header (133.0-B) and the PUS secondary header of telemetry with Solar Orbiter's time field.

/** Which services carry a byte after the headers that says what the packet is about: the SID of housekeeping, the SSID of science. */
const HAS_SSID = new Set(['3-25', '21-6']);

/** The packets of a telemetry file: XML whose Packet elements are hexadecimal. Throws where it is no such file. */
export function packetsOf(xml) {
  const head = xml.slice(0, 1000);
  if (!/<(?:\w+:)?Response\b/.test(head) || !/<(?:\w+:)?PktRawResponse\b/.test(head))
    throw new Error('no telemetry: no Response with a PktRawResponse in its first 1000 characters');
  if (!/<\/(?:\w+:)?Response>\s*(?:<\/[\w:]+>\s*)*$/.test(xml)) throw new Error('it breaks off: it has no end');
  return Array.from(xml.matchAll(/<Packet>\s*([^<]*?)\s*<\/Packet>/g), ([, hex]) => hex);
}

/** One packet as fields. Throws a sentence where it is none. @param hex its bytes */
export function decode(hex) {
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) throw new Error('it is not hexadecimal');
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 16) throw new Error(`it has ${bytes.length} bytes, and two headers take 16`);
  const first = bytes.readUInt16BE(0);
  const sequence = bytes.readUInt16BE(2);
  const length = bytes.readUInt16BE(4);
  const packet = {
    version: first >> 13,
    type: (first >> 12) & 1,
    secondary_header: (first >> 11) & 1,
    apid: first & 0x7ff,
    sequence_flags: sequence >> 14,
    sequence_count: sequence & 0x3fff,
    data_length: length,
  };
  if (packet.version !== 0) throw new Error(`its version is ${packet.version}, not 0`);
  if (packet.type !== 0 || packet.secondary_header !== 1) throw new Error('it is no telemetry with a secondary header');
  if (bytes.length !== 6 + length + 1)
    throw new Error(`it has ${bytes.length} bytes, and says ${6 + length + 1}`);
  const service = bytes.readUInt8(7);
  const subtype = bytes.readUInt8(8);
  const body = bytes.subarray(16);
  const hasSsid = HAS_SSID.has(`${service}-${subtype}`);
  if (hasSsid && body.length === 0) throw new Error('it has no SSID');
  return {
    ...packet,
    pus_version: (bytes.readUInt8(6) >> 4) & 7,
    service,
    subtype,
    destination: bytes.readUInt8(9),
    scet_coarse: bytes.readUInt32BE(10),
    scet_fine: bytes.readUInt16BE(14),
    ...(hasSsid ? { ssid: body[0] } : {}),
    data: body.subarray(hasSsid ? 1 : 0).toString('hex'),
  };
}

/** The other way, for made-up telemetry. */
export function encode({ apid, flags = 3, count, service, subtype, coarse, fine = 0, ssid, data }) {
  const body = Buffer.concat([...(ssid === undefined ? [] : [Buffer.from([ssid])]), data]);
  const head = Buffer.alloc(16);
  head.writeUInt16BE((1 << 11) | apid, 0);
  head.writeUInt16BE((flags << 14) | (count & 0x3fff), 2);
  head.writeUInt16BE(10 + body.length - 1, 4);
  head.writeUInt8(1 << 4, 6);
  head.writeUInt8(service, 7);
  head.writeUInt8(subtype, 8);
  head.writeUInt32BE(coarse, 10);
  head.writeUInt16BE(fine, 14);
  return Buffer.concat([head, body]).toString('hex');
}

/** What packets are about: `21-6-30`. */
export function typeOf({ service, subtype, ssid }) {
  return [service, subtype, ...(ssid === undefined ? [] : [ssid])].join('-');
}

/** Telemetry in pieces has a first packet (1), others (0) and a last one (2); alone it is 3. Only whole sequences are answered, and how many packets wait for others. */
export function wholeSequences(packets) {
  const whole = [];
  let open = [];
  let waiting = 0;
  for (const packet of packets) {
    const { sequence_flags: flags, sequence_count: count } = packet;
    const follows = open.length > 0 && count === ((open.at(-1).sequence_count + 1) & 0x3fff);
    if (flags === 3 || flags === 1 || !follows) {
      waiting += open.length;
      open = [];
    }
    if (flags === 3) whole.push([packet]);
    else if (flags === 1 || (follows && open.length > 0)) open.push(packet);
    else waiting += 1;
    if (flags === 2 && open.length > 0 && open.at(-1) === packet) {
      whole.push(open);
      open = [];
    }
  }
  return { whole, waiting: waiting + open.length };
}
