/**
 * `MicroTime` of Leases and Events: the API server refuses any other number of digits than six. The last three are
 * always zero: no clock here is that fine.
 */
export const microTime = (wallMs: number): string => new Date(wallMs).toISOString().replace('Z', '000Z');

/** `Time` of conditions and timestamps: whole seconds. */
export const secondTime = (wallMs: number): string => new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
