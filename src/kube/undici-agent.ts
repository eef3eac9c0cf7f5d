import { createRequire } from 'node:module';
import type { Agent } from 'undici';

/**
 * undici's `Agent` alone. The entry of the package loads fetch, caches and web sockets too, which costs each of our
 * processes 14 MB more (measured) for nothing.
 */
export const UndiciAgent: typeof Agent = createRequire(import.meta.url)('undici/lib/dispatcher/agent.js');
