import { Agent, request } from 'undici';
import type { Access } from './provider.ts';

const requestMs = 5_000;

/** A few verbs on one API server as `admin`: all that booting needs. Not for the operator or its tests. */
export class AdminApi {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new Agent({ connect: { ca: access.caPem } });
  }

  /** Whether the API server says that it is ready; false when it gives no answer. */
  async isReady(): Promise<boolean> {
    try {
      const { status } = await this.#call('GET', '/readyz');
      return status === 200;
    } catch {
      return false;
    }
  }

  /** @returns the parsed answer. @throws on any status but 2xx */
  async get(path: string): Promise<unknown> {
    return this.#expectOk('GET', path, await this.#call('GET', path));
  }

  /** Server-side apply of one object: creates or updates it. */
  async apply(path: string, object: object): Promise<void> {
    const target = `${path}?fieldManager=regions&force=true`;
    const answer = await this.#call('PATCH', target, JSON.stringify(object), 'application/apply-patch+yaml');
    this.#expectOk('PATCH', path, answer);
  }

  /** Sets annotations of one object; none there is no error. */
  async annotate(path: string, annotations: Readonly<Record<string, string>>): Promise<void> {
    const body = JSON.stringify({ metadata: { annotations } });
    const answer = await this.#call('PATCH', path, body, 'application/merge-patch+json');
    if (answer.status !== 404) this.#expectOk('PATCH', path, answer);
  }

  /** Deletes one object; none there is no error. */
  async delete(path: string): Promise<void> {
    const answer = await this.#call('DELETE', path);
    if (answer.status !== 404) this.#expectOk('DELETE', path, answer);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #expectOk(method: string, path: string, { status, text }: Answer): unknown {
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  async #call(method: 'GET' | 'PATCH' | 'DELETE', path: string, body?: string, contentType?: string): Promise<Answer> {
    const answer = await request(`${this.#access.serverUrl}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#access.tokens.admin}`,
        ...(contentType ? { 'content-type': contentType } : {}),
      },
      signal: AbortSignal.timeout(requestMs),
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}
