import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { dump } from 'js-yaml';
import { SYSTEM_NAMESPACE } from '../../api/common.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import { RESOURCES } from '../../api/resources.ts';
import { EVENT, LEASE } from '../../kube/kinds.ts';
import type { KubeObject, Resource } from '../../kube/object.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { byKey, type Picture, readSwitch } from '../picture.ts';
import { redact } from '../redact.ts';
import { stampOf } from '../requests.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { buildReceipt, receiptAsHtml, receiptAsMarkdown } from '../views/receipt.ts';
import { computeStatus, statusView } from '../views/status.ts';

const RECEIPT_FORMATS = ['md', 'html', 'json'] as const;
type ReceiptFormat = (typeof RECEIPT_FORMATS)[number];

/** What a person who helps has to see. Secrets are never read. */
const COLLECTED: readonly (readonly [file: string, resource: Resource, namespace?: string])[] = [
  ['iugroups', RESOURCES.iuGroup],
  ['serviceclasses', RESOURCES.serviceClass],
  ['tenants', RESOURCES.tenant],
  ['serviceinstances', RESOURCES.serviceInstance],
  ['regionswitches', RESOURCES.regionSwitch],
  ['leases', LEASE, SYSTEM_NAMESPACE],
  ['events', EVENT],
];

function renderReceipt(one: RegionSwitch, format: ReceiptFormat): string {
  const receipt = buildReceipt(one);
  switch (format) {
    case 'md':
      return receiptAsMarkdown(receipt);
    case 'html':
      return receiptAsHtml(receipt);
    case 'json':
      return `${JSON.stringify({ receipt, regionSwitch: redact(one) }, null, 2)}\n`;
  }
}

async function receipt(
  { client, terminal }: Session,
  name: string,
  asked: { format: ReceiptFormat },
): Promise<ExitCode> {
  terminal.out(renderReceipt(await readSwitch(client, name), asked.format));
  return EXIT.ok;
}

const isOurs = (object: KubeObject): boolean => JSON.stringify(object).includes('switchback');

/** A folder that can be sent to who helps. What may not be read is left out, and said. */
async function collect({ client, clock, terminal }: Session, { dir }: { dir?: string }): Promise<ExitCode> {
  const folder = dir ?? `switchback-report-${stampOf(clock.now().wallMs)}`;
  await mkdir(join(folder, 'receipts'), { recursive: true });
  const left: string[] = [];
  const read = new Map<Resource, readonly KubeObject[]>();
  for (const [file, resource, namespace] of COLLECTED) {
    try {
      const { items } = await client.list(resource, namespace === undefined ? {} : { namespace });
      const kept = resource === EVENT ? items.filter(isOurs) : items;
      read.set(resource, kept);
      await writeFile(join(folder, `${file}.yaml`), dump(redact(kept), { noRefs: true, lineWidth: -1 }));
    } catch (error) {
      left.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const itemsOf = <T extends KubeObject>(resource: Resource<T>): T[] =>
    byKey((read.get(resource) ?? []) as readonly T[]);
  const picture: Picture = {
    groups: itemsOf(RESOURCES.iuGroup),
    classes: itemsOf(RESOURCES.serviceClass),
    instances: itemsOf(RESOURCES.serviceInstance),
    switches: itemsOf(RESOURCES.regionSwitch),
  };
  const status = statusView(computeStatus(picture, picture.groups));
  await writeFile(join(folder, 'status.txt'), `${status.text((_, text) => text, true)}\n`);
  for (const one of picture.switches) {
    await writeFile(join(folder, 'receipts', `${one.metadata.name}.md`), renderReceipt(one, 'md'));
  }
  await writeFile(join(folder, 'left-out.txt'), left.length === 0 ? 'nothing\n' : `${left.join('\n')}\n`);
  terminal.out(`${folder}\n`);
  for (const line of left) terminal.err(`left out: ${line}\n`);
  return EXIT.ok;
}

export function addReportCommands(program: Command, run: Run): void {
  program
    .command('receipt')
    .description('what a switch did: timeline, evidence, approvals, measured against objective')
    .argument('<switch>', 'name of a RegionSwitch')
    .addOption(new Option('--format <format>', 'how it is written').choices(RECEIPT_FORMATS).default('md'))
    .action(run((session, name: string, asked: { format: ReceiptFormat }) => receipt(session, name, asked)));
  program
    .command('report')
    .description('a folder for who helps: objects without secrets, events, a receipt of each switch')
    .option('--dir <folder>', 'where it is written; a new one when left out')
    .action(run((session, asked: { dir?: string }) => collect(session, asked)));
}
