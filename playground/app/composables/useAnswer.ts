import { onScopeDispose, ref } from 'vue'
import type { Device } from '../sync/device'
import { newId } from '../sync/id'
import type { Message, Thread } from '../sync/local-store'

/** An answer that is written on the server and followed here, word by word. */
export function useAnswer(device: Device, thread: () => Thread) {
  const text = ref('')
  const trouble = ref('')
  const running = ref(false)
  let source: EventSource | undefined
  onScopeDispose(() => source?.close())

  /** Asks for an answer to `prompt`, and keeps it as a message when it is whole. */
  async function ask(prompt: string, index: number): Promise<void> {
    if (running.value) return
    running.value = true
    trouble.value = ''
    text.value = ''
    const message = { id: newId(), threadId: thread().id }
    try {
      const response = await fetch('/api/jobs', {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ threadId: message.threadId, messageId: message.id, prompt, idempotencyKey: message.id }),
      })
      if (!response.ok) throw new Error(response.statusText)
      const { jobId } = await response.json() as { jobId: string }
      if (await follow(jobId) === 'complete') await keep(message, index)
    }
    catch {
      trouble.value = 'The answer could not be asked for.'
    }
    running.value = false
  }

  function follow(jobId: string): Promise<string> {
    return new Promise((settle, fail) => {
      const events = new EventSource(`/api/jobs/${jobId}/stream`)
      source = events
      events.addEventListener('delta', event => text.value += (JSON.parse(event.data as string) as { content: string }).content)
      events.addEventListener('status', (event) => {
        events.close()
        settle((JSON.parse(event.data as string) as { status: string }).status)
      })
      events.onerror = () => {
        events.close()
        fail(new Error('The stream ended'))
      }
    })
  }

  async function keep({ id, threadId }: { id: string, threadId: string }, index: number): Promise<void> {
    const seconds = Math.floor(Date.now() / 1000)
    const message: Omit<Message, 'clock'> = {
      id, thread_id: threadId, role: 'assistant', index, order_key: `${Date.now().toString(36).padStart(9, '0')}-${id.slice(0, 8)}`,
      data: { content: text.value }, deleted: false, created_at: seconds, updated_at: seconds,
    }
    await device.write('messages', id, message)
    text.value = ''
  }

  return { text, trouble, running, ask }
}
