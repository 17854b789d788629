import { mkdir } from 'node:fs/promises'
import type { Locator, Page, Response } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, requireChromium } from '../support/browser'
import { Client, startServer } from '../support/server'

const ARTIFACTS = 'artifacts'

beforeAll(async () => {
  requireChromium()
  await mkdir(ARTIFACTS, { recursive: true })
})

async function openPage(url: string, options: Parameters<typeof openBrowser>[0] = {}): Promise<{ page: Page, troubles: string[] }> {
  const context = await openBrowser(options)
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('pageerror', error => troubles.push(error.message))
  page.on('console', message => message.type() === 'error' && troubles.push(message.text()))
  await page.goto(url)
  await page.getByTestId('device-a').waitFor()
  return { page, troubles }
}

async function say(device: Locator, text: string): Promise<void> {
  await device.getByTestId('message-text').fill(text)
  await device.getByTestId('message-send').click()
  await device.getByTestId('messages').getByText(text).waitFor()
}

async function edit(device: Locator, text: string, next: string): Promise<void> {
  const message = device.getByTestId('messages').locator('li', { hasText: text })
  await message.hover()
  await message.getByTestId('edit').click()
  await device.getByTestId('edit-text').fill(next)
  await device.getByTestId('edit-save').click()
  await device.getByTestId('messages').getByText(next).waitFor()
}

async function remove(device: Locator, text: string): Promise<void> {
  const message = device.getByTestId('messages').locator('li', { hasText: text })
  await message.hover()
  await message.getByTestId('delete').click()
  await message.waitFor({ state: 'detached' })
}

const bubbles = (device: Locator) => device.getByTestId('messages').getByTestId('content').allInnerTexts()

/** Waits until a device has nothing left to send and has come as far as the server. */
async function settled(page: Page, version: number): Promise<void> {
  for (const slot of ['a', 'b']) {
    const device = page.getByTestId(`device-${slot}`)
    await device.getByTestId('outbox').getByText('0', { exact: true }).waitFor()
    await device.getByTestId('cursor').getByText(String(version), { exact: true }).waitFor()
  }
}

/** Settles after a whole round of both devices from now on: each ends its first one by reporting its cursor. */
function synced(page: Page): Promise<void> {
  return new Promise((settle) => {
    const reported = new Set<string>()
    const watch = (response: Response) => {
      if (!response.url().endsWith('/api/sync/update-cursor')) return
      reported.add((response.request().postDataJSON() as { deviceId: string }).deviceId)
      if (reported.size < 2) return
      page.off('response', watch)
      settle()
    }
    page.on('response', watch)
  })
}

describe('two devices on one page', () => {
  it('write offline, meet, and agree with each other and the server', async () => {
    const server = await startServer()
    const { page, troubles } = await openPage(server.url)
    const phone = page.getByTestId('device-a')
    const laptop = page.getByTestId('device-b')

    await phone.getByTestId('thread-title').fill('Trip to Lisbon')
    await phone.getByTestId('thread-create').click()
    await say(phone, 'Where shall we stay?')
    await say(phone, 'I will ask the others')
    await laptop.getByTestId('threads').getByText('Trip to Lisbon').click()
    await laptop.getByTestId('messages').getByText('I will ask the others').waitFor()
    await settled(page, 3)

    // Both go offline. The phone edits a message; later the laptop edits the same one, deletes another and adds its own.
    await phone.getByTestId('online').uncheck()
    await laptop.getByTestId('online').uncheck()
    await edit(phone, 'Where shall we stay?', 'In Alfama?')
    await say(phone, 'Written on the phone')
    await edit(laptop, 'Where shall we stay?', 'In Baixa?')
    await remove(laptop, 'I will ask the others')
    await say(laptop, 'Written on the laptop')
    await edit(phone, 'I will ask the others', 'I asked nobody yet')
    expect(await bubbles(phone)).toEqual(['In Alfama?', 'I asked nobody yet', 'Written on the phone'])
    expect(await bubbles(laptop)).toEqual(['In Baixa?', 'Written on the laptop'])
    for (const device of [phone, laptop]) await device.getByTestId('outbox').getByText('3', { exact: true }).waitFor()
    expect(await page.getByTestId('server-version').innerText()).toBe('3')
    await page.screenshot({ path: `${ARTIFACTS}/two-devices-offline.png`, fullPage: true })

    await phone.getByTestId('online').check()
    await laptop.getByTestId('online').check()
    await settled(page, 9)

    // Equal clocks: the later hlc wins, so the laptop's edit stands and so does the phone's edit of the deleted message.
    const agreed = ['In Baixa?', 'I asked nobody yet', 'Written on the phone', 'Written on the laptop']
    expect([...await bubbles(phone)].sort()).toEqual([...agreed].sort())
    expect(await bubbles(laptop)).toEqual(await bubbles(phone))
    await page.getByTestId('server-version').getByText('9', { exact: true }).waitFor()
    await page.screenshot({ path: `${ARTIFACTS}/two-devices.png`, fullPage: true })

    const client = new Client(server.url)
    const workspaceId = await client.signIn('ada')
    const { body } = await client.post('/api/sync/pull', { scope: { workspaceId }, cursor: 0, limit: 300 })
    const { changes } = body as { changes: { tableName: string, pk: string, op: string, stamp: { clock: number, hlc: string }, payload?: { data?: { content: string } } }[] }
    const newest = new Map<string, (typeof changes)[number]>()
    for (const change of changes.filter(({ tableName }) => tableName === 'messages')) {
      const held = newest.get(change.pk)?.stamp
      if (!held || change.stamp.clock > held.clock || (change.stamp.clock === held.clock && change.stamp.hlc > held.hlc)) newest.set(change.pk, change)
    }
    expect([...newest.values()].filter(({ op }) => op === 'put').map(({ payload }) => payload?.data?.content).sort()).toEqual([...agreed].sort())

    // A delete that is the last word takes the message from both.
    await remove(laptop, 'Written on the phone')
    await phone.getByTestId('messages').getByText('Written on the phone').waitFor({ state: 'detached' })
    await page.getByTestId('server-tombstones').getByText('1', { exact: true }).waitFor()
    expect(troubles).toEqual([])
  })

  it('keep their writes through a reload and a server that is away', async () => {
    const server = await startServer()
    const { page } = await openPage(server.url)
    const phone = page.getByTestId('device-a')
    await phone.getByTestId('online').uncheck()
    await phone.getByText('Offline', { exact: true }).waitFor()
    await phone.getByTestId('thread-title').fill('Before the reload')
    await phone.getByTestId('thread-create').click()
    await phone.getByTestId('outbox').getByText('1', { exact: true }).waitFor()
    const client = new Client(server.url)
    const workspaceId = await client.signIn('ada')
    const pull = { scope: { workspaceId }, cursor: 0, limit: 10 }
    expect((await client.post('/api/sync/pull', pull)).body).toMatchObject({ changes: [] })
    await page.reload()
    await page.getByTestId('device-b').getByTestId('threads').getByText('Before the reload').waitFor()

    await server.stop()
    await phone.getByTestId('thread-title').fill('While the server is away')
    await phone.getByTestId('thread-create').click()
    await phone.getByText('Writes are kept and sent later.').waitFor()
    const again = await startServer({ path: server.path, port: Number(new URL(server.url).port) })
    await page.getByTestId('device-b').getByTestId('threads').getByText('While the server is away').waitFor({ timeout: 45_000 })
    expect(again.url).toBe(server.url)
    expect((await client.post('/api/sync/pull', pull)).body).toMatchObject({ changes: [{ payload: { title: 'Before the reload' } }, { payload: { title: 'While the server is away' } }] })
  })

  it('belong to whoever is signed in, and to the workspace that is open', async () => {
    const server = await startServer()
    const { page } = await openPage(server.url)
    await page.getByTestId('device-a').getByTestId('thread-title').fill('Ada\'s own')
    await page.getByTestId('device-a').getByTestId('thread-create').click()
    await page.getByTestId('device-b').getByTestId('threads').getByText('Ada\'s own').waitFor()
    const asGrace = synced(page)
    await page.getByTestId('user-grace').click()
    await page.getByTestId('user-grace').and(page.locator('[aria-pressed=true]')).waitFor()
    await asGrace
    expect(await page.getByTestId('threads').getByRole('button').count()).toBe(0)
    await page.getByTestId('user-ada').click()
    await page.getByTestId('device-a').getByTestId('threads').getByText('Ada\'s own').waitFor()
    page.once('dialog', dialog => dialog.accept('Research'))
    const inResearch = synced(page)
    await page.getByTestId('workspace-new').click()
    await page.getByTestId('workspace').locator('option:checked', { hasText: 'Research' }).waitFor({ state: 'attached' })
    await inResearch
    expect(await page.getByTestId('threads').getByRole('button').count()).toBe(0)
  })

  it.each([['dark', { colorScheme: 'dark' as const }], ['phone', { viewport: { width: 390, height: 844 } }]])('look as they should: %s', async (name, options) => {
    const server = await startServer()
    const { page } = await openPage(server.url, options)
    await page.getByTestId('device-a').getByTestId('thread-title').fill('A conversation with a rather long name that has to be cut somewhere')
    await page.getByTestId('device-a').getByTestId('thread-create').click()
    await say(page.getByTestId('device-a'), 'Hello')
    await settled(page, 2)
    await page.getByTestId('server-version').getByText('2', { exact: true }).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    await page.screenshot({ path: `${ARTIFACTS}/${name}.png`, fullPage: true })
  })
})
