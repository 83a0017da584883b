import type { DeliveryOutcome } from '../../core/channel.ts';
import { networkTrouble } from '../../core/network-error.ts';
import { asError } from '../../core/result.ts';
import { retryAfter } from '../../core/retry-after.ts';
import { cleanLine, clip } from '../rendering/clean.ts';
import { type Answer, located, type PostOutcome } from './post.ts';
import { redact } from './redact.ts';

export interface Judging {
  readonly url: URL;
  /** What must not be shown. */
  readonly secrets: readonly string[];
  /** Wall milliseconds. */
  readonly now: number;
  /** What the far side asks for in its own way, milliseconds. */
  readonly asked?: ((answer: Answer) => number | undefined) | undefined;
  /** What is told of a success; by default the beginning of the answer. */
  readonly detail?: ((answer: Answer) => string | undefined) | undefined;
}

const SHOWN = 200;
/** Too early, too slow, too many: they are over by themselves, as all that begins with 5. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

type Failed = Extract<DeliveryOutcome, { kind: 'failed' }>;

/** What came of a request, as the outbox wants to know it. */
export function judgePost(outcome: PostOutcome, judging: Judging): DeliveryOutcome {
  const { url, secrets } = judging;
  const fail = (why: string, retry = true): Failed => ({
    kind: 'failed',
    reason: `cannot deliver to ${url.origin}: ${clip(redact(cleanLine(why), secrets), 2 * SHOWN)}`,
    retry,
  });
  if (outcome.kind !== 'answer') {
    const why =
      outcome.kind === 'timeout'
        ? 'it gave no answer in time'
        : (networkTrouble(outcome.error)?.why ?? asError(outcome.error).message);
    return { ...fail(why), ...(outcome.sent ? { unsure: true } : { unsent: true }) };
  }
  const { answer } = outcome;
  const { status } = answer;
  const said = excerpt(answer, secrets);
  if (status >= 200 && status < 300)
    return { kind: 'delivered', detail: judging.detail?.(answer) ?? `${status}${said}` };
  if (status >= 300 && status < 400) return fail(redirected(answer, url), false);
  const retry = PASSING.has(status) || status >= 500;
  if (!retry) return fail(`it answered ${status}${said}`, false);
  const afterMs = judging.asked?.(answer) ?? retryAfter(answer.retryAfter, judging.now);
  const failed = fail(`it answered ${status}${said}`);
  return afterMs > 0 ? { ...failed, retryAfterMs: afterMs } : failed;
}

/** What it said, without the tags where it is a page. */
function excerpt({ body }: Answer, secrets: readonly string[]): string {
  const said = /^\s*</.test(body) ? body.replaceAll(/<[^<>]*>/g, ' ') : body;
  const text = clip(redact(cleanLine(said.replaceAll(/\s+/g, ' ')), secrets), SHOWN);
  return text === '' ? '' : `: ${text}`;
}

/** Only the host is named: the rest of an address may be a secret. */
function redirected({ status, location }: Answer, url: URL): string {
  const target = location === undefined ? undefined : located(location, url);
  if (target === undefined) return `it answered ${status} without an address to go to`;
  const where = target.origin === url.origin ? 'another address there' : target.origin;
  return `it answered ${status} and points to ${where}; write the address that it moved to`;
}
