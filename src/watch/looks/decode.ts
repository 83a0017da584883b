import { ByteReader } from './bytes.ts';
import type { KeptEvent, KeptLife } from './look.ts';
import { SCALE } from './shape.ts';
import { type Followed, SILENCES, StreamMemory, TAG } from './stream.ts';

/** Reads pieces of one stream, in their order. @throws where they are damaged. */
export function* decodeLooks(pieces: Iterable<Uint8Array>): Generator<KeptEvent, void> {
  let memory = new StreamMemory();
  for (const piece of pieces) {
    const input = new ByteReader(piece);
    while (!input.isOver) {
      const tag = input.natural();
      if (tag === TAG.begins) memory = new StreamMemory();
      else if (tag === TAG.opened) yield { kind: 'opened' };
      else if (tag === TAG.shape) memory.learn(input.text());
      else if (tag === TAG.silence) memory.silence = SILENCES[input.natural()];
      else if (tag === TAG.life) memory.life = readLife(input, memory);
      else yield readLook(input, memory, tag);
    }
  }
}

function readText(input: ByteReader, { texts }: StreamMemory): string {
  const number = input.natural();
  const known = texts[number - 2];
  if (number >= 2 && known === undefined) throw new RangeError('cannot read a text: it has no number');
  const text = known ?? input.text();
  if (number === 0) texts.push(text);
  return text;
}

function readLife(input: ByteReader, memory: StreamMemory): KeptLife {
  const id = readText(input, memory);
  return { id, startedAt: input.integer(), readyAt: input.integer(), wellSince: input.integer() };
}

function readLook(input: ByteReader, memory: StreamMemory, tag: number): KeptEvent {
  const { life, silence, shapes } = memory;
  const shape = tag === TAG.failed ? undefined : shapes[tag - TAG.shaped];
  if (life === undefined || (shape === undefined && tag !== TAG.failed))
    throw new RangeError('cannot read a look: it is of no life, or of no shape');
  const pause = memory.pause + input.integer();
  const now = memory.now + pause;
  memory.pause = memory.now === 0 ? 0 : pause;
  memory.now = now;
  const at = now + input.integer();
  const base = { kind: 'look', now, at, life, silence } as const;
  if (shape === undefined) return { ...base, reading: undefined, failed: readText(input, memory) };
  const values = shape.leaves.map(({ leaf }, place) => readLeaf(input, memory, leaf, shape.followed[place]));
  return { ...base, reading: shape.build(values), failed: '' };
}

function readLeaf(
  input: ByteReader,
  memory: StreamMemory,
  leaf: string,
  known: Followed | undefined,
): unknown {
  if (leaf === 's') return readText(input, memory);
  if (leaf === 'j') return JSON.parse(readText(input, memory));
  if (leaf === 'f' || known === undefined) return input.float();
  const whole = memory.expected(known) + input.integer();
  memory.follow(known, whole);
  return leaf === 'd' ? whole / SCALE : whole;
}
