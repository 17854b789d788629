import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // One test file after another: many of them start servers or processes of their own, on two cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 600_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], environment: 'node' } },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'], environment: 'node' } },
      { extends: true, test: { name: 'process', include: ['test/process/**/*.test.ts'], environment: 'node' } },
      { extends: true, test: { name: 'cli', include: ['test/cli/**/*.test.ts'], environment: 'node', globalSetup: ['test/cli/build-cli.ts'] } },
      { extends: true, test: { name: 'torture', include: ['test/torture/**/*.test.ts'], environment: 'node' } },
      { extends: true, test: { name: 'package', include: ['test/package/**/*.test.ts'], environment: 'node' } },
      { extends: true, test: { name: 'host', include: ['test/host/**/*.test.ts'], environment: 'node', globalSetup: ['test/host/build-playground.ts'] } },
    ],
  },
})
