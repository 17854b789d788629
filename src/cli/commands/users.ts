import { defineCommand } from 'citty'
import { prepared } from '../../runtime/server/engine/engine'
import { COMMON, CommandError, runCommand } from '../context'
import { storesOf } from './people'

interface UserRow { id: string, email: string | null, display_name: string | null, created_at_ms: number, workspaces: number, is_admin: number }

const users = prepared<UserRow>(`
  SELECT u.id, u.email, u.display_name, u.created_at_ms,
    (SELECT COUNT(*) FROM workspace_members AS m WHERE m.user_id = u.id) AS workspaces,
    EXISTS (SELECT 1 FROM deployment_admins AS a WHERE a.user_id = u.id) AS is_admin
  FROM users AS u WHERE ? IS NULL OR u.id = ? OR u.email = lower(?) ORDER BY u.created_at_ms, u.id`)
const accounts = prepared<{ provider: string, provider_user_id: string }>('SELECT provider, provider_user_id FROM auth_accounts WHERE user_id = ? ORDER BY created_at_ms')
const memberships = prepared<{ workspace_id: string, name: string, role: string }>(`
  SELECT m.workspace_id, w.name, m.role FROM workspace_members AS m JOIN workspaces AS w ON w.id = m.workspace_id WHERE m.user_id = ? ORDER BY m.created_at_ms`)

const list = defineCommand({
  meta: { name: 'list', description: 'Everybody' },
  args: COMMON,
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const rows = await open().all(users(null, null, null))
    out.result(rows.map(({ is_admin, ...row }) => ({ ...row, is_admin: is_admin === 1 })))
    out.table(['user', 'e-mail', 'name', 'workspaces', 'since', ''], rows.map(row => [row.id, row.email, row.display_name, row.workspaces, new Date(row.created_at_ms).toISOString().slice(0, 10), row.is_admin === 1 ? 'admin' : '']))
    return undefined
  }),
})

const show = defineCommand({
  meta: { name: 'show', description: 'One user, by id or e-mail address' },
  args: { ...COMMON, user: { type: 'positional', required: true, description: 'Id or e-mail address' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const engine = open()
    const [user] = await engine.all(users(args.user, args.user, args.user))
    if (!user) throw new CommandError(`There is no user ${args.user}.`)
    const found = { ...user, is_admin: user.is_admin === 1, accounts: await engine.all(accounts(user.id)), memberships: await engine.all(memberships(user.id)) }
    out.result(found)
    out.line(`${user.id}  ${user.display_name ?? ''} ${user.email ?? ''}${found.is_admin ? '  admin' : ''}`)
    for (const account of found.accounts) out.line(`  signs in with ${account.provider} as ${account.provider_user_id}`)
    for (const member of found.memberships) out.line(`  ${member.role} of ${member.workspace_id} (${member.name})`)
    return undefined
  }),
})

const grant = (name: 'grant-admin' | 'revoke-admin', description: string) => defineCommand({
  meta: { name, description },
  args: { ...COMMON, user: { type: 'positional', required: true, description: 'Their id' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const { admins } = storesOf(open())
    await (name === 'grant-admin' ? admins.grantAdmin({ userId: args.user }) : admins.revokeAdmin({ userId: args.user }))
    out.result({ userId: args.user, admin: name === 'grant-admin' })
    out.good(`${args.user} is ${name === 'grant-admin' ? 'a deployment admin' : 'no deployment admin'} now.`)
    return undefined
  }),
})

export default defineCommand({
  meta: { name: 'users', description: 'Lists and shows people' },
  subCommands: { list, show, 'grant-admin': grant('grant-admin', 'Makes a user a deployment admin'), 'revoke-admin': grant('revoke-admin', 'Takes that back') },
})
