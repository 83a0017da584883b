import { request } from '../../src/core/http.ts';
import { createLineSplitter } from '../../src/core/lines.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Row } from '../../src/wire/hub/row.ts';
import type { HubRow } from '../../src/hub/blocks/row.ts';
import { hubRow } from './hub-rows.ts';
import type { TestHub } from './hub-server.ts';

/** Sends records as an agent: their numbers go on, and they happened now unless they say otherwise. */
export function createSender(
  hub: TestHub,
): (agent: string, parts: readonly Partial<HubRow>[]) => Promise<void> {
  const last = new Map<string, number>();
  let time = 0;
  return async (agent, parts) => {
    const records = parts.map((part) => {
      const seq = (last.get(agent) ?? 0) + 1;
      last.set(agent, seq);
      // Of one millisecond the clock does not say what came first.
      time = Math.max(time + 1, systemClock.micros());
      const { position: _p, received: _r, agent: _a, fields, ...row } = hubRow({ time, ...part, seq });
      return { ...row, ...(fields === '' ? {} : { fields: JSON.parse(fields) as unknown }) };
    });
    const answer = await hub.store.append({ agent }, Buffer.from(JSON.stringify(records)));
    if (!answer.ok || answer.stored !== records.length)
      throw new Error(`it was not stored: ${JSON.stringify(answer)}`);
  };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly trailers: NodeJS.Dict<string>;
}

/** Asks by GET, with a token. */
export function ask(hub: Pick<TestHub, 'url'>, path: string, token: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${hub.url}${path}`,
      { agent: false, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.startsWith('application/json') === true;
          resolve({
            status: response.statusCode ?? 0,
            text,
            body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
            headers: response.headers,
            trailers: response.trailers,
          });
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

export type TailLine = Partial<Row> & { readonly event?: string; readonly skipped?: number };

/** An open `/api/tail`; it can be left unread for a while. */
export interface Tail {
  readonly lines: TailLine[];
  rows(): Row[];
  pause(): void;
  resume(): void;
  readonly ended: Promise<void>;
  close(): void;
}

export function openTail(hub: Pick<TestHub, 'url'>, query: string, token: string): Promise<Tail> {
  return new Promise((resolve, reject) => {
    const lines: TailLine[] = [];
    const asked = request(
      `${hub.url}/api/tail?${query}`,
      { agent: false, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        const splitter = createLineSplitter({
          maxBytes: 1_000_000,
          onLine: (line) => lines.push(JSON.parse(line.toString()) as TailLine),
        });
        response.on('data', (chunk: Buffer) => splitter.push(chunk));
        response.on('error', () => {});
        resolve({
          lines,
          rows: () => lines.filter((line): line is Row => line.event === undefined),
          pause: () => void response.pause(),
          resume: () => void response.resume(),
          ended: new Promise((done) => response.on('close', () => done())),
          close: () => asked.destroy(),
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
