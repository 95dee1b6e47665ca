package ringfence.node.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import ringfence.node.compute.vulkan.VulkanDevices;
import ringfence.node.compute.vulkan.VulkanDevices.Report;
import ringfence.node.compute.vulkan.device.CooperativeShape;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.GpuCandidate;
import ringfence.node.compute.vulkan.device.GpuChoice;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.device.GpuTraits;

/// `node devices`.
@Command(
    name = "devices",
    description = {
      "Lists this machine's Vulkan devices: what each has, whether it computes rightly, which one is",
      "used and why not the others."
    },
    mixinStandardHelpOptions = true)
final class DevicesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (GpuInstance instance = GpuInstance.open()) {
      List<Report> reports = VulkanDevices.reports(instance);
      List<GpuCandidate> sound =
          reports.stream().filter(r -> r.unusable().isEmpty()).map(Report::candidate).toList();
      Optional<GpuCandidate> best = GpuChoice.best(sound);
      reports.forEach(r -> print(out, r, best));
      if (reports.isEmpty()) {
        out.println("Vulkan finds no device.");
      }
      if (best.isEmpty()) {
        out.println("No GPU can be used: models run on the processor.");
      }
    } catch (GpuException e) {
      out.println("No GPU can be used: " + e.getMessage() + ". Models run on the processor.");
    }
    out.flush();
    return 0;
  }

  private static void print(PrintWriter out, Report report, Optional<GpuCandidate> best) {
    GpuCandidate candidate = report.candidate();
    out.printf("%d  %s%n", candidate.index(), candidate.name());
    candidate.traits().ifPresent(traits -> print(out, traits, report.fragments()));
    String state;
    if (report.unusable().isPresent()) {
      state = "not usable: " + report.unusable().get();
    } else if (best.isPresent() && best.get().index() == candidate.index()) {
      state = "usable, and the one that is chosen when none is named";
    } else if (candidate.traits().map(GpuTraits::isSoftware).orElse(false)) {
      state = "usable when named; it is the processor, and slower than the CPU backend";
    } else {
      state = "usable when named";
    }
    out.printf("   %s%n%n", state);
  }

  private static void print(PrintWriter out, GpuTraits traits, boolean fragments) {
    GpuTraits.Limits limits = traits.limits();
    out.printf(
        "   %s, %.1f GiB, %s, Vulkan %s%n",
        traits.type().name().toLowerCase(Locale.ROOT),
        limits.memoryBytes() / (double) (1L << 30),
        traits.driver(),
        traits.api());
    out.printf(
        "   subgroups of %s%s, workgroups of up to %d with %d KiB shared, buffers of up to %.1f GiB%n",
        traits.minSubgroupSize() == traits.maxSubgroupSize()
            ? traits.subgroupSize()
            : traits.minSubgroupSize() + " to " + traits.maxSubgroupSize(),
        traits.multiprocessors().isPresent()
            ? ", " + traits.multiprocessors().getAsInt() + " multiprocessors"
            : "",
        limits.maxInvocations(),
        limits.sharedBytes() >> 10,
        Math.min(limits.maxBufferBytes(), limits.maxAllocationBytes()) / (double) (1L << 30));
    out.printf("   has %s%n", labels(traits, true));
    String missing = labels(traits, false);
    if (!missing.isEmpty()) {
      out.printf("   lacks %s%n", missing);
    }
    if (!traits.cooperativeShapes().isEmpty()) {
      out.printf(
          "   matrices %s%n",
          traits.cooperativeShapes().stream()
              .filter(s -> !s.saturating())
              .map(CooperativeShape::toString)
              .distinct()
              .collect(Collectors.joining(", ")));
      out.printf(
          "   weights %s straight into them%n", fragments ? "are unpacked" : "can't be unpacked");
    }
  }

  private static String labels(GpuTraits traits, boolean there) {
    return Arrays.stream(Feature.values())
        .filter(f -> traits.has(f) == there)
        .map(Feature::label)
        .collect(Collectors.joining(", "));
  }
}
