import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // an addon with threads of its own, and tests that spawn compilers: processes, and time for two slow cores
    pool: "forks",
    // one worker less is vitest's own choice: of two cores, one
    maxWorkers: availableParallelism(),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
