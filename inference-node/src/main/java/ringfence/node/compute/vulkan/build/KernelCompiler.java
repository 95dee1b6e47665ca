package ringfence.node.compute.vulkan.build;

import static org.lwjgl.util.shaderc.Shaderc.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.lwjgl.system.Configuration;
import org.lwjgl.system.MemoryUtil;
import ringfence.node.compute.vulkan.Kernels;
import ringfence.node.compute.vulkan.kernel.KernelModule;

/// Compiles every module of [Kernels] to SPIR-V, as far as its text, its macros or this compiler
/// changed since the last time, and removes modules that are gone.
public final class KernelCompiler {
  // Bump when options change that are not in a module's key.
  private static final String OPTIONS = "vulkan1.3 1";

  private final Path sources;
  private final Path modules;
  private final Path keyFile;

  private KernelCompiler(Path sources, Path output, Path keyFile) {
    this.sources = sources;
    this.modules = output.resolve("ringfence/vulkan");
    this.keyFile = keyFile;
  }

  /// Compiles what is stale.
  ///
  /// @param arguments the folder of sources, the folder of compiled classes, the file that keeps
  ///   what the modules were compiled of
  public static void main(String... arguments) throws Exception {
    Configuration.MEMORY_ALLOCATOR.set("system");
    new KernelCompiler(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]))
        .compileAll();
  }

  private void compileAll() throws Exception {
    long began = System.nanoTime();
    Map<String, String> keys = readKeys();
    Map<String, String> fresh = new TreeMap<>();
    Set<Path> used = new HashSet<>();
    List<Work> stale = new ArrayList<>();
    List<KernelModule> all = Kernels.modules();
    for (KernelModule module : all) {
      String text = KernelSource.read(sources, module.source(), module.macros(), used);
      Work work = new Work(module, text);
      fresh.put(module.file(), work.key());
      if (!work.key().equals(keys.get(module.file()))
          || !Files.exists(modules.resolve(module.file()))) {
        stale.add(work);
      }
    }
    failOnOrphans(used);
    Files.createDirectories(modules);
    removeGone(fresh.keySet());
    compile(stale);
    Files.write(
        keyFile, fresh.entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).toList());
    if (!stale.isEmpty()) {
      System.out.printf(
          "Compiled %d of %d kernel modules in %d ms%n",
          stale.size(), all.size(), (System.nanoTime() - began) / 1_000_000);
    }
  }

  private void failOnOrphans(Set<Path> used) throws IOException {
    try (Stream<Path> files = Files.walk(sources)) {
      Set<Path> orphans = new TreeSet<>(files.filter(Files::isRegularFile).toList());
      orphans.removeAll(used);
      if (!orphans.isEmpty()) {
        throw new IOException("no module of Kernels.all() uses " + orphans);
      }
    }
  }

  private void removeGone(Set<String> wanted) throws IOException {
    try (Stream<Path> files = Files.list(modules)) {
      for (Path file : files.toList()) {
        if (!wanted.contains(file.getFileName().toString())) {
          Files.delete(file);
        }
      }
    }
  }

  private void compile(List<Work> stale) throws Exception {
    if (stale.isEmpty()) {
      return;
    }
    // Loads the library here, once, and not in several threads at a time.
    getLibrary();
    try (ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      List<Future<byte[]>> compiled = new ArrayList<>();
      stale.forEach(work -> compiled.add(workers.submit(() -> compile(work))));
      List<String> failures = new ArrayList<>();
      for (int i = 0; i < stale.size(); i++) {
        try {
          Files.write(modules.resolve(stale.get(i).module().file()), compiled.get(i).get());
        } catch (ExecutionException e) {
          failures.add(String.valueOf(e.getCause()));
        }
      }
      if (!failures.isEmpty()) {
        throw new IOException("kernels do not compile:\n" + String.join("\n", failures));
      }
    }
  }

  /// Optimising includes validating.
  private static byte[] compile(Work work) throws IOException {
    KernelModule module = work.module();
    long compiler = shaderc_compiler_initialize();
    long options = shaderc_compile_options_initialize();
    ByteBuffer text = MemoryUtil.memUTF8(work.text(), false);
    ByteBuffer name = MemoryUtil.memUTF8(module.source());
    ByteBuffer entry = MemoryUtil.memUTF8("main");
    try {
      shaderc_compile_options_set_target_env(
          options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_3);
      shaderc_compile_options_set_optimization_level(
          options,
          module.optimised()
              ? shaderc_optimization_level_performance
              : shaderc_optimization_level_zero);
      shaderc_compile_options_set_warnings_as_errors(options);
      module
          .macros()
          .forEach((macro, value) ->
              shaderc_compile_options_add_macro_definition(options, macro, value));
      long result =
          shaderc_compile_into_spv(compiler, text, shaderc_compute_shader, name, entry, options);
      try {
        if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success) {
          throw new IOException(module.file() + ":\n" + shaderc_result_get_error_message(result));
        }
        ByteBuffer bytes = shaderc_result_get_bytes(result);
        if (bytes == null) {
          throw new IOException(module.file() + ": the compiler gave no bytes");
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
      } finally {
        shaderc_result_release(result);
      }
    } finally {
      MemoryUtil.memFree(text);
      MemoryUtil.memFree(name);
      MemoryUtil.memFree(entry);
      shaderc_compile_options_release(options);
      shaderc_compiler_release(compiler);
    }
  }

  private Map<String, String> readKeys() throws IOException {
    Map<String, String> keys = new HashMap<>();
    if (Files.exists(keyFile)) {
      for (String line : Files.readAllLines(keyFile)) {
        int space = line.indexOf(' ');
        keys.put(line.substring(space + 1), line.substring(0, Math.max(0, space)));
      }
    }
    return keys;
  }

  private record Work(KernelModule module, String text) {

    /// Equal keys give equal bytes.
    String key() {
      String all = OPTIONS + "\n" + module.file() + "\n" + module.macros() + "\n" + text;
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(digest.digest(all.getBytes(StandardCharsets.UTF_8)));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
