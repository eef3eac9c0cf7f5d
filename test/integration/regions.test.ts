import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binDir } from '../../hack/regions/build.ts';
import type { User } from '../../hack/regions/provider.ts';
import { bootRegions, type Endpoint, type Regions } from '../../hack/regions/regions.ts';
import { runningProcesses } from '../../hack/regions/state.ts';
import { waitFor } from '../../hack/regions/wait.ts';

const run = promisify(execFile);

let regions: Regions;

beforeAll(async () => {
  regions = await bootRegions({
    regions: [
      { name: 'us-east', zones: ['us-east-a', 'us-east-b'] },
      { name: 'us-west', zones: ['us-west-a', 'us-west-b'] },
    ],
  });
});

afterAll(() => regions.stop());

/** Runs kubectl with a deadline of three seconds. @throws with what kubectl wrote to standard error */
async function kubectl(endpoint: Endpoint, args: string, user: User = 'admin'): Promise<string> {
  const config = ['--kubeconfig', endpoint.kubeconfigPath(user), '--cache-dir', join(regions.workDir, 'kubectl')];
  const words = [...config, '--request-timeout=3s', ...args.split(' ')];
  const { stdout } = await run(join(binDir(), 'kubectl'), words, { env: {} });
  return stdout.trim();
}

/** One request without discovery or retries; its answer, or the error of the client. */
function get(endpoint: Endpoint, path = '/readyz'): Promise<string> {
  return kubectl(endpoint, `get --raw ${path}`);
}

/** `Ready` conditions of the nodes of a zone, for example `True True`. */
function nodesOf(endpoint: Endpoint, zone: string): Promise<string> {
  const path = '{.items[*].status.conditions[?(@.type=="Ready")].status}';
  return kubectl(endpoint, `get nodes -l topology.kubernetes.io/zone=${zone} -o jsonpath=${path}`);
}

/** The controllers of a control plane that was killed wait for their own election first: 15 s, and more on a busy machine. */
async function eventually(what: string, read: () => Promise<string>, wanted: string): Promise<void> {
  await waitFor({ what, timeoutMs: 60_000 }, async () => (await read()) === wanted);
}

function readyPods(endpoint: Endpoint, deployment: string): () => Promise<string> {
  return () => kubectl(endpoint, `get deployment ${deployment} -o jsonpath={.status.readyReplicas}`);
}

describe('regions on one machine', () => {
  it('have a hub without nodes and regions with nodes in zones', async () => {
    expect(await kubectl(regions.hub, 'get nodes -o name')).toBe('');
    for (const region of regions.regions) {
      for (const zone of region.zones) expect(await nodesOf(region, zone.name)).toBe('True True');
    }
  });

  it('let the users of the operator do their work and no more', async () => {
    const east = regions.region('us-east');
    const can = (user: User, what: string) => kubectl(east, `auth can-i ${what}`, user).catch(() => 'no');
    expect(await can('switchback-agent', 'create deployments.apps -A')).toBe('yes');
    expect(await can('switchback-hub', 'create deployments.apps -A')).toBe('no');
    expect(await can('switchback-agent', 'get secrets -A')).toBe('no');
    expect(await can('switchback-hub', 'create namespaces')).toBe('yes');
    expect(await can('switchback-hub', 'get nodes')).toBe('no');
  });

  it('run the pods of a deployment in both zones, and lose and regain those of one zone', async () => {
    const east = regions.region('us-east');
    const zone = east.zone('us-east-a');
    await kubectl(east, 'create deployment web --image=example.invalid/web --replicas=4');
    await eventually('four pods', readyPods(east, 'web'), '4');

    await zone.lose();
    expect(zone.state).toBe('killed');
    await eventually('lost nodes', () => nodesOf(east, 'us-east-a'), 'Unknown Unknown');
    expect(await nodesOf(east, 'us-east-b')).toBe('True True');
    await eventually('two pods', readyPods(east, 'web'), '2');

    await zone.restore();
    expect(await nodesOf(east, 'us-east-a')).toBe('True True');
    await eventually('four pods', readyPods(east, 'web'), '4');
  });

  it('fall silent when they hang, and go on as they were', async () => {
    const east = regions.region('us-east');
    await east.lose({ how: 'hang' });
    expect([east.state, east.zone('us-east-a').state]).toEqual(['hung', 'hung']);
    await expect(get(east)).rejects.toThrow(/timeout|deadline|Timeout/);
    await east.restore();
    expect(await get(east)).toBe('ok');
    expect(east.zone('us-east-a').state).toBe('on');
    await eventually('four pods', readyPods(east, 'web'), '4');
  });

  it('refuse connections when they are killed, keep their objects, and end no pod before their nodes have power', async () => {
    const east = regions.region('us-east');
    await east.lose();
    await expect(get(east)).rejects.toThrow(/refused/);
    await east.restore();
    expect(east.zones.map((zone) => zone.state)).toEqual(['killed', 'killed']);

    await kubectl(east, 'scale deployment web --replicas=0');
    const terminating = '-o jsonpath={.items[*].metadata.deletionTimestamp}';
    const marked = async () => `${(await kubectl(east, `get pods ${terminating}`)).split(' ').length}`;
    await eventually('four deleted pods', marked, '4');
    await eventually('lost nodes', () => nodesOf(east, 'us-east-b'), 'Unknown Unknown');
    expect(await marked()).toBe('4');

    await east.powerOnNodes();
    await eventually('the end of the pods', () => kubectl(east, 'get pods -o name'), '');
  });

  it('can lose their control plane alone', async () => {
    const west = regions.region('us-west');
    await west.lose({ keepNodes: true });
    expect([west.state, west.zone('us-west-a').state]).toEqual(['killed', 'on']);
    await west.restore();
    await kubectl(west, 'create deployment web --image=example.invalid/web --replicas=2');
    await eventually('two pods', readyPods(west, 'web'), '2');
  });

  it('have links that fall silent and heal, one direction at a time, while the direct way stays open', async () => {
    const link = regions.link('hub', 'us-west');
    for (const direction of ['to', 'from'] as const) {
      expect(await get(link)).toBe('ok');
      link.silence(direction);
      await expect(get(link)).rejects.toThrow(/timeout|deadline|Timeout/);
      expect(await get(regions.link('us-east', 'us-west'))).toBe('ok');
      link.heal();
    }
    link.close();
    await expect(get(link)).rejects.toThrow(/reset|EOF/);
    link.heal();
    expect(await get(link)).toBe('ok');
  });

  it('refuse a token that has expired, and take the new one', async () => {
    const stale = `${regions.workDir}/stale.yaml`;
    writeFileSync(stale, regions.hub.kubeconfig('switchback-hub'));
    await regions.hub.expireToken('switchback-hub');
    const old: Endpoint = { ...regions.hub, kubeconfigPath: () => stale };
    await expect(kubectl(old, 'auth whoami', 'switchback-hub')).rejects.toThrow(/Unauthorized|logged in/);
    expect(await kubectl(regions.hub, 'auth whoami', 'switchback-hub')).toContain('switchback-hub');
  });

  it('can lose the hub and have it back', async () => {
    await regions.hub.lose();
    await expect(get(regions.hub)).rejects.toThrow(/refused/);
    expect(await get(regions.region('us-east'))).toBe('ok');
    await regions.hub.restore();
    expect(await get(regions.hub)).toBe('ok');
  });

  it('leave no process and no file', async () => {
    const { workDir } = regions;
    const recorded = runningProcesses(workDir);
    // Three control planes, of which only the regions' have a scheduler, and four zones.
    expect(recorded).toHaveLength(3 + 2 * 4 + 4);
    const pids = recorded.map(({ pid }) => pid);
    await regions.stop();
    expect(existsSync(workDir)).toBe(false);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
