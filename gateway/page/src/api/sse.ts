/** Server-sent events from a response's body: the data of each, and comments, which our gateway uses for news of the placement. */
export type StreamPart = { readonly kind: "data"; readonly data: string } | { readonly kind: "comment"; readonly text: string };

/** An event longer than this is no event of ours. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** Cuts text into parts; keeps what is incomplete until more comes. */
export class StreamReader {
  #rest = "";
  #data: string[] = [];

  /** The parts that `text` completes. */
  push(text: string): StreamPart[] {
    const parts: StreamPart[] = [];
    this.#rest += text;
    let from = 0;
    for (;;) {
      const end = this.#rest.indexOf("\n", from);
      if (end < 0) break;
      const line = this.#rest.slice(from, this.#rest[end - 1] === "\r" && end > from ? end - 1 : end);
      from = end + 1;
      this.#line(line, parts);
    }
    this.#rest = this.#rest.slice(from);
    if (this.#rest.length > LONGEST_LINE) throw new Error("the stream has a line of more than 4 MiB");
    return parts;
  }

  #line(line: string, parts: StreamPart[]): void {
    if (line === "") {
      if (this.#data.length > 0) parts.push({ kind: "data", data: this.#data.join("\n") });
      this.#data = [];
    } else if (line.startsWith(":")) {
      parts.push({ kind: "comment", text: line.slice(1).trim() });
    } else if (line.startsWith("data:")) {
      this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}

/** Reads a body to its end. */
export async function* readStream(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamPart> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parts = new StreamReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield* parts.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
