import { ref } from 'vue'

export interface Session {
  providerUserId: string
  user: { id: string, displayName?: string }
  workspace: { id: string, name: string }
  role: string
}

export interface WorkspaceEntry {
  id: string
  name: string
  role: string
  isActive: boolean
}

/** Who is signed in and where; every change asks the host again. */
export function useAccount() {
  const session = ref<Session | null>(null)
  const workspaces = ref<WorkspaceEntry[]>([])
  const trouble = ref('')

  async function refresh(): Promise<void> {
    const answer = await call<{ session: Session | null }>('GET', '/api/auth/session')
    session.value = answer?.session ?? null
    const list = session.value ? await call<{ workspaces: WorkspaceEntry[] }>('GET', '/api/workspaces') : undefined
    workspaces.value = list?.workspaces ?? []
  }

  async function signIn(user: string): Promise<void> {
    await call('POST', '/api/demo/sign-in', { user })
    await refresh()
  }

  async function openWorkspace(id: string): Promise<void> {
    await call('POST', '/api/workspaces/active', { id })
    await refresh()
  }

  async function createWorkspace(name: string): Promise<void> {
    const created = await call<{ id: string }>('POST', '/api/workspaces', { name })
    if (created) await openWorkspace(created.id)
  }

  async function renameWorkspace(id: string, name: string): Promise<void> {
    await call('PATCH', `/api/workspaces/${id}`, { name })
    await refresh()
  }

  async function removeWorkspace(id: string): Promise<void> {
    await call('DELETE', `/api/workspaces/${id}`)
    await refresh()
  }

  async function call<Answer>(method: string, path: string, body?: object): Promise<Answer | undefined> {
    trouble.value = ''
    try {
      const response = await fetch(path, { method, headers: { 'content-type': 'application/json' }, ...body ? { body: JSON.stringify(body) } : {} })
      if (response.ok) return await response.json() as Answer
      trouble.value = `The server refused: ${response.statusText || response.status}`
    }
    catch {
      trouble.value = 'The server cannot be reached.'
    }
    return undefined
  }

  return { session, workspaces, trouble, refresh, signIn, openWorkspace, createWorkspace, renameWorkspace, removeWorkspace }
}
