package ringfence.router.policy.detector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import ringfence.router.policy.detector.Corpus.Sample;

/// What the detectors find of 10,000 labelled texts, and what they find that is not there. Prints a
/// table; other seeds with `-Dringfence.corpus.seed`, more texts with `-Dringfence.corpus.texts`.
class DetectorCorpusTest {
  private static final Set<String> HEURISTIC =
      Set.of("phone", "email", "internal-host", "password");

  private static final class Row {
    int texts;
    int found;
    int others;
    final List<String> missed = new ArrayList<>();
  }

  @Test
  void findsWhatIsThereAndLittleElse() {
    long seed = Long.getLong("ringfence.corpus.seed", 20_261_125L);
    int texts = Integer.getInteger("ringfence.corpus.texts", 10_000);
    Screening screening = new Screening(Detectors.standard());
    Map<String, Row> groups = new TreeMap<>();
    Map<String, Row> kinds = new TreeMap<>();
    Row plain = new Row();
    Row lookAlike = new Row();
    for (Sample sample : new Corpus(seed).samples(texts)) {
      Set<String> found = screening.look(sample.text());
      for (String kind : found) {
        if (!kind.equals(sample.kind())) {
          kinds.computeIfAbsent(kind, unused -> new Row()).others++;
        }
      }
      if (sample.kind().isEmpty()) {
        Row row = sample.group().equals("plain") ? plain : lookAlike;
        row.texts++;
        if (!found.isEmpty()) {
          row.found++;
          row.missed.add(found + " in " + sample.text());
        }
        continue;
      }
      for (Row row :
          List.of(
              groups.computeIfAbsent(sample.kind() + " " + sample.group(), unused -> new Row()),
              kinds.computeIfAbsent(sample.kind(), unused -> new Row()))) {
        row.texts++;
        if (found.contains(sample.kind())) {
          row.found++;
        } else {
          row.missed.add(sample.text());
        }
      }
    }
    print(seed, texts, kinds, groups, plain, lookAlike);
    kinds.forEach((kind, row) -> {
      assertThat(recall(row))
          .as("recall of %s; missed: %s", kind, first(row))
          .isGreaterThanOrEqualTo(HEURISTIC.contains(kind) ? 0.95 : 0.99);
      assertThat(precision(row))
          .as("precision of %s", kind)
          .isGreaterThanOrEqualTo(kind.equals("phone") ? 0.7 : 0.85);
    });
    groups.forEach((group, row) ->
        assertThat(recall(row))
            .as("recall of %s; missed: %s", group, first(row))
            .isGreaterThanOrEqualTo(0.95));
    assertThat(recall(plain))
        .as("alarms in plain text: %s", first(plain))
        .isLessThanOrEqualTo(0.01);
    assertThat(recall(lookAlike))
        .as("alarms on look-alikes: %s", first(lookAlike))
        .isLessThanOrEqualTo(0.03);
  }

  private static double recall(Row row) {
    return row.texts == 0 ? 0 : (double) row.found / row.texts;
  }

  private static double precision(Row row) {
    return row.found + row.others == 0 ? 1 : (double) row.found / (row.found + row.others);
  }

  private static List<String> first(Row row) {
    return row.missed.stream().limit(12).toList();
  }

  private static void print(
      long seed,
      int texts,
      Map<String, Row> kinds,
      Map<String, Row> groups,
      Row plain,
      Row lookAlike) {
    StringBuilder table = new StringBuilder();
    table.append("detectors on %d texts, seed %d%n".formatted(texts, seed));
    table.append("%-28s %6s %8s %10s%n".formatted("detector", "texts", "recall", "precision"));
    kinds.forEach((kind, row) ->
        table.append(
            "%-28s %6d %7.2f%% %9.2f%%%n"
                .formatted(kind, row.texts, 100 * recall(row), 100 * precision(row))));
    groups.forEach((group, row) ->
        table.append("  %-26s %6d %7.2f%%%n".formatted(group, row.texts, 100 * recall(row))));
    table.append(
        "%-28s %6d %7.2f%% alarms%n".formatted("plain text", plain.texts, 100 * recall(plain)));
    table.append(
        "%-28s %6d %7.2f%% alarms%n"
            .formatted("look-alikes", lookAlike.texts, 100 * recall(lookAlike)));
    System.out.print(table);
  }
}
