import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { err, ok, type Result } from '../../core/result.ts';

export interface BodyTrouble {
  readonly status: 400 | 413 | 415;
  readonly message: string;
}

/** Largest body, unpacked. */
const MOST_BYTES = 20 * 1024 * 1024;

const UNPACKERS = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const;

/** The bytes of a request as they were before they were packed. @param mostBytes of them; more is refused before it is unpacked. */
export async function readBody(
  request: FastifyRequest,
  mostBytes = MOST_BYTES,
): Promise<Result<Buffer, BodyTrouble>> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '')
    return body.length > mostBytes ? tooLarge(mostBytes) : ok(body);
  const unpack = UNPACKERS[encoding as keyof typeof UNPACKERS];
  if (unpack === undefined)
    return err({ status: 415, message: `cannot unpack the content-encoding "${encoding.slice(0, 40)}"` });
  try {
    return ok(await unpack(body, { maxOutputLength: mostBytes }));
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(mostBytes);
    return err({ status: 400, message: `cannot unpack the body: it is no ${encoding}` });
  }
}

function tooLarge(mostBytes: number): Result<never, BodyTrouble> {
  return err({ status: 413, message: `cannot take a body of more than ${mostBytes} bytes` });
}

/** A body that is JSON of a known shape. The error names the first place that is wrong. */
export async function readJson<T>(
  request: FastifyRequest,
  schema: v.GenericSchema<unknown, T>,
  mostBytes = 1_048_576,
): Promise<Result<T, BodyTrouble>> {
  const body = await readBody(request, mostBytes);
  if (!body.ok) return body;
  let given: unknown;
  try {
    given = JSON.parse(body.value.toString('utf8'));
  } catch {
    return err({ status: 400, message: 'cannot read the body: it is no JSON' });
  }
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  const what = issue.message.startsWith('cannot') ? issue.message : `cannot use this value: ${issue.message}`;
  return err({ status: 400, message: path === null ? what : `${path}: ${what}` });
}
