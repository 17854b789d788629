import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { SyncMethods } from '../host/contract'
import type { Metrics } from './prometheus'

type Call = 'push' | 'pull' | 'snapshot' | 'updateCursor' | 'gcChangeLog'

/**
 * A gateway whose calls are counted, and are spans where the host has a tracer; without one they cost next to
 * nothing. Neither says who asked, nor for what.
 */
export function observed(gateway: SyncMethods, metrics: Promise<Metrics | undefined> | undefined): SyncMethods {
  const watch = async <Result>(call: Call, work: () => Promise<Result>, tell?: (metrics: Metrics, result: Result) => void): Promise<Result> => {
    const started = performance.now()
    const end = (outcome: string, result?: { readonly value: Result }) => void metrics?.then((counters) => {
      if (!counters) return
      counters.called(call, (performance.now() - started) / 1000, outcome)
      if (result) tell?.(counters, result.value)
    })
    return trace.getTracer('or3-provider-sqlite').startActiveSpan(`or3.sync.${call}`, async (span) => {
      try {
        const value = await work()
        end('ok', { value })
        return value
      }
      catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        end(error instanceof Error && 'statusCode' in error ? String(error.statusCode) : 'error')
        throw error
      }
      finally {
        span.end()
      }
    })
  }
  return {
    ...gateway,
    push: (event, batch) => watch('push', () => gateway.push(event, batch), (counters, result) => counters.pushed(result)),
    pull: (event, request) => watch('pull', () => gateway.pull(event, request), (counters, page) => counters.paged('pull', page.changes.length)),
    snapshot: (event, request) => watch('snapshot', () => gateway.snapshot(event, request), (counters, page) => counters.paged('snapshot', page.items.length)),
    updateCursor: (event, request) => watch('updateCursor', () => gateway.updateCursor(event, request)),
    gcChangeLog: (event, request) => watch('gcChangeLog', () => gateway.gcChangeLog(event, request), (counters, result) => {
      if (typeof result === 'object' && result !== null && 'changes' in result && typeof result.changes === 'number') counters.collected(result.changes)
    }),
  }
}
