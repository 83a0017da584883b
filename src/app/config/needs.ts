import { didYouMean } from '../../core/suggest.ts';
import { findCycles, joinNames, type Need, needText } from '../../run/needs.ts';
import type { Plan } from '../plan.ts';
import { type Notes, report } from './notes.ts';

/** Reads `needs:` of a service; what cannot be read is told and left out. */
export function resolveNeeds(notes: Notes, name: string, written: readonly string[] = []): readonly Need[] {
  const needs: Need[] = [];
  for (const [index, text] of written.entries()) {
    const path = ['services', name, 'needs', index];
    const [needed = '', word, ...more] = text.trim().split(/\s+/);
    if (needed === '' || more.length > 0 || (word !== undefined && word !== 'ready')) {
      const hint = word === undefined ? '' : didYouMean(word, ['ready']);
      report(
        notes,
        'error',
        path,
        'value',
        `cannot read the need "${text}": write NAME, or NAME ready${hint}`,
      );
    } else if (needs.some((need) => need.name === needed)) {
      report(notes, 'error', path, 'value', `cannot need ${needed} twice: once is enough`);
    } else {
      needs.push({ name: needed, ready: word === 'ready' });
    }
  }
  return needs;
}

/** Finds needs that can never be met: of a service that is not there, of itself, round in a circle, ready without a sign of it. */
export function checkNeeds(notes: Notes, plan: Plan): void {
  const byName = new Map(plan.services.map((service) => [service.name, service]));
  // A service with a mistake of its own is in the config all the same.
  const known = [...new Set([...writtenNames(notes.source.value), ...byName.keys()])];
  for (const { name, needs } of plan.services) {
    for (const need of needs) {
      const tell = (message: string): void =>
        report(notes, 'error', pathOf(notes, name, need), 'value', message);
      const needed = byName.get(need.name);
      if (!known.includes(need.name)) {
        tell(`cannot need "${need.name}": no such service${didYouMean(need.name, known)}`);
      } else if (need.name === name) {
        tell(`cannot need "${name}" in ${name} itself`);
      } else if (need.ready && needed !== undefined && needed.ready === undefined && needed.kind !== 'unit') {
        tell(
          `cannot wait for "${needText(need)}": ${need.name} has no way to say so; give it \`ready:\`, or write only ${need.name}`,
        );
      }
    }
  }
  for (const cycle of findCycles(plan.services)) {
    const [first = '', second = ''] = cycle;
    if (cycle.length <= 2) continue;
    const circle = cycle.join(' needs ');
    const path = pathOf(notes, first, { name: second, ready: false });
    report(notes, 'error', path, 'value', `cannot start ${joinNames(cycle.slice(1))}: ${circle}`);
  }
}

function writtenNames(value: unknown): readonly string[] {
  const services = (value as { services?: unknown } | null)?.services;
  return typeof services === 'object' && services !== null ? Object.keys(services) : [];
}

/** Where a need is written. */
function pathOf({ source }: Notes, name: string, need: Need): (string | number)[] {
  const services = (source.value as { services?: Record<string, { needs?: unknown }> }).services;
  const written = services?.[name]?.needs;
  const index = Array.isArray(written)
    ? written.findIndex((text) => String(text).trim().split(/\s+/)[0] === need.name)
    : -1;
  return index < 0 ? ['services', name, 'needs'] : ['services', name, 'needs', index];
}
