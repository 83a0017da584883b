import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { approximateDuration } from '../../core/durations.ts';
import { type FdSign, fdText, watchFd } from './fd.ts';
import { type HttpSign, httpText, lookHttp } from './http.ts';
import { type LineSign, lineText, watchLine } from './line.ts';
import { lookUntilSeen } from './looking.ts';
import type { SignWatch } from './sign-watch.ts';
import { lookTcp, type TcpSign, tcpText } from './tcp.ts';

/** What shows that a life does its work. Serialisable as JSON. */
export type Sign = FdSign | LineSign | HttpSign | TcpSign;

export interface Readiness {
  readonly sign: Sign;
  /** A life that is not ready by then has failed to start; null: it may take as long as it likes. */
  readonly withinMs: number | null;
}

export type ReadinessEvent =
  | { readonly kind: 'ready'; readonly afterMs: number; readonly sign: string }
  | { readonly kind: 'late'; readonly withinMs: number; readonly missing: string };

/** Looks for the sign of one life from its start on, and tells at most once: it is ready, or it is late. */
export interface LifeReadiness {
  /** The descriptor that the life has to be given a pipe on. */
  readonly fd: number | undefined;
  /** Takes every line of the life's output; the buffer is only lent. */
  readonly heard: ((line: Buffer) => void) | undefined;
  /** The life has been started. `notify` is our end of the pipe. */
  begin(notify: Readable | null): void;
  /** The life is over, or on its way to its end. */
  close(): void;
}

export function createLifeReadiness(
  { sign, withinMs }: Readiness,
  clock: Clock,
  tell: (event: ReadinessEvent) => void,
): LifeReadiness {
  let watch: SignWatch | undefined;
  let over = false;
  let begun = clock.monotonic();
  let timer: { cancel(): void } | undefined;
  const close = (): void => {
    over = true;
    timer?.cancel();
    watch?.close();
  };
  const seen = (): void => {
    if (over) return;
    close();
    tell({ kind: 'ready', afterMs: clock.monotonic() - begun, sign: signText(sign) });
  };
  const lines = sign.kind === 'line' ? watchLine(sign, seen) : undefined;
  return {
    fd: sign.kind === 'fd' ? sign.fd : undefined,
    heard: lines?.heard,
    begin(notify) {
      begun = clock.monotonic();
      watch = sign.kind === 'line' ? lines : beginWatch(sign, notify, clock, seen);
      if (withinMs === null) return;
      timer = clock.timer(withinMs, () => {
        const missing = watch?.missing() ?? '';
        close();
        tell({ kind: 'late', withinMs, missing });
      });
    },
    close,
  };
}

function beginWatch(
  sign: Exclude<Sign, LineSign>,
  notify: Readable | null,
  clock: Clock,
  seen: () => void,
): SignWatch {
  switch (sign.kind) {
    case 'fd':
      return watchFd(sign, notify, seen);
    case 'http':
      return lookUntilSeen(lookHttp(sign), sign, clock, seen);
    case 'tcp':
      return lookUntilSeen(lookTcp(sign), sign, clock, seen);
  }
}

/** What is looked for: `a newline on descriptor 3`. */
export function signText(sign: Sign): string {
  switch (sign.kind) {
    case 'fd':
      return fdText(sign);
    case 'line':
      return lineText(sign);
    case 'http':
      return httpText(sign);
    case 'tcp':
      return tcpText(sign);
  }
}

/** A readiness in words: `a newline on descriptor 3, within 1m`. */
export function readinessText({ sign, withinMs }: Readiness): string {
  return withinMs === null ? signText(sign) : `${signText(sign)}, within ${approximateDuration(withinMs)}`;
}
