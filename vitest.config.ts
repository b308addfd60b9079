import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const PACKAGE = "test/package/*.test.ts";

export default defineConfig({
  test: {
    // an addon with threads of its own, and tests that spawn compilers: processes, and time for two slow cores
    pool: "forks",
    // one worker less is vitest's own choice: of two cores, one
    maxWorkers: availableParallelism(),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "source", include: ["test/**/*.test.ts"], exclude: [PACKAGE] } },
      // packed once for all of them, before the first
      { extends: true, test: { name: "package", include: [PACKAGE], globalSetup: "test/package/pack.ts" } },
    ],
  },
});
