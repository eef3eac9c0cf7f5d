import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A named condition of health: undefined when it is met, otherwise a sentence that says what is wrong. */
export interface HealthCheck {
  readonly name: string;
  readonly check: () => string | undefined;
}

export interface HealthOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  /** Restart me when one fails: only what a restart can cure. */
  readonly liveness: readonly HealthCheck[];
  /** Send me no traffic, count me as not available. */
  readonly readiness: readonly HealthCheck[];
  /** The text of `/metrics` and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface HealthServer {
  /** The port it listens on. */
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
}

/** Serves `/healthz`, `/readyz` and `/metrics`. Rejects when the port cannot be bound. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request).then(
      (result) => send(response, result),
      (error: unknown) => send(response, { status: 500, text: `${String(error)}\n` }),
    );
  });
  // A scraper that hangs must not hold a socket for ever.
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(options: HealthOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'method not allowed\n' };
  const [path] = (request.url ?? '').split('?');
  switch (path) {
    case '/healthz':
      return report(options.liveness);
    case '/readyz':
      return report(options.readiness);
    case '/metrics':
      return { status: 200, ...(await options.metrics()) };
    default:
      return { status: 404, text: 'not found\n' };
  }
}

/** In the manner of the API server's own `/readyz?verbose`. */
function report(checks: readonly HealthCheck[]): Answer {
  const failures = checks.map(({ name, check }) => ({ name, problem: check() }));
  const isHealthy = failures.every(({ problem }) => problem === undefined);
  const lines = failures.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`,
  );
  return { status: isHealthy ? 200 : 503, text: `${[...lines, isHealthy ? 'ok' : 'failed'].join('\n')}\n` };
}

function send(response: ServerResponse, { contentType = 'text/plain; charset=utf-8', status, text }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
