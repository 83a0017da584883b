import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type * as Http from 'node:http';
import * as http from '../../src/core/http.ts';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { listenLocally } from './http-server.ts';

/** Why tests with a real rclone are skipped; false where it is there. */
export const NO_RCLONE =
  spawnSync('rclone', ['version']).error === undefined
    ? false
    : 'there is no rclone on this machine (Debian: apt-get install rclone)';

const KEY = 'AKIARIG';
const SECRET = 'a-secret-of-the-rig';
const md5 = (data: Buffer): Buffer => createHash('md5').update(data).digest();
const sha = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');

interface Stored {
  data: Buffer;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly time: Date;
}

/** A store that speaks S3, on loopback: it checks signatures and checksums, and tells of a multipart object an ETag that is no MD5 of it. */
export interface S3 {
  readonly bucket: string;
  /** By key, as they lie there; a test may change them. */
  readonly objects: Map<string, Stored>;
  /** `PUT key`, in order; with what was refused, and why. */
  readonly requests: readonly string[];
  readonly refusals: readonly string[];
  /** From now on a writing request is answered so. */
  refuseWrites: { readonly status: number; readonly code: string } | undefined;
  /** Environment for rclone in which it is the remote `stand`. */
  readonly env: Readonly<Record<string, string>>;
}

interface Request {
  readonly method: string;
  readonly url: URL;
  readonly rawPath: string;
  readonly headers: Http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly key: string;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function startS3(t: TestContext, bucket = 'rig-bucket'): Promise<S3> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<
    string,
    { readonly key: string; readonly meta: Record<string, string>; readonly parts: Map<number, Buffer> }
  >();
  const requests: string[] = [];
  const refusals: string[] = [];
  const server = http.createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const rawPath = (incoming.url ?? '/').split('?')[0] ?? '/';
      const url = new URL(incoming.url ?? '/', 'http://s3');
      const [, to, ...rest] = rawPath.split('/').map((name) => decodeURIComponent(name));
      const { method = '', headers } = incoming;
      const request: Request = {
        method,
        url,
        rawPath,
        headers,
        body: Buffer.concat(chunks),
        key: rest.join('/'),
      };
      requests.push(
        `${method} ${request.key}${url.search === '' ? '' : ` ${[...url.searchParams.keys()].filter((name) => !name.startsWith('X-Amz')).join(' ')}`}`.trim(),
      );
      try {
        checkSignature(request);
        checkBody(request);
        if (to !== bucket) throw new Refusal(404, 'NoSuchBucket');
        serve(request, response);
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown;
        refusals.push(`${method} ${request.key}: ${thrown.message}`);
        const text = `<?xml version="1.0"?><Error><Code>${thrown.code}</Code><Message>${thrown.message}</Message></Error>`;
        response
          .writeHead(thrown.status, { 'content-type': 'application/xml' })
          .end(method === 'HEAD' ? undefined : text);
      }
    });
  });
  const { port } = await listenLocally(t, server);
  const env = {
    RCLONE_CONFIG_STAND_TYPE: 's3',
    RCLONE_CONFIG_STAND_PROVIDER: 'Other',
    RCLONE_CONFIG_STAND_ENDPOINT: `http://127.0.0.1:${port}`,
    RCLONE_CONFIG_STAND_REGION: 'us-east-1',
    RCLONE_CONFIG_STAND_ACCESS_KEY_ID: KEY,
    RCLONE_CONFIG_STAND_SECRET_ACCESS_KEY: SECRET,
    RCLONE_CONFIG_STAND_UPLOAD_CUTOFF: '5M',
    RCLONE_CONFIG_STAND_CHUNK_SIZE: '5M',
  };
  const self: S3 = { bucket, objects, requests, refusals, refuseWrites: undefined, env };
  return self;

  function serve(request: Request, response: Http.ServerResponse): void {
    const { method, url, key } = request;
    const query = url.searchParams;
    if (method !== 'GET' && method !== 'HEAD' && self.refuseWrites !== undefined)
      throw new Refusal(self.refuseWrites.status, self.refuseWrites.code);
    if (key === '') list(query, response);
    else if (method === 'POST' && query.has('uploads')) begin(request, response);
    else if (method === 'PUT' && query.has('uploadId')) part(request, response);
    else if (method === 'POST' && query.has('uploadId')) complete(request, response);
    else if (method === 'PUT') {
      const etag = `"${md5(request.body).toString('hex')}"`;
      objects.set(key, { data: request.body, etag, meta: metaOf(request), time: new Date() });
      response.writeHead(200, { etag }).end();
    } else if (method === 'DELETE') {
      objects.delete(key);
      response.writeHead(204).end();
    } else get(request, response);
  }

  function get({ method, key, headers }: Request, response: Http.ServerResponse): void {
    const found = objects.get(key);
    if (found === undefined) throw new Refusal(404, 'NoSuchKey');
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const end = to === '' ? found.data.length : Number(to) + 1;
    const data = found.data.subarray(Number(from), end);
    const range =
      headers.range === undefined ? {} : { 'content-range': `bytes ${from}-${end - 1}/${found.data.length}` };
    const about = {
      etag: found.etag,
      'last-modified': found.time.toUTCString(),
      'content-length': data.length,
      ...found.meta,
      ...range,
    };
    response
      .writeHead(headers.range === undefined ? 200 : 206, about)
      .end(method === 'HEAD' ? undefined : data);
  }

  function list(query: URLSearchParams, response: Http.ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter') ?? '';
    const folders = new Set<string>();
    const files: string[] = [];
    for (const [key, { data, etag, time }] of [...objects].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (cut >= 0) folders.add(key.slice(0, cut + 1));
      else
        files.push(
          `<Contents><Key>${encode(key, query)}</Key><LastModified>${time.toISOString()}</LastModified><ETag>${etag}</ETag><Size>${data.length}</Size></Contents>`,
        );
    }
    const common = [...folders].map(
      (name) => `<CommonPrefixes><Prefix>${encode(name, query)}</Prefix></CommonPrefixes>`,
    );
    const text = `<?xml version="1.0"?><ListBucketResult><Name>${bucket}</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${files.join('')}${common.join('')}</ListBucketResult>`;
    response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
  }

  function begin(request: Request, response: Http.ServerResponse): void {
    const id = `upload-${uploads.size}`;
    uploads.set(id, { key: request.key, meta: metaOf(request), parts: new Map() });
    response
      .writeHead(200)
      .end(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }

  function part({ url, body }: Request, response: Http.ServerResponse): void {
    const upload = uploads.get(url.searchParams.get('uploadId') ?? '');
    if (upload === undefined) throw new Refusal(404, 'NoSuchUpload');
    upload.parts.set(Number(url.searchParams.get('partNumber')), body);
    response.writeHead(200, { etag: `"${md5(body).toString('hex')}"` }).end();
  }

  function complete({ url, body }: Request, response: Http.ServerResponse): void {
    const id = url.searchParams.get('uploadId') ?? '';
    const upload = uploads.get(id);
    if (upload === undefined) throw new Refusal(404, 'NoSuchUpload');
    const numbers = [...body.toString('utf8').matchAll(/<PartNumber>(\d+)</g)].map(([, number]) =>
      Number(number),
    );
    const parts = numbers.map((number) => upload.parts.get(number) ?? Buffer.alloc(0));
    const etag = `"${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}"`;
    objects.set(upload.key, { data: Buffer.concat(parts), etag, meta: upload.meta, time: new Date() });
    uploads.delete(id);
    response
      .writeHead(200)
      .end(`<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`);
  }
}

function encode(key: string, query: URLSearchParams): string {
  return query.get('encoding-type') === 'url'
    ? key.split('/').map(escaped).join('/')
    : key.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function metaOf({ headers }: Request): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || name === 'content-type',
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** What S3 calls URI encoding. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Signature version 4, in the header or in the query, as "Authenticating Requests" of the S3 API reference says. */
function checkSignature({ method, url, rawPath, headers }: Request): void {
  const query = url.searchParams;
  const header = Object.fromEntries(
    [...(headers.authorization ?? '').matchAll(/(Credential|SignedHeaders|Signature)=([^,\s]+)/g)].map(
      ([, name, value]) => [name, value],
    ),
  );
  const isQuery = query.has('X-Amz-Signature');
  const credential = (isQuery ? query.get('X-Amz-Credential') : header['Credential']) ?? '';
  const signed = ((isQuery ? query.get('X-Amz-SignedHeaders') : header['SignedHeaders']) ?? '').split(';');
  const given = (isQuery ? query.get('X-Amz-Signature') : header['Signature']) ?? '';
  const date = (isQuery ? query.get('X-Amz-Date') : String(headers['x-amz-date'])) ?? '';
  const [key, day = '', region = '', service = '', end = ''] = credential.split('/');
  if (key !== KEY) throw new Refusal(403, 'InvalidAccessKeyId');
  if (!signed.includes('host')) throw new Refusal(403, 'AccessDenied', 'host is not signed');
  const pairs = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  const payload = isQuery
    ? (headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD')
    : headers['x-amz-content-sha256'];
  const canonical = [
    method,
    rawPath
      .split('/')
      .map((part) => escaped(decodeURIComponent(part)))
      .join('/'),
    pairs.toSorted().join('&'),
    ...signed.map(
      (name: string) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replaceAll(/ +/g, ' ')}`,
    ),
    '',
    signed.join(';'),
    payload,
  ].join('\n');
  const scope = `${day}/${region}/${service}/${end}`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha(canonical)}`;
  const secret = [day, region, service, end].reduce<Buffer>(
    (last, word) => createHmac('sha256', last).update(word).digest(),
    Buffer.from(`AWS4${SECRET}`),
  );
  const right = createHmac('sha256', secret).update(text).digest('hex');
  if (given.length !== right.length || !timingSafeEqual(Buffer.from(given), Buffer.from(right)))
    throw new Refusal(403, 'SignatureDoesNotMatch');
}

function checkBody({ headers, body }: Request): void {
  const sum = String(headers['x-amz-content-sha256'] ?? '');
  if (/^[0-9a-f]{64}$/.test(sum) && sum !== sha(body)) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  const digest = headers['content-md5'];
  if (digest !== undefined && digest !== md5(body).toString('base64')) throw new Refusal(400, 'BadDigest');
}
