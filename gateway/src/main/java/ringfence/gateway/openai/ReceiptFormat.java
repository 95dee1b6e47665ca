package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.LedgerHead;
import ringfence.proto.v1.LedgerRecord;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.ReceiptRecord;

/// The body of `GET /v1/receipts/{id}`: each record readable, and as the router has stored and
/// signed it, so that nobody has to take our word for it.
public final class ReceiptFormat {
  private ReceiptFormat() {}

  /// A receipt as JSON.
  public static byte[] json(String requestId, Receipt receipt) {
    return Sse.object(json -> {
      json.writeStringField("object", "receipt");
      json.writeStringField("request_id", requestId);
      json.writeArrayFieldStart("records");
      for (ReceiptRecord record : receipt.getRecordsList()) {
        json.writeStartObject();
        writeRecord(json, record);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeObjectFieldStart("head");
      writeHead(json, receipt.getHead());
      json.writeEndObject();
      json.writeStringField("public_key", base64(receipt.getPublicKey()));
    });
  }

  private static void writeRecord(JsonGenerator json, ReceiptRecord stored) throws IOException {
    LedgerRecord record;
    try {
      record = LedgerRecord.parseFrom(stored.getStored());
    } catch (InvalidProtocolBufferException garbled) {
      throw new IllegalStateException("the router sent a record that can't be read", garbled);
    }
    Departure departure = record.getDeparture();
    json.writeStringField("time", Instant.ofEpochMilli(record.getTimeMillis()).toString());
    json.writeNumberField("attempt", Integer.toUnsignedLong(departure.getAttempt()));
    json.writeStringField("target", departure.getTarget());
    json.writeStringField("zone", Zones.wire(departure.getZone()));
    json.writeStringField("farthest_zone", Zones.wire(departure.getLabel().getFarthestZone()));
    json.writeArrayFieldStart("reasons");
    for (String reason : departure.getLabel().getReasonsList()) {
      json.writeString(reason);
    }
    json.writeEndArray();
    json.writeStringField("policy_version", departure.getPolicyVersion());
    json.writeNumberField("byte_count", departure.getByteCount());
    json.writeStringField("keyed_hash", hex(departure.getKeyedHash()));
    json.writeStringField("previous", hex(record.getPrevious()));
    writeHead(json, stored.getSigned());
    json.writeStringField("stored", base64(stored.getStored()));
  }

  private static void writeHead(JsonGenerator json, LedgerHead head) throws IOException {
    json.writeNumberField("sequence", head.getSequence());
    json.writeStringField("hash", hex(head.getHash()));
    json.writeStringField("signature", base64(head.getSignature()));
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static String base64(ByteString bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
