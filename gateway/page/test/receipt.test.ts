import { generateKeyPairSync, createHash, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { verify, type Receipt, type ReceiptRecord } from "../src/receipt/verify.js";
import { fields } from "../src/receipt/wire.js";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const spki = publicKey.export({ type: "spki", format: "der" });
const fingerprint = createHash("sha256").update(spki).digest("hex");

function varint(number: number): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
const data = (field: number, value: Uint8Array | string) => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
};

function signed(sequence: number, hash: Buffer): string {
  const text = Buffer.alloc(8);
  text.writeBigUInt64BE(BigInt(sequence));
  return sign(null, Buffer.concat([Buffer.from("ringfence ledger head 1\n"), text, hash]), privateKey).toString("base64");
}

function record(sequence: number, previous: string, attempt: number): ReceiptRecord {
  const label = Buffer.concat([number(1, 4), data(2, "gateway-ceiling"), data(2, "header")]);
  const departure = Buffer.concat([data(1, "abc"), number(2, attempt), data(3, "tenant"), data(4, "partner"), number(5, 4), data(6, label), data(7, "v1"), number(8, 345), data(9, Buffer.alloc(32, 7))]);
  const stored = Buffer.concat([number(1, sequence), data(2, Buffer.from(previous, "hex")), number(3, 1_790_000_000_123), data(4, departure)]);
  const hash = createHash("sha256").update(stored).digest();
  return {
    time: new Date(1_790_000_000_123).toISOString(), attempt, target: "partner", zone: "external", farthest_zone: "external", reasons: ["gateway-ceiling", "header"], policy_version: "v1",
    byte_count: 345, keyed_hash: "07".repeat(32), previous, sequence, hash: hash.toString("hex"), signature: signed(sequence, hash), stored: stored.toString("base64"),
  };
}

function receipt(): { -readonly [Key in keyof Receipt]: Receipt[Key] } {
  const first = record(1, fingerprint, 1);
  const second = record(2, first.hash, 2);
  return { request_id: "abc", records: [first, second], head: { sequence: 2, hash: second.hash, signature: second.signature }, public_key: spki.toString("base64") };
}

const holds = async (given: Receipt, kept: string | null = fingerprint) => (await verify(given, kept)).checks.every((check) => check.holds === true);

describe("a receipt", () => {
  it("holds as the router made it", async () => {
    expect(await holds(receipt())).toBe(true);
    expect(await holds(receipt(), null)).toBe(true);
    expect((await verify(receipt(), null)).fingerprint).toBe(fingerprint);
  });

  it("does not hold under another key than before", async () => {
    expect(await holds(receipt(), "00")).toBe(false);
  });

  it("does not hold when any field says something else than was stored", async () => {
    const changes: Partial<ReceiptRecord>[] = [
      { time: new Date(0).toISOString() }, { attempt: 2 }, { target: "other" }, { zone: "site" }, { farthest_zone: "site" }, { reasons: [] }, { policy_version: "v2" }, { byte_count: 1 }, { keyed_hash: "" }, { previous: "" }, { sequence: 7 },
      { hash: "00".repeat(32) }, { signature: signed(1, Buffer.alloc(32)) },
    ];
    for (const change of changes) {
      const changed = receipt();
      changed.records = [{ ...changed.records[0]!, ...change }, changed.records[1]!];
      expect(await holds(changed), JSON.stringify(change)).toBe(false);
    }
    const renamed = receipt();
    renamed.request_id = "other";
    expect(await holds(renamed)).toBe(false);
  });

  it("does not hold when stored bytes were changed, wherever", async () => {
    const original = Buffer.from(receipt().records[0]!.stored, "base64");
    for (let at = 0; at < original.length; at += 7) {
      const bytes = Buffer.from(original);
      bytes[at] = bytes[at]! ^ 1;
      const changed = receipt();
      changed.records = [{ ...changed.records[0]!, stored: bytes.toString("base64") }];
      expect(await holds(changed), `byte ${at}`).toBe(false);
    }
  });

  it("does not hold when its head is older than its records, or of another chain", async () => {
    const older = receipt();
    older.head = { sequence: 1, hash: older.records[0]!.hash, signature: older.records[0]!.signature };
    expect(await holds(older)).toBe(false);
    const other = receipt();
    other.head = { sequence: 2, hash: "00".repeat(32), signature: signed(2, Buffer.alloc(32)) };
    expect(await holds(other)).toBe(false);
  });
});

describe("stored bytes", () => {
  it("that are cut off or strange are refused", () => {
    expect(() => fields(Uint8Array.of(0x0a, 5, 1))).toThrow("cut off");
    expect(() => fields(Uint8Array.of(0x80))).toThrow("cut off");
    expect(() => fields(Uint8Array.of(0x0d, 0, 0, 0, 0))).toThrow("unknown kind");
    expect(() => fields(new Uint8Array(11).fill(0xff))).toThrow("too long");
  });
});
