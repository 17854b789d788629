import { ref } from 'vue'

export interface Workspace { id: string, name: string, createdAt: number, deleted: boolean, ownerEmail?: string, memberCount: number }
export interface Member { userId: string, email?: string, role: string }
export interface Invite { id: string, email: string, role: string, status: string, expiresAt: number }
export interface Webhook { id: string, url: string, events: string[], health: string }
export interface Delivery { id: string, event_type: string, status: string, http_status: number | null, attempt: number, created_at: number }
export interface Computer { id: string, name: string, hostname: string, online: boolean }
export interface Status {
  provider: string
  status: { details?: { driver?: string }, warnings: { level: string, message: string }[], actions: { id: string, label: string, description?: string }[] } | null
  maintenance: { state: string, lastRun?: string } | null
}

/** What the admin page shows and does, through the host's own routes. */
export function useAdmin() {
  const trouble = ref('')
  const status = ref<Status>()
  const workspaces = ref<Workspace[]>([])
  const members = ref<Member[]>([])
  const invites = ref<Invite[]>([])
  const inviteUrl = ref('')
  const webhooks = ref<Webhook[]>([])
  const deliveries = ref<Delivery[]>([])
  const computers = ref<Computer[]>([])

  async function call<Answer>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    try {
      const response = await fetch(path, { method, headers: { 'content-type': 'application/json', 'x-or3-admin-intent': 'admin', ...headers }, ...body ? { body: JSON.stringify(body) } : {} })
      if (response.ok) return await response.json() as Answer
      // Parts of the page are for owners or admins only: somebody else just does not see them.
      if (method !== 'GET') trouble.value = `The server refused: ${response.statusText || response.status}`
    }
    catch {
      trouble.value = 'The server cannot be reached.'
    }
    return undefined
  }

  async function refresh(): Promise<void> {
    status.value = (await call<{ sync: Status }>('GET', '/api/admin/system/status'))?.sync
    workspaces.value = (await call<{ items: Workspace[] }>('GET', '/api/admin/workspaces?includeDeleted=true&perPage=50'))?.items ?? []
    members.value = (await call<{ members: Member[] }>('GET', '/api/admin/workspace'))?.members ?? []
    invites.value = (await call<{ invites: Invite[] }>('GET', '/api/admin/workspace/invites/list'))?.invites ?? []
    webhooks.value = (await call<{ webhooks: Webhook[] }>('GET', '/api/webhooks'))?.webhooks ?? []
    const first = webhooks.value[0]
    deliveries.value = first ? (await call<{ logs: Delivery[] }>('GET', `/api/webhooks/${first.id}/logs`))?.logs ?? [] : []
    computers.value = (await call<{ environments: Computer[] }>('GET', '/api/connect/environments'))?.environments ?? []
  }

  /** Something the user asked for; what it ends with is shown until the next one. */
  async function act<Answer>(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer | undefined> {
    trouble.value = ''
    const answer = await call<Answer>(method, path, body ?? {}, headers)
    await refresh()
    return answer
  }

  return {
    trouble, status, workspaces, members, invites, inviteUrl, webhooks, deliveries, computers, refresh,
    async invite(email: string, role: string) {
      const created = await act<{ invite: { inviteUrl: string } }>('POST', '/api/admin/workspace/invites/create', { email, role })
      if (created) inviteUrl.value = new URL(created.invite.inviteUrl, window.location.href).href
    },
    revokeInvite: (inviteId: string) => act('POST', '/api/admin/workspace/invites/revoke', { inviteId }),
    setRole: (userId: string, role: string) => act('POST', '/api/admin/workspace/members/set-role', { userId, role }),
    removeMember: (userId: string) => act('POST', '/api/admin/workspace/members/remove', { userId }),
    removeWorkspace: (id: string) => act('POST', `/api/admin/workspaces/${id}/soft-delete`),
    restoreWorkspace: (id: string) => act('POST', `/api/admin/workspaces/${id}/restore`),
    runAction: (actionId: string) => act<{ result: { removed: Record<string, number> } }>('POST', '/api/admin/system/provider-action', { kind: 'sync', actionId }),
    addWebhook: (url: string) => act('POST', '/api/webhooks', { url, events: ['message.created', 'thread.created'] }),
    removeWebhook: (id: string) => act('DELETE', `/api/webhooks/${id}`),
    approve: (code: string) => act('POST', '/api/connect/device/approve', { code }, { 'x-or3-connect-intent': 'approve' }),
    removeComputer: (environmentId: string) => act('POST', '/api/connect/environments/remove', { environmentId }, { 'x-or3-connect-intent': 'remove' }),
  }
}
