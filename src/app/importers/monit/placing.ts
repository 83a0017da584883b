import type { Diagnostic } from '../../../core/diagnostics.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { mistake } from '../foreign.ts';
import type { Known } from './service-of-check.ts';

/** Which service has the watches of which check. */
export interface Placing {
  /** Checks with a service of their own, by the check that gave it its name: several may be of one unit. */
  readonly owners: ReadonlyMap<Known, Known>;
  /** The services that a check's own one needs, as their checks. */
  needsOf(known: Known): readonly Known[];
  /** What it depends on that is no service, and whose watches are not its own either. */
  otherNeeds(known: Known): readonly string[];
}

/** Puts checks into services: those that start something have one, and one that a single service depends on is part of that. */
export function placeChecks(all: readonly Known[], diagnostics: Diagnostic[]): Placing {
  const byName = new Map(all.map((known) => [known.check.name.toLowerCase(), known]));
  const owners = new Map<Known, Known>();
  const units = new Map<string, Known>();
  for (const known of all) {
    const { started } = known;
    if (started === undefined) continue;
    const unit = started.kind === 'unit' ? started.unit : undefined;
    const owner = (unit === undefined ? undefined : units.get(unit)) ?? known;
    if (unit !== undefined) units.set(unit, owner);
    owners.set(known, owner);
  }
  const targets = (known: Known): readonly Known[] =>
    known.depends.flatMap(({ name, statement }) => {
      const found = byName.get(name.toLowerCase());
      if (found === undefined) {
        const message = `cannot find the check ${name} that ${known.check.name} depends on${didYouMean(
          name,
          all.map(({ check }) => check.name),
        )}`;
        diagnostics.push(mistake(statement.file, message, { line: statement.line, column: 1 }));
      }
      return found ?? [];
    });
  const needed = new Map(all.map((known) => [known, targets(known)]));
  reportCircle(all, needed, diagnostics);
  for (const known of all) {
    if (owners.has(known)) continue;
    const users = new Set(
      all
        .filter((each) => needed.get(each)?.includes(known) === true)
        .flatMap((each) => owners.get(each) ?? []),
    );
    const [only] = users;
    if (only !== undefined && users.size === 1) owners.set(known, only);
  }
  return {
    owners,
    needsOf: (known) => [
      ...new Set(
        all
          .filter((each) => owners.get(each) === known)
          .flatMap((each) => needed.get(each) ?? [])
          .flatMap((each) => owners.get(each) ?? [])
          .filter((each) => each !== known),
      ),
    ],
    otherNeeds: (known) =>
      (needed.get(known) ?? []).filter((each) => !owners.has(each)).map(({ check }) => check.name),
  };
}

/** Monit takes none either; here it would be a mistake of the config. */
function reportCircle(
  all: readonly Known[],
  needed: ReadonlyMap<Known, readonly Known[]>,
  diagnostics: Diagnostic[],
): void {
  const done = new Set<Known>();
  for (const start of all) {
    const stack: { readonly known: Known; next: number }[] = [{ known: start, next: 0 }];
    const open = new Set<Known>([start]);
    while (stack.length > 0 && !done.has(start)) {
      const top = stack.at(-1) as (typeof stack)[number];
      const target = needed.get(top.known)?.[top.next++];
      if (target === undefined) {
        done.add(top.known);
        open.delete(top.known);
        stack.pop();
      } else if (open.has(target)) {
        const { file, line, name } = target.check;
        diagnostics.push(
          mistake(file, `cannot import ${name}: it depends on itself, at the end of a circle`, {
            line,
            column: 1,
          }),
        );
        return;
      } else if (!done.has(target)) {
        stack.push({ known: target, next: 0 });
        open.add(target);
      }
    }
  }
}
