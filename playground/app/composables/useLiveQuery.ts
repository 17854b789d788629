import { liveQuery } from 'dexie'
import type { Ref } from 'vue'
import { onScopeDispose, shallowRef, watch } from 'vue'

/** A ref that follows a Dexie query and starts it again when `sources` change. */
export function useLiveQuery<Value>(sources: () => unknown, query: () => Promise<Value>, initial: Value): Readonly<Ref<Value>> {
  const value = shallowRef(initial) as Ref<Value>
  let stop = () => {}
  watch(sources, () => {
    stop()
    const subscription = liveQuery(query).subscribe((next) => {
      value.value = next
    })
    stop = () => subscription.unsubscribe()
  }, { immediate: true })
  onScopeDispose(() => stop())
  return value
}
