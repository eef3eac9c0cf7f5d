import type { KubeClient } from '../../src/kube/client.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/transport.ts';
import type { FakeApiServer } from './fake-api-server.ts';

export interface DirectClient {
  readonly client: KubeClient;
  /** All requests so far, oldest first. */
  readonly requests: readonly ApiRequest[];
  /** Method and last part of the path of each write so far, for example `PATCH mail`. */
  writes(): string[];
  /** Called before a request is carried out; what it throws is the answer. */
  before: (request: ApiRequest) => void;
  /** Called when a request has been carried out; what it throws is the answer: a reply that is lost. */
  after: (request: ApiRequest) => void;
}

/** A client of one fake API server without a network between them: for tests of what is sent, and in which order. */
export function connectDirectly(server: FakeApiServer): DirectClient {
  const requests: ApiRequest[] = [];
  const request = async (asked: ApiRequest): Promise<ApiResponse> => {
    requests.push(asked);
    direct.before(asked);
    const answer = server.handle(asked);
    direct.after(asked);
    return answer;
  };
  const watch = () => Promise.reject(new Error('a direct client does not watch'));
  const direct: DirectClient = {
    client: createKubeClient({ request, watch, close: async () => undefined }, server.name),
    requests,
    writes: () =>
      requests
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`),
    before: () => undefined,
    after: () => undefined,
  };
  return direct;
}
