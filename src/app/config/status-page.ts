import { suggest } from '../../core/suggest.ts';
import { AGENT_NAME, type HubConfig } from '../../hub/config.ts';
import type { StatusPagePlan } from '../../hub/status-page/config.ts';
import { type Notes, report } from './notes.ts';

const TITLE = 'Status';
const MOST_SERVICES = 200;

/**
 * The services that everybody may see.
 * @param agent of this machine. @param own its services.
 */
export function resolveStatusPage(
  notes: Notes,
  { 'status-page': written }: HubConfig,
  agent: string,
  own: readonly string[],
): StatusPagePlan | undefined {
  if (written === undefined) return undefined;
  const path = ['hub', 'status-page', 'services'];
  const all = Object.entries(written.services);
  if (all.length === 0 || all.length > MOST_SERVICES)
    report(notes, 'error', path, 'value', `cannot show ${all.length} services: name 1 to ${MOST_SERVICES}`);
  const services = all.map(([label, service]) => {
    const at = service.indexOf('/');
    const [whose, name] = at === -1 ? [agent, service] : [service.slice(0, at), service.slice(at + 1)];
    const say = (why: string): void => report(notes, 'error', [...path, label], 'value', why);
    if (!AGENT_NAME.test(whose) || name === '' || name.includes('/'))
      say(`cannot show "${service}": write SERVICE or AGENT/SERVICE`);
    else if (whose === agent && !own.includes(name)) {
      const meant = suggest(name, own);
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
      say(`cannot show "${name}": this machine has no such service${hint}`);
    }
    return { label, agent: whose, name };
  });
  return { title: written.title ?? TITLE, services };
}
