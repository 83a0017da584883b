import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { statePaths } from '../app/state.ts';
import { hubOf, type Plan, type PlannedHub } from '../app/plan.ts';
import { addressText, ownAddress } from '../core/address.ts';
import { systemClock } from '../core/clock.ts';
import { resolveReference } from '../core/references.ts';
import { asError } from '../core/result.ts';
import type { HubClientOptions } from '../wire/hub-client.ts';
import { findConfig, findPlan } from './config-file.ts';
import { CommandError } from './exit-codes.ts';

const TOKEN = 'VAHTI_TOKEN';

/**
 * Which hub a command asks, and as whom: the address that is given, or that of the config. The token is `$VAHTI_TOKEN`; without it for
 * a hub on this machine that of its administrator, for one elsewhere that of this machine, which sees its own records alone.
 * @param given the address; true: that of the config. @throws CommandError
 */
export async function findHub(given: string | true, config: string | undefined): Promise<HubClientOptions> {
  const own = process.env[TOKEN];
  if (given !== true) {
    if (own === undefined)
      throw new CommandError(
        'usage',
        `cannot ask the hub ${given}: set ${TOKEN} to a token of it (vahti token create user NAME)`,
      );
    return { url: addressOf(given), token: own, clock: systemClock };
  }
  const plan = await findPlan(config);
  const here = plan === undefined ? undefined : hubOf(plan);
  if (plan !== undefined && here !== undefined) return ownHub(plan, here, own);
  if (plan?.shipping === undefined)
    throw new CommandError(
      'usage',
      'cannot ask a hub: the config names none; write --hub URL, or hub: in the config',
    );
  const { url, token, ca } = plan.shipping;
  const found =
    own === undefined
      ? resolveReference(token, dirname(findConfig(config)), process.env)
      : { ok: true as const, value: own };
  if (!found.ok) throw new CommandError('failed', `cannot ask the hub: ${found.error}`);
  return {
    url: addressOf(url),
    token: found.value,
    clock: systemClock,
    ...(ca === undefined ? {} : { ca: textIn(ca) }),
  };
}

/** The hub of this machine. */
function ownHub(plan: Plan, hub: PlannedHub, own: string | undefined): HubClientOptions {
  const scheme = hub.tls === undefined ? 'http' : 'https';
  return {
    url: new URL(`${scheme}://${addressText(ownAddress(hub))}`),
    token: own ?? textIn(join(statePaths(plan.state).hub, 'admin-token')).trim(),
    clock: systemClock,
    ...(hub.tls === undefined ? {} : { pinned: textIn(hub.tls.cert) }),
  };
}

/** `wss://hub.example/ws` and `https://hub.example` are the same hub. */
function addressOf(given: string): URL {
  const written = /^[a-z]+:\/\//i.test(given) ? given : `https://${given}`;
  if (!/^(?:https?|wss?):\/\/[^?#]+$/.test(written) || !URL.canParse(written))
    throw new CommandError(
      'usage',
      `cannot use "${given}" as the address of a hub: write it as https://hub.example`,
    );
  const url = new URL(written.replace(/^ws/, 'http'));
  url.pathname = url.pathname.replace(/\/ws\/?$/, '/');
  return url;
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(
      'failed',
      `cannot ask the hub: cannot read ${file}: ${asError(error).message}; set ${TOKEN}`,
    );
  }
}
