package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.gateway.Client;
import ringfence.gateway.GatewayTest;
import ringfence.proto.v1.LedgerRecord;

@GatewayTest
class ReceiptsTest {
  @TestHTTPResource("/")
  URI base;

  @ParameterizedTest
  @ValueSource(strings = {"known", "chatcmpl-known", "cmpl-known"})
  void showsWhatHasLeft(String id) throws InvalidProtocolBufferException {
    JsonNode receipt = Client.json(new Client(base).get("/v1/receipts/" + id));
    assertThat(receipt.at("/request_id").asText()).isEqualTo("known");
    JsonNode record = receipt.at("/records/0");
    assertThat(record.at("/sequence").asLong()).isEqualTo(7);
    assertThat(record.at("/attempt").asInt()).isEqualTo(2);
    assertThat(record.at("/target").asText()).isEqualTo("far");
    assertThat(record.at("/zone").asText()).isEqualTo("datacenter");
    assertThat(record.at("/byte_count").asLong()).isEqualTo(123);
    assertThat(record.at("/keyed_hash").asText()).isEqualTo("01ab");
    assertThat(
            LedgerRecord.parseFrom(Base64.getDecoder().decode(record.at("/stored").asText()))
                .getSequence())
        .isEqualTo(7);
    assertThat(receipt.at("/head/sequence").asLong()).isEqualTo(9);
  }

  @Test
  void whatIsNotTheCallersIsNotFound() {
    var response = new Client(base).get("/v1/receipts/chatcmpl-other");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(Client.json(response).at("/error/code").asText()).isEqualTo("receipt_not_found");
  }

  @Test
  void aReceiptIsOnlyRead() {
    assertThat(new Client(base).post("/v1/receipts/known", "{}").statusCode()).isEqualTo(405);
  }
}
