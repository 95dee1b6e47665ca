package ringfence.router.simulation;

/// What goes wrong.
final class Faults {
  private Faults() {}

  private enum Kind {
    NODE_CRASH,
    NODE_HANG,
    NODE_SLOW,
    HALF_OPEN,
    PARTITION,
    CLIENT_PARTITION,
    LATE,
    CLOCK_JUMP,
    ROUTER_CRASH,
    ROUTER_RESTART,
    ROUTER_HANG,
    DISK_FULL,
    DRAIN
  }

  static void happen(Simulation simulation) {
    World world = simulation.world;
    Kind kind = Kind.values()[world.random.nextInt(Kind.values().length)];
    simulation.statistics.count("fault: " + kind);
    SimulatedNode node = simulation.nodes.get(world.random.nextInt(simulation.nodes.size()));
    SimulatedRouter router =
        simulation.routers.get(world.random.nextInt(simulation.routers.size()));
    long time = world.between(10 * World.MILLIS, 15 * World.SECONDS);
    switch (kind) {
      case NODE_CRASH -> {
        node.crash();
        world.after(
            time,
            () -> {
              if (!node.isAlive()) {
                node.restart();
                node.start();
              }
            });
      }
      case NODE_HANG -> node.hang(time);
      case NODE_SLOW -> {
        node.slowness = world.between(5, 50);
        world.after(time, () -> node.slowness = 1);
      }
      case HALF_OPEN -> {
        if (world.chance(0.5)) {
          simulation.network.cut(node.name, router.name, time);
        } else {
          simulation.network.cut(router.name, node.name, time);
        }
      }
      case PARTITION -> {
        simulation.network.cut(node.name, router.name, time);
        simulation.network.cut(router.name, node.name, time);
      }
      case CLIENT_PARTITION -> {
        for (SimulatedClient client : simulation.clients()) {
          simulation.network.cut(client.name, router.name, time);
          simulation.network.cut(router.name, client.name, time);
        }
      }
      case LATE -> {
        simulation.network.slowestNanos = world.between(50, 900) * World.MILLIS;
        world.after(time, () -> simulation.network.slowestNanos = 5 * World.MILLIS);
      }
      case CLOCK_JUMP -> simulation.wallClockOffset += world.between(-100_000, 100_000);
      case ROUTER_CRASH -> {
        router.crash();
        world.after(
            world.between(0, 5 * World.SECONDS),
            () -> {
              if (!router.isAlive()) {
                router.restart();
              }
            });
      }
      case ROUTER_RESTART -> {
        router.crash();
        world.after(
            world.between(0, 500 * World.MILLIS),
            () -> {
              if (!router.isAlive()) {
                router.restart();
                simulation.askSoon(router);
              }
            });
      }
      case ROUTER_HANG -> router.hang(time);
      case DISK_FULL -> router.fillDisk(time);
      case DRAIN -> {
        router.drain(node.name, true);
        world.after(time, () -> router.drain(node.name, false));
      }
    }
  }
}
