import { defineCommand } from 'citty'
import { prepared } from '../../runtime/server/engine/engine'
import { COMMON, CommandError, EXIT, runCommand } from '../context'
import { storesOf } from './people'

const WORKSPACE = { workspace: { type: 'positional', required: true, description: 'Its id' } } as const
const MEMBER = { ...WORKSPACE, user: { type: 'positional', required: true, description: 'Id of the user' } } as const
const MAX_PER_PAGE = 100

const signsIn = prepared<{ user_id: string }>('SELECT user_id FROM auth_accounts WHERE user_id = ? LIMIT 1')

function roleOf(role: string): 'owner' | 'editor' | 'viewer' {
  if (role === 'owner' || role === 'editor' || role === 'viewer') return role
  throw new CommandError('--role must be owner, editor or viewer.', EXIT.failed)
}

const list = defineCommand({
  meta: { name: 'list', description: 'All of them' },
  args: { ...COMMON, deleted: { type: 'boolean', description: 'Removed ones too' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const { access } = storesOf(open())
    const items = []
    for (let page = 1; ; page++) {
      const found = await access.listWorkspaces({ includeDeleted: args.deleted === true, page, perPage: MAX_PER_PAGE })
      items.push(...found.items)
      if (found.items.length < MAX_PER_PAGE) break
    }
    out.result(items)
    out.table(['workspace', 'name', 'owner', 'members', 'since', ''], items.map(item => [
      item.id, item.name, item.ownerEmail ?? item.ownerUserId ?? null, item.memberCount, new Date(item.createdAt).toISOString().slice(0, 10), item.deleted ? 'removed' : '',
    ]))
    return undefined
  }),
})

const show = defineCommand({
  meta: { name: 'show', description: 'One, with its members' },
  args: { ...COMMON, ...WORKSPACE },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const { access } = storesOf(open())
    const workspace = await access.getWorkspace({ workspaceId: args.workspace })
    if (!workspace) throw new CommandError(`There is no workspace ${args.workspace}.`)
    const members = workspace.deleted ? [] : await access.listMembers({ workspaceId: args.workspace })
    out.result({ ...workspace, members })
    out.line(`${workspace.id}  ${workspace.name}${workspace.deleted ? '  (removed)' : ''}`)
    for (const member of members) out.line(`  ${member.role.padEnd(6)} ${member.userId} ${member.email ?? ''}`)
    return undefined
  }),
})

type Role = ReturnType<typeof roleOf>

const changing = (name: string, description: string, role: { readonly default: string } | { readonly required: true }, change: (access: ReturnType<typeof storesOf>['access'], member: { workspaceId: string, user: string, role: Role }) => Promise<void>) => defineCommand({
  meta: { name, description },
  args: { ...COMMON, ...MEMBER, role: { type: 'string', description: 'owner, editor or viewer', ...role } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const member = { workspaceId: args.workspace, user: args.user, role: roleOf(args.role ?? '') }
    await change(storesOf(open()).access, member)
    out.result(member)
    out.good(`${member.user} is ${member.role} of ${member.workspaceId}.`)
    return undefined
  }),
})

const add = changing('add-member', 'Adds a user by id, e-mail address or the id at their auth provider', { default: 'editor' },
  (access, { workspaceId, user, role }) => access.upsertMember({ workspaceId, emailOrProviderId: user, role }))

const setRole = changing('set-role', 'Changes what a member may do', { required: true },
  (access, { workspaceId, user, role }) => access.setMemberRole({ workspaceId, userId: user, role }))

const transfer = defineCommand({
  meta: { name: 'transfer', description: 'Makes a user the only owner; earlier owners become editors' },
  args: { ...COMMON, ...MEMBER },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const engine = open()
    const { access } = storesOf(engine)
    const { workspace: workspaceId, user: userId } = args
    if ((await engine.all(signsIn(userId))).length === 0) throw new CommandError(`${userId} has never signed in, and could not take it over.`)
    await access.upsertMember({ workspaceId, emailOrProviderId: userId, role: 'owner' })
    // By then there is another owner, so that none of the changes can leave the workspace without one.
    const before = (await access.listMembers({ workspaceId })).filter(member => member.role === 'owner' && member.userId !== userId)
    for (const owner of before) await access.setMemberRole({ workspaceId, userId: owner.userId, role: 'editor' })
    out.result({ workspaceId, owner: userId, before: before.map(member => member.userId) })
    out.good(`${userId} owns ${workspaceId} now.`)
    return undefined
  }),
})

const remove = defineCommand({
  meta: { name: 'delete', description: 'Removes it from everybody\'s sight; restore brings it back' },
  args: { ...COMMON, ...WORKSPACE },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    await storesOf(open()).access.softDeleteWorkspace({ workspaceId: args.workspace, deletedAt: Date.now() })
    out.result({ workspaceId: args.workspace, deleted: true })
    out.good(`${args.workspace} is removed; "workspaces restore" brings it back.`)
    return undefined
  }),
})

const restore = defineCommand({
  meta: { name: 'restore', description: 'Brings a removed one back' },
  args: { ...COMMON, ...WORKSPACE },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    await storesOf(open()).access.restoreWorkspace({ workspaceId: args.workspace })
    out.result({ workspaceId: args.workspace, deleted: false })
    out.good(`${args.workspace} is back.`)
    return undefined
  }),
})

export default defineCommand({
  meta: { name: 'workspaces', description: 'Lists, shows and changes workspaces and who is in them' },
  subCommands: { list, show, 'add-member': add, 'set-role': setRole, transfer, 'delete': remove, restore },
})
