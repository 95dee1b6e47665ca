package ringfence.node.compute.vulkan.kernel;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// A compute shader: a source below `src/main/glsl` and the macros it is compiled with. Macros
/// change types and structure; sizes are better specialisation constants, which cost no module
/// each.
///
/// In a source, `#include "unpack_{FORMAT}.glsl"` stands for the file named by the macro `FORMAT`,
/// in lower case.
///
/// @param source e.g. `matvec.comp`
/// @param optimised false where the optimiser breaks or slows down the module
public record KernelModule(String source, SortedMap<String, String> macros, boolean optimised) {
  private static final Pattern SOURCE = Pattern.compile("[a-z0-9_]+\\.comp");
  private static final Pattern MACRO = Pattern.compile("[A-Z][A-Z0-9_]*");
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9_]*");

  public KernelModule {
    macros = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(macros));
    if (!SOURCE.matcher(source).matches()) {
      throw new IllegalArgumentException("'" + source + "' is no name of a kernel's source");
    }
    macros.forEach((name, value) -> {
      if (!MACRO.matcher(name).matches() || !VALUE.matcher(value).matches()) {
        throw new IllegalArgumentException(
            source + ": the macro " + name + "=" + value + " is none of ours");
      }
    });
  }

  /// Optimised.
  public static KernelModule of(String source, Map<String, ?> macros) {
    SortedMap<String, String> texts = new TreeMap<>();
    macros.forEach((name, value) -> texts.put(name, String.valueOf(value)));
    return new KernelModule(source, texts, true);
  }

  /// Optimised, without macros.
  public static KernelModule of(String source) {
    return of(source, Map.of());
  }

  /// The compiled module's file name.
  public String file() {
    StringBuilder name = new StringBuilder(source.substring(0, source.lastIndexOf('.')));
    macros.forEach((macro, value) -> {
      name.append('-').append(macro);
      if (!value.isEmpty()) {
        name.append('_').append(value);
      }
    });
    return name.append(optimised ? ".spv" : ".plain.spv").toString();
  }

  /// Of the code of compiled modules, hexadecimal: changes when any of them does.
  public static String digest(List<KernelModule> modules) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      modules.forEach(module -> sha.update(Pipelines.load(module)));
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /// Where the compiled module is on the class path.
  String resource() {
    return "/ringfence/vulkan/" + file();
  }
}
