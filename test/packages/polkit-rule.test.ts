import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { ROOT } from '../rig/vahti.ts';

/** The rule of vahti-watch, judged by its own code, with a polkit that only knows what polkit(8) says of rules. */

const FILE = path.join(ROOT, 'scripts/package/vahti-watch/root/etc/polkit-1/rules.d/50-vahti-watch.rules');
const MANAGE = 'org.freedesktop.systemd1.manage-units';

interface Asked {
  readonly id?: string;
  readonly user?: string;
  readonly unit?: string | undefined;
  readonly verb?: string | undefined;
}

type Rule = (
  action: { readonly id: string; lookup(key: string): string | undefined },
  subject: { readonly user: string },
) => string | undefined;

/** What a text of rules answers. */
function judge(text: string, { id = MANAGE, user = 'vahti-watch', ...details }: Asked): string | undefined {
  const rules: Rule[] = [];
  const polkit = {
    Result: { YES: 'yes', NOT_HANDLED: undefined },
    addRule: (rule: Rule) => void rules.push(rule),
  };
  runInContext(text, createContext({ polkit }));
  assert.equal(rules.length, 1);
  const given: Readonly<Record<string, string | undefined>> = details;
  return rules[0]?.({ id, lookup: (key) => given[key] }, { user });
}

test('the rule lets vahti-watch do what it has to with the units that are named, and nobody anything else', () => {
  const packaged = fs.readFileSync(FILE, 'utf8');
  const text = packaged.replace('// "livereduce.service",', '"livereduce.service",\n"web.service",');
  assert.notEqual(text, packaged);
  for (const unit of ['livereduce.service', 'web.service'])
    for (const verb of ['start', 'stop', 'restart', 'try-restart', 'reset-failed'])
      assert.equal(judge(text, { unit, verb }), 'yes', `${verb} ${unit}`);
  const right = { unit: 'livereduce.service', verb: 'restart' };
  const wrong: Asked[] = [
    { ...right, unit: 'sshd.service' },
    { ...right, unit: 'livereduce.service.evil.service' },
    { ...right, unit: undefined },
    { ...right, verb: 'kill' },
    { ...right, verb: undefined },
    { ...right, user: 'vahti' },
    { ...right, user: 'root' },
    { ...right, id: 'org.freedesktop.systemd1.manage-unit-files' },
    { ...right, id: 'org.freedesktop.login1.power-off' },
  ];
  for (const asked of wrong) assert.equal(judge(text, asked), undefined, JSON.stringify(asked));
});

test('as it is packaged the rule allows nothing', () => {
  const packaged = fs.readFileSync(FILE, 'utf8');
  assert.equal(judge(packaged, { unit: 'livereduce.service', verb: 'restart' }), undefined);
});

test('the rule is written in the JavaScript that polkit reads: ECMAScript 5', () => {
  const code = fs.readFileSync(FILE, 'utf8').replace(/\/\/.*/g, '');
  assert.doesNotMatch(code, /\b(?:let|const|class|async|of)\b|=>|`|\.\.\.|\?\?|\?\./);
});
