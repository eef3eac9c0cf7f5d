import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { LABELS } from '../api/labels.ts';
import type { KubeClient, ListOptions, ListResult } from '../kube/client.ts';
import { UnreachableError } from '../kube/errors.ts';
import { POD, type Pod, SERVICE } from '../kube/kinds.ts';
import { QuorumReads } from './quorum-reads.ts';

interface Asked {
  readonly plural: string;
  readonly options: ListOptions;
  readonly answer: (items: readonly Pod[]) => Promise<void>;
  readonly fail: () => Promise<void>;
}

const pod = (service: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${service}-0`, namespace: 'tenants', labels: { [LABELS.service]: service } },
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lists that are answered when the test says so. */
function begin() {
  const time = new VirtualTime();
  const asked: Asked[] = [];
  const list = ({ plural }: { plural: string }, options: ListOptions) =>
    new Promise<ListResult<Pod>>((resolve, reject) => {
      const answer = async (items: readonly Pod[]): Promise<void> => {
        resolve({ items: [...items], resourceVersion: '1' });
        await settle();
      };
      const fail = async (): Promise<void> => {
        reject(new UnreachableError('no answer'));
        await settle();
      };
      asked.push({ plural, options, answer, fail });
    });
  // Nothing but lists is asked of it.
  const client = { list } as unknown as KubeClient;
  const reads = new QuorumReads(client, time.startProcess({ id: 'agent', site: 'east' }));
  const namesOf = async (service: string) =>
    (await reads.children(POD, { namespace: 'tenants', service })).map(({ metadata }) => metadata.name);
  return { time, asked, reads, namesOf };
}

describe('a read by quorum', () => {
  it('asks for the one service that wants to know', async () => {
    const { asked, namesOf } = begin();
    const names = namesOf('mail');
    expect(asked[0]?.options).toMatchObject({ namespace: 'tenants', labelSelector: `${LABELS.service}=mail` });
    await asked[0]?.answer([pod('mail')]);
    expect(await names).toEqual(['mail-0']);
  });

  it('is one for all services that ask while another is under way, and is sent after they asked', async () => {
    const { asked, namesOf } = begin();
    const first = namesOf('mail');
    const others = ['chat', 'fax', 'none'].map(namesOf);
    expect(asked).toHaveLength(1);
    await asked[0]?.answer([]);
    expect(await first).toEqual([]);
    expect(asked[1]?.options).toMatchObject({ labelSelector: LABELS.service });
    expect(asked[1]?.options.namespace).toBeUndefined();
    await asked[1]?.answer([pod('fax'), pod('chat'), pod('mail')]);
    expect(await Promise.all(others)).toEqual([['chat-0'], ['fax-0'], []]);
    expect(asked).toHaveLength(2);
  });

  it('does not wait for one that does not answer', async () => {
    const { asked, namesOf, time } = begin();
    void namesOf('mail');
    const chat = namesOf('chat');
    await time.run(200);
    expect(asked).toHaveLength(2);
    await asked[1]?.answer([pod('chat')]);
    expect(await chat).toEqual(['chat-0']);
  });

  it('fails for those that asked for it, and for nobody else', async () => {
    const { asked, namesOf } = begin();
    const first = namesOf('mail');
    const second = namesOf('chat');
    const failure = expect(first).rejects.toThrow('no answer');
    await asked[0]?.fail();
    await failure;
    await asked[1]?.answer([pod('chat')]);
    expect(await second).toEqual(['chat-0']);
  });

  it('of one kind waits for none of another', async () => {
    const { asked, namesOf, reads } = begin();
    void namesOf('mail');
    void reads.children(SERVICE, { namespace: 'tenants', service: 'mail' });
    expect(asked.map(({ plural }) => plural)).toEqual(['pods', 'services']);
  });
});
