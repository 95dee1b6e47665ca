package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.Verdict;

/// Why an attempt runs where it does, for a client that asks with `Ringfence-Explain`: one entry
/// for each target that was looked at, with the screen, filter or scorer that decided. No content.
public final class Explanation {
  /// Clients commonly refuse heads of more than 8 KiB.
  private static final int MOST_CHARACTERS = 4_000;

  private static final int MOST_OF_ONE = 400;

  private Explanation() {}

  /// The value of the header `Ringfence-Explain`: a JSON array, printable ASCII, the chosen target
  /// first, shortened by whole entries.
  public static String header(Placement placement) {
    StringBuilder all = new StringBuilder("[");
    for (Verdict verdict : placement.getVerdictsList()) {
      String one = entry(placement, verdict);
      if (all.length() + one.length() + 2 > MOST_CHARACTERS) {
        break;
      }
      all.append(all.length() > 1 ? "," : "").append(one);
    }
    return all.append(']').toString();
  }

  private static String entry(Placement placement, Verdict verdict) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = Json.FACTORY.createGenerator(out)) {
      json.configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), true);
      json.writeStartObject();
      json.writeStringField("target", shortened(verdict.getNode()));
      json.writeStringField("zone", Zones.wire(verdict.getZone()));
      json.writeBooleanField("chosen", verdict.getNode().equals(placement.getNode()));
      json.writeStringField("decided_by", shortened(verdict.getDecidedBy()));
      json.writeStringField("why", shortened(verdict.getExplanation()));
      if (verdict.getPredictedMillis() > 0) {
        json.writeNumberField(
            "predicted_ms", Math.round(Math.min(verdict.getPredictedMillis(), 1e12)));
      }
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return out.toString();
  }

  private static String shortened(String text) {
    return text.length() <= MOST_OF_ONE ? text : text.substring(0, MOST_OF_ONE);
  }
}
