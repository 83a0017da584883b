import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mood, Taken } from '../../test/rig/far-side.ts';
import type { KillPoint } from '../../test/rig/mortal-database.ts';
import { openRig, type Rig } from '../../test/rig/notifying.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

type Act =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'flip'; readonly service: string }
  | { readonly do: 'mood'; readonly channel: string; readonly mood: Mood }
  | { readonly do: 'snooze'; readonly service: string; readonly ms: number }
  | { readonly do: 'kill'; readonly at: KillPoint | 'now' | 'yes' }
  | { readonly do: 'drain' }
  | { readonly do: 'start' };

const NEEDS = { web: ['db'], api: ['web'] } as const;
const SERVICES = ['db', 'web', 'api', 'dns'];
const CHANNELS = { ops: {}, phone: { afterMs: 2 * MINUTE }, pager: { repeatMs: 5 * MINUTE } };
const MOODS: readonly Mood[] = [
  'yes',
  'yes',
  'no',
  'never',
  'slow',
  'busy',
  'lost',
  'hang',
  'mute',
  'throws',
];

const service = fc.constantFrom(...SERVICES);
const wait = fc
  .oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 400 }))
  .map((seconds): Act => ({ do: 'wait', ms: seconds * SECOND }));
const flip = service.map((name): Act => ({ do: 'flip', service: name }));
const mood = fc
  .record({ channel: fc.constantFrom(...Object.keys(CHANNELS)), mood: fc.constantFrom(...MOODS) })
  .map((act): Act => ({ do: 'mood', ...act }));
const kill = fc
  .constantFrom<KillPoint | 'now' | 'yes'>('now', 'before-commit', 'after-commit', 'yes')
  .map((at): Act => ({ do: 'kill', at }));
const others = fc.constantFrom<Act>({ do: 'drain' }, { do: 'start' }, { do: 'start' });
const snooze = fc
  .record({ service, ms: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * SECOND) })
  .map((act): Act => ({ do: 'snooze', ...act }));

/** A stretch in which a service was down, as the world knows it; `until` is null while it lasts. */
interface Down {
  readonly service: string;
  readonly since: number;
  until: number | null;
}

interface Played {
  readonly downs: readonly Down[];
  readonly snoozes: readonly { readonly service: string; readonly from: number; readonly until: number }[];
  readonly taken: (channel: string) => readonly Taken[];
}

/** Plays a history, heals everything, waits, and answers with what happened and what everybody heard. */
async function play(acts: readonly Act[], needs: Rig['world']['needs']): Promise<Played> {
  const rig = openRig({ channels: CHANNELS });
  const { clock, world, sides } = rig;
  const downs: Down[] = [];
  const snoozes: { service: string; from: number; until: number }[] = [];
  world.needs = needs;
  world.silenceOf = (name, _watch, now) => {
    const found = snoozes.find((each) => each.service === name && each.from <= now && now < each.until);
    return found && { by: 'snooze', why: 'a test', who: 'ada', until: found.until };
  };
  const sends = Object.values(sides).map(({ send }) => send);
  let isUp = true;
  const start = (): void => {
    if (!isUp || rig.died() !== undefined) rig.start();
    isUp = true;
  };
  const flipNow = (name: string): void => {
    const open = downs.find((down) => down.service === name && down.until === null);
    rig.flip(name, 'alive', open === undefined ? 'bad' : 'ok');
    if (open === undefined) downs.push({ service: name, since: clock.now(), until: null });
    else open.until = clock.now();
  };
  try {
    await clock.advance(0);
    for (const act of acts) {
      if (act.do === 'wait') await clock.advance(act.ms);
      // No two flips of a service at the same moment: they would be one.
      if (act.do === 'flip') await clock.advance(1).then(() => flipNow(act.service));
      if (act.do === 'mood') (sides[act.channel] as { mood: Mood }).mood = act.mood;
      if (act.do === 'snooze')
        snoozes.push({ service: act.service, from: clock.now(), until: clock.now() + act.ms });
      if (act.do === 'start') start();
      if (act.do === 'kill') killAt(rig, act.at);
      if (act.do === 'kill' && act.at === 'now') isUp = false;
      if (act.do === 'drain' && isUp && rig.died() === undefined) {
        await rig.stop();
        isUp = false;
      }
    }
    for (const [index, side] of Object.values(sides).entries())
      Object.assign(side, { mood: 'yes', send: sends[index] });
    rig.spare();
    start();
    // What was refused for good is tried again within 72 minutes, what a snooze held after 10.
    await clock.advance(75 * MINUTE);
    assert.equal(rig.died(), undefined);
    assert.deepEqual(rig.notifier.view({ pending: true }).messages, [], 'everything is delivered');
    for (const side of Object.values(sides)) assert.ok(side.most <= 1);
    return { downs, snoozes, taken: (channel) => sides[channel]?.taken ?? [] };
  } finally {
    await rig.close();
  }
}

/** Kills around the next commit, at once, or when the next message was taken and before that is stored. */
function killAt(rig: Rig, at: KillPoint | 'now' | 'yes'): void {
  if (rig.died() !== undefined) return;
  if (at === 'now') return rig.kill();
  if (at !== 'yes') return rig.kill(at);
  for (const side of Object.values(rig.sides)) {
    const { send } = side;
    side.send = async (notice, signal) => {
      side.send = send;
      const outcome = await send.call(side, notice, signal);
      rig.kill('before-commit');
      return outcome;
    };
  }
}

/** What a channel heard of each outage: the ids of the messages that said that it lasts, and that it is over. */
function heard(taken: readonly Taken[]) {
  const outages = new Map<string, { lasts: Set<string>; over: Set<string>; until: number | null }>();
  for (const { notice } of taken)
    for (const item of notice.items) {
      const key = `${item.service} ${item.since}`;
      const known = outages.get(key) ?? { lasts: new Set(), over: new Set(), until: null };
      outages.set(key, known);
      if (item.until === null) known.lasts.add(notice.id);
      else {
        known.over.add(notice.id);
        known.until = item.until;
      }
    }
  return outages;
}

const keyOf = ({ service: name, since }: Down): string => `${name} ${since}`;

/** What holds for every channel, whatever happened: no message is said twice but under its id, and the last word is true. */
function checkSafety({ downs, taken }: Played): void {
  for (const channel of Object.keys(CHANNELS)) {
    const known = heard(taken(channel));
    for (const [key, { lasts, over, until }] of known) {
      const down = downs.find((each) => keyOf(each) === key);
      assert.ok(down, `${channel} heard of ${key}, which never was`);
      if (channel !== 'pager') assert.ok(lasts.size <= 1, `${channel} heard ${lasts.size} times of ${key}`);
      assert.equal(over.size, down.until === null ? 0 : 1, `${channel}: the end of ${key}`);
      if (down.until !== null) assert.equal(until, down.until);
    }
    for (const name of SERVICES) {
      const words = taken(channel).flatMap(({ notice }) =>
        notice.items.filter((item) => item.service === name),
      );
      const last = words.at(-1);
      if (last === undefined) continue;
      const truth = downs.findLast((down) => down.service === name);
      if (truth !== undefined && keyOf(truth) === `${name} ${last.since}`)
        assert.equal(last.until, truth.until, `${channel}: the last word on ${name}`);
    }
  }
}

/** More by hand: VAHTI_NOTIFY_RUNS=1000 node --test src/notify/notifier-properties.test.ts. */
const RUNS = { numRuns: Number(process.env['VAHTI_NOTIFY_RUNS'] ?? 8) };

test('whatever is killed and whatever fails: every outage and its end are delivered, once', async () => {
  const acts = fc.array(fc.oneof(wait, flip, wait, flip, mood, kill, others), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const played = await play(history, {});
      checkSafety(played);
      for (const channel of ['ops', 'pager'])
        for (const down of played.downs) {
          const { lasts, over } = heard(played.taken(channel)).get(keyOf(down)) ?? {};
          assert.ok((lasts?.size ?? 0) + (over?.size ?? 0) > 0, `${channel} never heard of ${keyOf(down)}`);
        }
      for (const down of played.downs)
        if (down.until !== null && down.until - down.since < 2 * MINUTE)
          assert.ok(!heard(played.taken('phone')).has(keyOf(down)), 'too short for the phone');
    }),
    RUNS,
  );
});

test('with snoozes and needs: nothing is held that nothing holds, and whoever heard of an outage hears of its end', async () => {
  const acts = fc.array(fc.oneof(wait, flip, wait, flip, mood, snooze), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const played = await play(history, NEEDS);
      checkSafety(played);
      const known = heard(played.taken('ops'));
      for (const down of played.downs) {
        const holds = holdsOf(down, played);
        if (holds.length === 0) assert.ok(known.has(keyOf(down)), `ops never heard of ${keyOf(down)}`);
        const until = down.until ?? Number.POSITIVE_INFINITY;
        if (holds.some((hold) => hold.from <= down.since && until <= hold.until))
          assert.ok(!known.has(keyOf(down)), `ops heard of ${keyOf(down)}`);
      }
    }),
    RUNS,
  );
});

/** What may hold an outage: snoozes of its service, and outages of what it needs, with the time to become well. */
function holdsOf(down: Down, { downs, snoozes }: Played): readonly { from: number; until: number }[] {
  const needed = { web: ['db'], api: ['web', 'db'] }[down.service] ?? [];
  const causes = downs
    .filter(({ service: name }) => needed.includes(name))
    .map(({ since, until }) => ({
      from: since,
      until: until === null ? Number.POSITIVE_INFINITY : until + MINUTE,
    }));
  const own = snoozes.filter((each) => each.service === down.service);
  const end = down.until ?? Number.POSITIVE_INFINITY;
  return [...causes, ...own].filter(({ from, until }) => from <= end && until >= down.since);
}
