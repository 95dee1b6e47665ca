package ringfence.router.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Event;

/// No event has a place for content: numbers, enumerations, and strings whose names are listed here
/// with what they hold. A new string field is a new line, after somebody has thought about it.
class NoContentTest {
  private static final Set<String> STRINGS =
      Set.of(
          // Drawn or configured by operators.
          "outbox",
          "router",
          "tenant",
          "key_id",
          "model",
          "models",
          "target",
          "node",
          // Of a process, of a request, of a policy file: random or a hash.
          "incarnation",
          "request_id",
          "policy_version",
          // Constants of the code.
          "decided_by",
          "cause");

  @Test
  void eventsHoldNamesAndNumbersAlone() {
    Set<Descriptor> reached = new HashSet<>();
    walk(Event.getDescriptor(), reached);
    assertThat(reached)
        .as("every message of the file is a part of an event")
        .containsExactlyInAnyOrderElementsOf(Event.getDescriptor().getFile().getMessageTypes());
  }

  private static void walk(Descriptor message, Set<Descriptor> reached) {
    assertThat(message.getFile()).isEqualTo(Event.getDescriptor().getFile());
    if (!reached.add(message)) {
      return;
    }
    for (FieldDescriptor field : message.getFields()) {
      assertThat(field.getJavaType())
          .as(field.getFullName())
          .isIn(
              List.of(
                  JavaType.INT,
                  JavaType.LONG,
                  JavaType.DOUBLE,
                  JavaType.BOOLEAN,
                  JavaType.ENUM,
                  JavaType.STRING,
                  JavaType.MESSAGE));
      if (field.getJavaType() == JavaType.STRING) {
        assertThat(STRINGS).as(field.getFullName()).contains(field.getName());
      }
      if (field.getJavaType() == JavaType.MESSAGE) {
        walk(field.getMessageType(), reached);
      }
    }
  }
}
