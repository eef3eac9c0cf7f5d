import { ROLES, type Role, RULES, type Rule } from '../rbac/roles.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const TITLES: Readonly<Record<Role, string>> = {
  hub: 'The hub, in its own cluster (service account `switchback-hub`)',
  'hub-in-region': "The hub's credential, in each region (service account `switchback-hub`)",
  agent: 'The agent, in its own region (service account `switchback-agent`)',
  peer: 'The agents of other regions, in each region (service account `switchback-peer`)',
};

/** What each part may do, as the chart grants it. */
export function renderRolesPage(): readonly GeneratedFile[] {
  const sections = ROLES.map((role) => `## ${TITLES[role]}\n\n${rulesTable(RULES[role])}`);
  const text = `<!-- Generated from hack/rbac/roles.ts by \`npm run gen\`: do not edit. -->

# Roles

What the chart grants, and nothing else: no wildcard, no Secret but the named ones. The simulation and the integration tests
run the operator under exactly these roles; a right that no test uses fails \`test/unit/rbac.test.ts\`.
[security.md](../security.md) says what follows.

${sections.join('\n\n')}
`;
  return [{ path: 'docs/reference/roles.md', text }];
}

const rulesTable = (rules: readonly Rule[]): string =>
  table(
    ['group', 'resources', 'verbs', 'where', 'why'],
    rules.map((rule) => [
      rule.group === '' ? 'core' : code(rule.group),
      rule.resources.map(code).join(', '),
      rule.verbs.join(', '),
      `${whereOf(rule)}${rule.only ? ', where `hub.clusterProfiles.enabled` is set' : ''}`,
      cell(rule.why),
    ]),
  );

function whereOf({ names, own }: Rule): string {
  const which =
    names === 'credentials'
      ? ', named by `hub.credentials.secretNames`'
      : names
        ? `, ${names.map(code).join(', ')}`
        : '';
  return `${own ? 'its namespace' : 'cluster'}${which}`;
}
