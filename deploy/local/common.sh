# Sourced by the commands in this folder; bash 3.2 or later (macOS).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
run_dir=$root/deploy/local/.run
# Certificates and keys of `up --secure`: made by it, gone with `down`.
secure_dir=$run_dir/secure
# Stands on the command line of every process of this checkout's stack, so that none but those is ever stopped.
stack_mark=-Dringfence.stack=$(printf '%s' "$root" | cksum | cut -d' ' -f1)

say() { printf '%s\n' "$*"; }
fail() {
  printf 'ringfence: %s\n' "$*" >&2
  exit 1
}

# Sets $java to the java of a JDK 25.
need_java() {
  local home
  home=$(sh "$root/.mvn/find-jdk") || exit 1
  java=$home/bin/java
}

jar_of() { printf '%s' "$root/$1/target/quarkus-app/quarkus-run.jar"; }

# True when the module's jar is missing or older than one of its sources.
is_stale() {
  local jar page=""
  jar=$(jar_of "$1")
  [ -f "$jar" ] || return 0
  # Its libraries lie beside it.
  if [ "$1" = gateway ]; then page="$root/gateway/page/package-lock.json $root/gateway/page/index.html $root/gateway/page/src"; fi
  [ -n "$(find "$root/pom.xml" "$root/proto/pom.xml" "$root/proto/src/main" "$root/proto/tls/pom.xml" "$root/proto/tls/src/main" "$root/proto/telemetry/pom.xml" "$root/proto/telemetry/src/main" "$root/$1/pom.xml" "$root/$1/src/main" $page -newer "$jar" -type f -print 2>/dev/null | head -n 1)" ]
}

# Builds the given modules where needed.
need_built() {
  local module stale=""
  for module in "$@"; do
    if is_stale "$module"; then stale=${stale:+$stale,}$module; fi
  done
  [ -n "$stale" ] || return 0
  mkdir -p "$run_dir"
  printf 'Building %s (the first time this fetches libraries and takes some minutes) ...\n' "$(printf '%s' "$stale" | sed 's/,/, /g')" >&2
  if ! "$root/mvnw" -f "$root/pom.xml" -B -q -pl "$stale" -am -DskipTests package >"$run_dir/build.log" 2>&1 </dev/null; then
    tail -n 20 "$run_dir/build.log" >&2
    fail "the build failed; its whole output is in deploy/local/.run/build.log"
  fi
}

# JVM flags of each process. The node's: the Vector API is an incubating module, weights are mapped memory.
node_flags() {
  printf '%s\n' --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -XX:+UseSerialGC -Xms32m -Xmx1g -XX:MaxHeapFreeRatio=30 -XX:MinHeapFreeRatio=10
}
service_flags() {
  printf '%s\n' --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC -Xms32m -Xmx512m
}

pid_of() { cat "$run_dir/$1.pid" 2>/dev/null || true; }

# True when the process of that name runs and is ours.
is_alive() {
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && ps -o command= -p "$pid" 2>/dev/null | grep -q -e "$stack_mark"
}

# Names of all processes that were started, in the order of starting.
started() { [ ! -f "$run_dir/started" ] || cat "$run_dir/started"; }

# Stops everything that was started, last first.
stop_all() {
  local name names="" waited=0
  for name in $(started); do names="$name $names"; done
  for name in $names; do
    if is_alive "$name"; then kill -TERM "$(pid_of "$name")" 2>/dev/null || true; fi
  done
  for name in $names; do
    while is_alive "$name"; do
      if [ "$waited" -ge 300 ]; then
        kill -KILL "$(pid_of "$name")" 2>/dev/null || true
      fi
      sleep 0.1
      waited=$((waited + 1))
    done
    rm -f "$run_dir/$name.pid"
  done
  rm -f "$run_dir/started" "$run_dir/url"
  rm -rf "$secure_dir"
}
