/**
 * npm run bundle: makes .bundle/, all that a GPU host without network, Node or npm needs to run topkit, its GPU suite and its benchmarks:
 *
 *   .bundle/node          a shell script that unpacks the Node binary once and becomes it
 *   .bundle/node.xz       that binary, stripped
 *   .bundle/topkit        `topkit` from the command line
 *   .bundle/test-gpu      the GPU suite
 *   .bundle/smoke         every plan on one shape, checked and timed
 *   .bundle/ncu           the bandwidth that Nsight Compute sees
 *   .bundle/runtime-cost  what topkit costs on the host
 *   .bundle/app.tar.xz    compiled code, generated kernels, production dependencies, the addon, the emulator's sources (for a compiler there);
 *                         unpacked once, under its hash
 *
 * The addon needs glibc 2.28 or newer on the host, and Node's unpacking xz or Python. Run it there as `.bundle/test-gpu`.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundle = join(root, ".bundle");
const app = join(bundle, "app");
const packedApp = join(bundle, "app.tar.xz");

// a bundle that fails to be made must not leave the one before, which would run older code; the packed Node is the same
for (const name of existsSync(bundle) ? readdirSync(bundle) : []) if (!/^node\.(xz|version)$/.test(name)) rmSync(join(bundle, name), { recursive: true });
mkdirSync(app, { recursive: true });

console.error("bundle: compiling");
execFileSync("npx", ["tsc", "-p", "tsconfig.bundle.json"], { cwd: root, stdio: "inherit" });
copyFileSync(join(root, "package.json"), join(app, "package.json"));
for (const data of [
  "generated/kernels",
  "generated/manifest.json",
  "generated/tuning",
  "bench/suites.csv",
  "bench/musts.csv",
  "bench/peers",
  "bench/floor.cu",
  "bench/torch_peer.py",
  "bench/torch_cost.py",
]) {
  if (existsSync(join(root, data))) cpSync(join(root, data), join(app, data), { recursive: true });
}
cpSync(join(root, "native/emulator"), join(app, "native/emulator"), { recursive: true, filter: (path) => !path.endsWith(".ts") });
mkdirSync(join(app, "build/Release"), { recursive: true });
copyFileSync(join(root, "build/Release/topkit.node"), join(app, "build/Release/topkit.node"));
// what the tuner renders from; its kernels' comments and formulas are read from the declarations' source
for (const folder of ["dsl", "templates"]) cpSync(join(root, folder), join(app, folder), { recursive: true });
// the libraries of the report and of the generator are for development: here they draw and render on the host
const libraries = ["vega", "vega-lite", "ts-morph", "handlebars"];
for (const name of dependenciesOf(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies, libraries)) {
  cpSync(join(root, "node_modules", name), join(app, "node_modules", name), { recursive: true, filter: isRun });
}

// most of it is kernels that are much alike: a small part of the size, where what travels is limited
execFileSync("tar", ["-cJf", packedApp, "-C", app, "."], { env: { ...process.env, XZ_OPT: "-6 -T0" } });
rmSync(app, { recursive: true });
const appHash = createHash("sha256").update(readFileSync(packedApp)).digest("hex").slice(0, 16);

packNode();
script(
  "unpack",
  `#!/bin/sh
# xz is not everywhere; Python, which torch's figures need, has it built in.
if command -v xz > /dev/null; then exec xz -dc "$1"; fi
exec python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"
`,
);
script(
  "node",
  `#!/bin/sh
# Unpacked to a name of its own and renamed, so that two starts at once do no harm.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
node="\${TMPDIR:-/tmp}/topkit-node-$(id -u)-${process.version}"
if [ ! -x "$node" ]; then
  sh "$here/unpack" "$here/node.xz" > "$node.$$" && chmod 700 "$node.$$" && mv "$node.$$" "$node" || exit 1
fi
exec "$node" "$@"
`,
);
launcher("topkit", "cli/main.js");
launcher("test-gpu", "test/gpu/main.js");
launcher("smoke", "bench/smoke.js");
launcher("ncu", "bench/ncu.js");
launcher("runtime-cost", "bench/runtime-cost.js");
console.error(`bundle: ${bundle}: ${(sizeOf(bundle) / 2 ** 20).toFixed(1)} MiB`);

/** Names of the packages, and of everything that they depend on. */
function dependenciesOf(dependencies, more, found = new Set()) {
  for (const name of [...Object.keys(dependencies ?? {}), ...more]) {
    const folder = join(root, "node_modules", name);
    // an optional one that is not installed
    if (found.has(name) || !existsSync(folder)) continue;
    found.add(name);
    dependenciesOf(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).dependencies, [], found);
  }
  return found;
}

/** Types, maps and builds for browsers are many times what runs. */
function isRun(path) {
  return !/\/\.cache|\.(map|d\.[cm]?ts)$|\.min\.js$|schema\.json$|\/vega[a-z-]*\/src(\/|$)/.test(path);
}

/** Packing takes long, so it is done once for a Node version. */
function packNode() {
  const packed = join(bundle, "node.xz");
  const stamp = join(bundle, "node.version");
  if (existsSync(packed) && existsSync(stamp) && readFileSync(stamp, "utf8") === process.version) return;
  console.error(`bundle: packing Node ${process.version}`);
  const scratch = mkdtempSync(join(tmpdir(), "topkit-bundle-"));
  try {
    const binary = join(scratch, "node");
    copyFileSync(process.execPath, binary);
    chmodSync(binary, 0o755);
    execFileSync("strip", [binary]);
    writeFileSync(packed, execFileSync("xz", ["-6", "-T0", "-c", binary], { maxBuffer: 2 ** 28 }));
    writeFileSync(stamp, process.version);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function script(name, text) {
  const path = join(bundle, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** More of libuv's threads than its four: kernels compile on them, side by side. */
function launcher(name, entry) {
  script(
    name,
    `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
app="\${TMPDIR:-/tmp}/topkit-app-$(id -u)-${appHash}"
if [ ! -d "$app" ]; then
  mkdir -m 700 "$app.$$" && sh "$here/unpack" "$here/app.tar.xz" | tar -xf - -C "$app.$$" || exit 1
  mv -T "$app.$$" "$app" 2> /dev/null || rm -rf "$app.$$"
fi
UV_THREADPOOL_SIZE=\${UV_THREADPOOL_SIZE:-16} exec "$here/node" "$app/${entry}" "$@"
`,
  );
}

function sizeOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
}
