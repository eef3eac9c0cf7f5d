import { writeEndpoint } from './endpoint.ts';
import type { Access } from './provider.ts';
import { LinkProxy } from './proxy.ts';
import type { Link } from './regions.ts';

export interface LinkInput {
  readonly from: string;
  readonly to: string;
  /** Direct access to `to`, as it is when asked. */
  readonly access: () => Access;
  /** Address of this machine at which the link begins. */
  readonly host: string;
  /** Folder for the kubeconfig files. */
  readonly dir: string;
}

/** A link that can be stopped by its owner, the `Regions`. */
export interface OwnedLink extends Link {
  stop(): Promise<void>;
}

/** Opens a proxy for the link and writes its kubeconfigs: `<dir>/<from>-to-<to>.<user>.yaml`. */
export async function openLink({ from, to, access, dir, host }: LinkInput): Promise<OwnedLink> {
  const proxy = await LinkProxy.listen(Number(new URL(access().serverUrl).port), host);
  const url = `https://${host}:${proxy.port}`;
  return {
    ...writeEndpoint({ name: `${from}-to-${to}`, url, access, dir }),
    from,
    to,
    get state() {
      return describe(proxy);
    },
    silence: (direction = 'both') => proxy.set({ kind: 'silent', direction }),
    close: () => proxy.set({ kind: 'closed' }),
    slow: (delayMs) => proxy.set({ kind: 'slow', delayMs }),
    heal: () => proxy.set({ kind: 'open' }),
    stop: () => proxy.stop(),
  };
}

function describe({ mode }: LinkProxy): string {
  if (mode.kind === 'silent') return mode.direction === 'both' ? 'silent' : `silent (${mode.direction})`;
  if (mode.kind === 'slow') return `slow (${mode.delayMs} ms)`;
  return mode.kind;
}
