import * as v from 'valibot';
import { RpcError, type RpcMethods } from '../core/rpc.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { NotificationsView } from '../notify/view.ts';

/** What the control socket says and does about notifications. */
export interface NotifyApi {
  readonly notifications: {
    readonly params: { readonly pending: boolean; readonly most: number };
    readonly value: NotificationsView;
  };
  /** Sends a test message; what the far side said. */
  readonly 'notify-test': { readonly params: { readonly channel: string }; readonly value: string };
  /** Tries a message that waits, now, whatever holds it or its channel. */
  readonly 'notification-retry': {
    readonly params: { readonly id: string; readonly who: string };
    readonly value: null;
  };
  /** Gives a message up. */
  readonly 'notification-drop': {
    readonly params: { readonly id: string; readonly who: string };
    readonly value: null;
  };
}

const word = v.pipe(v.string(), v.nonEmpty());

const NOTIFY_PARAMS = {
  notifications: v.strictObject({
    pending: v.boolean(),
    most: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
  }),
  'notify-test': v.strictObject({ channel: word }),
  'notification-retry': v.strictObject({ id: word, who: v.string() }),
  'notification-drop': v.strictObject({ id: word, who: v.string() }),
} as const;

export interface NotifyControlTarget {
  readonly notifier: Notifier;
}

export function notifyMethods({ notifier }: NotifyControlTarget): RpcMethods<NotifyApi> {
  return {
    notifications: { params: NOTIFY_PARAMS.notifications, handle: (query) => notifier.view(query) },
    'notify-test': {
      params: NOTIFY_PARAMS['notify-test'],
      async handle({ channel }, { signal }) {
        const known = notifier
          .view({ most: 1 })
          .channels.filter(({ configured }) => configured)
          .map(({ name }) => name);
        if (!known.includes(channel))
          throw new RpcError('unknown-channel', `cannot find a channel "${channel}"`, {
            name: channel,
            known,
          });
        const outcome = await notifier.test(channel, signal);
        if (outcome.ok) return outcome.value;
        throw new RpcError('refused', outcome.error);
      },
    },
    'notification-retry': {
      params: NOTIFY_PARAMS['notification-retry'],
      handle({ id, who }) {
        if (notifier.retry(id, who)) return null;
        throw new RpcError('refused', `cannot try ${id} again: no message of that id waits`);
      },
    },
    'notification-drop': {
      params: NOTIFY_PARAMS['notification-drop'],
      handle({ id, who }) {
        if (notifier.drop(id, who)) return null;
        throw new RpcError('refused', `cannot drop ${id}: no message of that id waits`);
      },
    },
  };
}
