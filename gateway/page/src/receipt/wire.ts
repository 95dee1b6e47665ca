/** Reads as much of the Protobuf wire format as a ledger's record needs (ledger.proto). */
export type Field = { readonly number: number; readonly value: bigint | Uint8Array };

export function fields(bytes: Uint8Array): readonly Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the record is cut off");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error("the record has a number that is too long");
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        found.push({ number, value: varint() });
        break;
      case 2: {
        const length = Number(varint());
        if (length > bytes.length - at) throw new Error("the record is cut off");
        found.push({ number, value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      default:
        throw new Error("the record has a field of an unknown kind");
    }
  }
  return found;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The last value of a field, as proto3 has it. */
export class Message {
  readonly #fields: readonly Field[];

  constructor(bytes: Uint8Array) {
    this.#fields = fields(bytes);
  }

  number(field: number): bigint {
    const value = this.#last(field);
    return typeof value === "bigint" ? value : 0n;
  }

  bytes(field: number): Uint8Array {
    const value = this.#last(field);
    return value instanceof Uint8Array ? value : new Uint8Array();
  }

  text(field: number): string {
    return UTF8.decode(this.bytes(field));
  }

  texts(field: number): readonly string[] {
    return this.#fields.flatMap(({ number, value }) => (number === field && value instanceof Uint8Array ? [UTF8.decode(value)] : []));
  }

  has(field: number): boolean {
    return this.#last(field) !== undefined;
  }

  #last(field: number): bigint | Uint8Array | undefined {
    return this.#fields.findLast(({ number }) => number === field)?.value;
  }
}
