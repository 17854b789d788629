import type { BackupOptions, BatchResult, BulkStatement, Engine, Plan, Reading, Statement } from './engine'

/**
 * An engine that is still starting. Stores are made and registered before the database is open, because
 * the host looks for them at once; each call waits for the one shared start and fails as it failed.
 */
export class DeferredEngine implements Engine {
  constructor(private readonly opened: Promise<Engine>) {
    // A start that fails before anybody calls must not end the process as an unhandled rejection (trap I8).
    opened.catch(() => {})
  }

  async all<Row>(statement: Statement<Row>): Promise<Row[]> {
    return (await this.opened).all(statement)
  }

  async read<Result>(work: () => Reading<Result>): Promise<Result> {
    return (await this.opened).read(work)
  }

  async batch(statements: readonly (Statement | BulkStatement)[]): Promise<BatchResult> {
    return (await this.opened).batch(statements)
  }

  async write<Result>(work: () => Reading<Plan<Result>>): Promise<Result> {
    return (await this.opened).write(work)
  }

  async backup(target: string, options?: BackupOptions): Promise<void> {
    return (await this.opened).backup(target, options)
  }

  async check(): Promise<string[]> {
    return (await this.opened).check()
  }

  async reclaim(): Promise<void> {
    return (await this.opened).reclaim()
  }

  async close(): Promise<void> {
    return (await this.opened).close()
  }
}
