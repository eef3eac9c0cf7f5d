export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether what was read has fields: not null, and no list. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
