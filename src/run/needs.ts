/** What a service needs before it starts: another one that runs, or one whose present life is ready. */
export interface Need {
  readonly name: string;
  /** Its present life has to be ready; otherwise it is enough that it runs. */
  readonly ready: boolean;
}

/** A service as a node of the graph of needs. */
export interface Needing {
  readonly name: string;
  readonly needs: readonly Need[];
}

/** A need as it is written: `db`, `db ready`. */
export function needText({ name, ready }: Need): string {
  return ready ? `${name} ready` : name;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinNames(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/**
 * The services in the order in which they can start: each behind all that it needs, apart from that as given. Needs that
 * lead out of the list are left out of account. Those of a cycle (which no checked config has) come in the order given.
 */
export function startOrder<T extends Needing>(services: readonly T[]): readonly T[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const order = new Set<T>();
  const open = new Set<T>();
  const visit = (service: T | undefined): void => {
    if (service === undefined || order.has(service) || open.has(service)) return;
    open.add(service);
    for (const { name } of service.needs) visit(byName.get(name));
    order.add(service);
  };
  for (const service of services) visit(service);
  return [...order];
}

/** The waves in which services can start: those that need nothing, then those that need only these, and so on. */
export function startWaves(services: readonly Needing[]): readonly (readonly string[])[] {
  const waveOf = new Map<string, number>();
  const waves: string[][] = [];
  for (const { name, needs } of startOrder(services)) {
    const wave = Math.max(0, ...needs.map((need) => (waveOf.get(need.name) ?? -1) + 1));
    waveOf.set(name, wave);
    (waves[wave] ??= []).push(name);
  }
  return waves;
}

/** Every cycle that a service closes, as the names along it: `[a, b, a]`. A service that needs itself is one too. */
export function findCycles(services: readonly Needing[]): readonly (readonly string[])[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const cycles: string[][] = [];
  const over = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const from = path.indexOf(name);
    if (from >= 0) return void cycles.push([...path.slice(from), name]);
    if (over.has(name)) return;
    for (const need of byName.get(name)?.needs ?? []) visit(need.name, [...path, name]);
    over.add(name);
  };
  for (const { name } of services) visit(name, []);
  return cycles;
}

/** Stops services, each as soon as all that need it are gone; those that do not hang together in parallel. */
export async function stopInOrder(
  services: readonly Needing[],
  stop: (name: string) => Promise<void>,
): Promise<void> {
  const gone = new Map<string, Promise<void>>();
  for (const { name } of startOrder(services).toReversed()) {
    const dependents = services.filter(({ needs }) => needs.some((need) => need.name === name));
    const before = Promise.allSettled(dependents.flatMap((each) => gone.get(each.name) ?? []));
    gone.set(
      name,
      before.then(() => stop(name)),
    );
  }
  await Promise.all(gone.values());
}
