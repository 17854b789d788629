import { ref } from 'vue'

export interface Session {
  providerUserId: string
  user: { id: string, displayName?: string }
  workspace: { id: string, name: string }
  role: string
  deploymentAdmin: boolean
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

  /** What cannot be asked stays as it was: the devices work without a server. */
  async function refresh(): Promise<void> {
    const answer = await call<{ session: Session | null }>('GET', '/api/auth/session')
    if (!answer) return
    session.value = answer.session
    const list = session.value ? await call<{ workspaces: WorkspaceEntry[] }>('GET', '/api/workspaces') : undefined
    if (list) workspaces.value = list.workspaces
  }

  /** The first thing the page does, and again for as long as there is no server to ask. */
  async function begin(): Promise<void> {
    trouble.value = ''
    await refresh()
    if (!session.value && trouble.value === '') await signIn('ada')
  }

  async function signIn(user: string): Promise<void> {
    await act('POST', '/api/demo/sign-in', { user })
    await refresh()
  }

  async function openWorkspace(id: string): Promise<void> {
    await act('POST', '/api/workspaces/active', { id })
    await refresh()
  }

  async function createWorkspace(name: string): Promise<void> {
    const created = await act<{ id: string }>('POST', '/api/workspaces', { name })
    if (created) await openWorkspace(created.id)
  }

  async function renameWorkspace(id: string, name: string): Promise<void> {
    await act('PATCH', `/api/workspaces/${id}`, { name })
    await refresh()
  }

  async function removeWorkspace(id: string): Promise<void> {
    await act('DELETE', `/api/workspaces/${id}`)
    await refresh()
  }

  async function acceptInvite(token: string): Promise<{ ok: boolean, reason?: string } | undefined> {
    const result = await act<{ ok: boolean, reason?: string }>('POST', '/api/demo/accept-invite', { token })
    if (result?.ok) await refresh()
    return result
  }

  /** Something the user asked for: what it ends with is shown until the next one. */
  async function act<Answer>(method: string, path: string, body?: object): Promise<Answer | undefined> {
    trouble.value = ''
    return call<Answer>(method, path, body)
  }

  async function call<Answer>(method: string, path: string, body?: object): Promise<Answer | undefined> {
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

  return { session, workspaces, trouble, begin, signIn, openWorkspace, createWorkspace, renameWorkspace, removeWorkspace, acceptInvite }
}
