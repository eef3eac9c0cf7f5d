import type { Command } from 'commander';
import { SYSTEM_NAMESPACE } from '../../api/common.ts';
import type { IUGroup } from '../../api/iu-group.ts';
import { ANNOTATIONS } from '../../api/labels.ts';
import type { HubMark } from '../../api/region-lease.ts';
import { RESOURCES } from '../../api/resources.ts';
import { ifPresent } from '../../kube/errors.ts';
import { LEASE } from '../../kube/kinds.ts';
import { keyOf } from '../../kube/object.ts';
import { sleep } from '../../runtime/clock.ts';
import { parseDuration } from '../durations.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import { chooseGroup, instancesOf, readPicture } from '../picture.ts';
import { markOf, type RegionSaid, readMarks, readRegions } from '../regions.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { computeRestoration, isWhole, type Restoration, restoreView } from '../views/restore.ts';

interface RestoreOptions {
  readonly confirmStopped?: boolean;
  readonly acceptMissing?: string;
  readonly watch: string;
}

interface Looked {
  readonly group: IUGroup;
  readonly regions: readonly RegionSaid[];
  readonly restoration: Restoration;
}

async function look(session: Session): Promise<Looked> {
  const { client, options } = session;
  const picture = await readPicture(client);
  const group = chooseGroup(picture, options.group);
  const [regions, tenants, election] = await Promise.all([
    readRegions(session, group),
    client.list(RESOURCES.tenant),
    ifPresent(client.read(LEASE, { namespace: SYSTEM_NAMESPACE, name: 'switchback-hub' })),
  ]);
  const restoration = computeRestoration({
    group,
    regions,
    instances: instancesOf(picture, group.metadata.name),
    tenants: new Set(tenants.items.map(keyOf)),
    switches: picture.switches,
    leader: election?.spec?.holderIdentity ?? undefined,
  });
  return { group, regions, restoration };
}

const answerOf = (mark: HubMark | undefined): string => (mark ? `${mark.term} ${mark.by} ${mark.nonce}` : '');

/** What a person says is looked at for a while: a hub that answers is not stopped. @throws CommandError then */
async function requireSilence(session: Session, before: Looked, forMs: number): Promise<void> {
  session.terminal.err(`watching the regions for ${forMs / 1000} s, whether a hub answers them\n`);
  await sleep(session.clock, forMs);
  const now = await readMarks(session, before.group);
  const own = new Set(before.restoration.regions.filter(({ isThisHub }) => isThisHub).map(({ region }) => region));
  const alive = before.regions.filter(
    (said) => !own.has(said.region) && answerOf(markOf(said)) !== answerOf(now.get(said.region)),
  );
  if (alive.length === 0) return;
  const names = alive.map(({ region }) => region).join(', ');
  throw new CommandError(`a hub has answered ${names} just now: it is not stopped, and nothing was confirmed`, EXIT.no);
}

async function confirm(session: Session, looked: Looked, watchMs: number): Promise<ExitCode> {
  const { group, restoration } = looked;
  const { otherHubs } = restoration;
  if (otherHubs.length === 0) {
    session.terminal.out('no region remembers another hub: nothing is to be confirmed\n');
    return EXIT.ok;
  }
  await requireSilence(session, looked, watchMs);
  const annotations = { [ANNOTATIONS.hubStopped]: otherHubs.join(',') };
  return annotate(session, group, annotations, `confirmed that ${otherHubs.join(', ')} is stopped`);
}

async function accept(session: Session, { group, restoration }: Looked, digest: string): Promise<ExitCode> {
  if (digest !== restoration.missingDigest)
    throw new CommandError(
      `what is missing now has the digest ${restoration.missingDigest}, not ${digest}: look again`,
      EXIT.no,
    );
  return annotate(session, group, { [ANNOTATIONS.missingAccepted]: digest }, `accepted what is missing (${digest})`);
}

async function annotate(
  { client, terminal }: Session,
  { metadata: { name, resourceVersion } }: IUGroup,
  annotations: Readonly<Record<string, string>>,
  what: string,
): Promise<ExitCode> {
  const body = { metadata: { resourceVersion, annotations } };
  await client.mergePatch(RESOURCES.iuGroup, { name }, body, { fieldManager: 'kubectl-switchback' });
  terminal.out(`iugroup.switchback.dev/${name} ${what}\n`);
  return EXIT.ok;
}

async function restore(session: Session, asked: RestoreOptions): Promise<ExitCode> {
  const looked = await look(session);
  if (asked.acceptMissing !== undefined) return accept(session, looked, asked.acceptMissing);
  if (asked.confirmStopped) return confirm(session, looked, parseDuration(asked.watch) * 1000);
  const { options, paint, terminal } = session;
  show(restoreView(looked.restoration), options.output, paint, terminal);
  const { condition } = looked.restoration;
  return isWhole(looked.restoration) && condition?.status !== 'False' ? EXIT.ok : EXIT.no;
}

/** For a hub that was made anew or restored: what it takes over, and what only a person can say. */
export function addRestoreCommand(program: Command, run: Run): void {
  program
    .command('restore-hub')
    .description(
      `what a new hub takes over from the regions, and what is missing; ends with ${EXIT.no} until all is there. Reads each region by the context of its name`,
    )
    .option('--confirm-stopped', 'say that the hub before is stopped for good, after a look whether it answers')
    .option('--watch <duration>', 'how long it is looked for that', '20s')
    .option('--accept-missing <digest>', 'say that what has no manifest is to be given up, by the digest that is shown')
    .action(run((session, asked: RestoreOptions) => restore(session, asked)));
}
