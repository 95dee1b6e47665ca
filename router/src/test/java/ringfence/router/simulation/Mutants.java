package ringfence.router.simulation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.util.List;
import java.util.function.Consumer;

/// The real classes with a bug planted in one or two methods, in a class loader of their own, with
/// the simulation beside them.
final class Mutants extends ClassLoader {
  private static final String OURS = "ringfence.router.";

  /// A method whose body is replaced.
  ///
  /// @param owner class name below `ringfence.router`
  record Planted(String owner, String method, Consumer<CodeBuilder> body) {}

  private final List<Planted> planted;

  Mutants(List<Planted> planted) {
    super(Mutants.class.getClassLoader());
    this.planted = planted;
  }

  static Planted returnsTrue(String owner, String method) {
    return new Planted(owner, method, code -> code.iconst_1().ireturn());
  }

  static Planted returnsFalse(String owner, String method) {
    return new Planted(owner, method, code -> code.iconst_0().ireturn());
  }

  static Planted returnsNull(String owner, String method) {
    return new Planted(owner, method, code -> code.aconst_null().areturn());
  }

  static Planted doesNothing(String owner, String method) {
    return new Planted(owner, method, CodeBuilder::return_);
  }

  static Planted returnsConstant(String owner, String method, String type, String constant) {
    ClassDesc constants = ClassDesc.of(OURS + type);
    return new Planted(
        owner, method, code -> code.getstatic(constants, constant, constants).areturn());
  }

  /// The rule that the simulation sees broken within so many seeds; empty: none.
  static String caught(List<Planted> planted, long seeds) throws ReflectiveOperationException {
    Class<?> inside = new Mutants(planted).loadClass(Seeds.class.getName());
    return (String) inside.getMethod("brokenRule", long.class).invoke(null, seeds);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        byte[] bytes = mutated(name, bytes(name));
        loaded = defineClass(name, bytes, 0, bytes.length);
      }
      return loaded;
    }
  }

  private byte[] bytes(String name) throws ClassNotFoundException {
    try (InputStream file = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (file == null) {
        throw new ClassNotFoundException(name);
      }
      return file.readAllBytes();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private byte[] mutated(String name, byte[] bytes) {
    byte[] result = bytes;
    for (Planted one : planted) {
      if (name.equals(OURS + one.owner())) {
        result = replace(result, one);
      }
    }
    return result;
  }

  private static byte[] replace(byte[] bytes, Planted planted) {
    boolean[] found = {false};
    ClassFile files = ClassFile.of();
    byte[] mutated =
        files.transformClass(
            files.parse(bytes),
            (builder, element) -> {
              if (element instanceof MethodModel method
                  && method.methodName().equalsString(planted.method())
                  && method.code().isPresent()) {
                found[0] = true;
                builder.withMethodBody(
                    method.methodName(),
                    method.methodType(),
                    method.flags().flagsMask(),
                    planted.body());
              } else {
                builder.with(element);
              }
            });
    if (!found[0]) {
      throw new IllegalArgumentException(planted.owner() + " has no " + planted.method());
    }
    return mutated;
  }
}
