import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../server/http-auth.ts';
import { isKnown } from './packed-file.ts';
import type { Site, SiteFile } from './site.ts';

/** Everything that the page needs comes from here, nothing is written into it, and nobody frames it. See docs/hub-page.md. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** The first parts of the page's own addresses; it knows more than the hub of what comes behind them. */
const ADDRESSES: readonly string[] = [
  '',
  'services',
  'logs',
  'collectors',
  'pipelines',
  'jobs',
  'notifications',
  'tokens',
  'status',
  'sign-in',
];
/** Those of others, beside the routes. */
const NOT_OURS: readonly string[] = ['ws', 'assets'];

const NOT_BUILT = 'cannot show the page: it is not built; run npm run build:web\n';

/**
 * The built page: its files, and, at each of its addresses and at whatever else a browser asks for as a page, its `index.html`. Never in
 * the place of what others register behind it: has to be the first.
 */
export function registerPage(app: FastifyInstance, site: Site): void {
  const others = new Set(NOT_OURS);
  app.addHook('onRoute', ({ url }) => {
    if (url !== '*' && url !== '/*') others.add(firstPart(url));
  });
  app.get('/*', async (request, reply) => {
    const { '*': rest = '' } = request.params as { readonly '*'?: string };
    const first = firstPart(`/${rest}`);
    const file = await site.find(`/${rest}`);
    if (file !== undefined && (first === 'assets' || !others.has(first))) return send(request, reply, file);
    if (others.has(first) || !(ADDRESSES.includes(first) || wantsPage(request)))
      return refuse(reply, 404, 'cannot find anything at this address');
    const index = await site.find('/index.html');
    if (index === undefined) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
    return send(request, reply, index);
  });
}

async function send(request: FastifyRequest, reply: FastifyReply, file: SiteFile): Promise<FastifyReply> {
  const form = await file.packedFor(request.headers['accept-encoding']);
  const { encoding, etag, bytes } = form;
  void reply.headers({
    ...HEADERS,
    etag,
    vary: 'accept-encoding',
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (isKnown(etag, request.headers['if-none-match'])) return reply.code(304).send();
  if (encoding !== undefined) void reply.header('content-encoding', encoding);
  return reply.type(file.type).send(bytes);
}

function firstPart(path: string): string {
  return path.split('/')[1] ?? '';
}

function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true;
}
