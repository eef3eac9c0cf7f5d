import { MalformedAnswerError } from './errors.ts';

const NEWLINE = 0x0a;

/**
 * Splits a byte stream at `\n`, and only there: `node:readline` also splits at U+2028, which tears JSON strings apart.
 * A line may come in many chunks; its bytes are joined once, when it is complete.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * Calls `onLine` for each line that `chunk` completes, in order; blank lines are skipped.
   * Throws `MalformedAnswerError` when a line is longer than the bound.
   */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') onLine(line);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #complete(tail: Buffer): string {
    this.#keep(tail);
    const line = this.#pending.length === 1 ? tail : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    return line.toString('utf8');
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxLineBytes) {
      throw new MalformedAnswerError(`a line of the stream is longer than ${this.#maxLineBytes} bytes`);
    }
    this.#pending.push(part);
  }
}
