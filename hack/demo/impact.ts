import { explainImpact } from '../../src/decide/impact/explain.ts';
import type { Failure } from '../../src/decide/impact/facts.ts';
import { groupOf } from './group.ts';
import type { Step } from './journal.ts';
import type { Stage } from './stage.ts';

const AUDIENCES = ['operations', 'representative', 'customer'] as const;

/** What a tenant feels of a failure, as the rules have it: a line for each audience that feels something. */
export function sayImpact(stage: Stage, step: Step, name: string, failure: Failure): void {
  const { classes, tenants } = stage.picture;
  const tenant = tenants.store.list().find(({ metadata }) => metadata.name === name);
  if (!tenant) throw new Error(`there is no tenant ${name}`);
  const answer = explainImpact({ group: groupOf(stage), classes: classes.store.list(), tenant, failure });
  step.say(`what tenant ${name} (${tenant.spec.tier}) feels of it: ${answer.title}`);
  for (const row of answer.sentences) {
    const felt = AUDIENCES.filter((audience) => row[audience] !== '-');
    for (const audience of felt) step.say(`   ${row.functionality.padEnd(20)} ${audience.padEnd(15)} ${row[audience]}`);
  }
  const quiet = answer.sentences.filter((row) => AUDIENCES.every((audience) => row[audience] === '-'));
  if (quiet.length > 0) step.say(`   nothing of: ${quiet.map(({ functionality }) => functionality).join(', ')}`);
}
