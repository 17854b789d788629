import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openBrowser, requireChromium } from '../support/browser'
import { messageOp, threadOp } from '../support/rows'
import { Client, startServer } from '../support/server'

const ARTIFACTS = 'artifacts'

beforeAll(async () => {
  requireChromium()
  await mkdir(ARTIFACTS, { recursive: true })
})

async function openPage(url: string): Promise<{ page: Page, troubles: string[] }> {
  const page = await (await openBrowser()).newPage()
  const troubles: string[] = []
  page.on('pageerror', error => troubles.push(error.message))
  await page.goto(url)
  return { page, troubles }
}

describe('the page', () => {
  it('begins on a new device with a snapshot of everything', async () => {
    const server = await startServer()
    const ada = new Client(server.url)
    const scope = { workspaceId: await ada.signIn('ada') }
    await ada.post('/api/sync/push', { scope, ops: [threadOp({ title: 'From before' }), messageOp({ text: 'old words' }), messageOp({ clock: 2, text: 'latest words' })] })
    for (let start = 0; start < 400; start += 100) await ada.post('/api/sync/push', { scope, ops: Array.from({ length: 100 }, (_, index) => messageOp({ pk: `many-${start + index}` })) })
    const page = await (await openBrowser()).newPage()
    const asked: string[] = []
    page.on('request', request => request.url().includes('/api/sync/') && asked.push(`${request.url().split('/').at(-1)} ${String((request.postDataJSON() as { cursor?: number }).cursor ?? '')}`.trim()))
    await page.goto(server.url)
    const phone = page.getByTestId('device-a')
    await phone.getByText('From before').click()
    await phone.getByTestId('messages').getByText('latest words').waitFor()
    await phone.getByTestId('cursor').getByText('403', { exact: true }).waitFor()
    expect(asked.filter(path => path === 'snapshot').length, 'two pages for each device').toBeGreaterThanOrEqual(3)
    expect(asked, 'and no pull from the start').not.toContain('pull 0')
  })

  it('invites somebody by link, who accepts and writes with them', async () => {
    const server = await startServer()
    const { page, troubles } = await openPage(`${server.url}/admin`)
    await page.getByTestId('members').getByText('ada@example.test').waitFor()
    await page.getByTestId('invite-email').fill('grace@example.test')
    await page.getByTestId('invite-create').click()
    const link = await page.getByTestId('invite-url').getAttribute('href') ?? ''
    await page.goto(link)
    const invite = page.getByTestId('invite')
    await invite.getByText('Accept as Ada?').waitFor()
    await invite.getByTestId('invite-accept').click()
    await invite.getByText('This invite is for another person').waitFor()
    await page.getByTestId('user-grace').click()
    await invite.getByText('Accept as Grace?').waitFor()
    await page.screenshot({ path: `${ARTIFACTS}/invite.png` })
    await invite.getByTestId('invite-accept').click()
    await invite.waitFor({ state: 'detached' })
    expect(page.url()).toBe(`${server.url}/`)
    const phone = page.getByTestId('device-a')
    await phone.getByTestId('thread-title').fill('Grace was here')
    await phone.getByTestId('thread-create').click()
    await page.getByTestId('log').getByText('Grace was here').waitFor()
    await page.getByTestId('user-ada').click()
    await page.getByTestId('device-b').getByText('Grace was here').waitFor()
    expect(troubles).toEqual([])
  })

  it('answers from the server word by word, and tells of an answer nobody watched', async () => {
    const server = await startServer()
    const { page, troubles } = await openPage(server.url)
    const phone = page.getByTestId('device-a')
    await phone.getByTestId('thread-title').fill('Questions')
    await phone.getByTestId('thread-create').click()
    await phone.getByTestId('message-text').fill('Why one file?')
    await phone.getByTestId('message-send').click()
    await phone.getByTestId('ask-server').click()
    await phone.getByTestId('answer').getByText('You asked: Why one file?').waitFor()
    const laptop = page.getByTestId('device-b')
    await laptop.getByText('Questions').click()
    await laptop.getByTestId('messages').getByText('like any other write.').waitFor()
    expect(await page.getByTestId('notification').count()).toBe(0)

    const ada = new Client(server.url)
    await ada.signIn('ada')
    await ada.post('/api/jobs', { threadId: 'elsewhere', messageId: 'm', prompt: 'Nobody watches' })
    await phone.getByTestId('notification').getByText('AI response ready').waitFor()
    await laptop.getByTestId('notification').waitFor()
    await page.screenshot({ path: `${ARTIFACTS}/notification.png` })
    await phone.getByTestId('notification-read').click()
    await laptop.getByTestId('notification').waitFor({ state: 'detached' })
    expect(troubles).toEqual([])
  })

  it('shows an admin workspaces, members, status, a webhook at work and a paired computer', async () => {
    const server = await startServer()
    const heard: string[] = []
    const listener = createServer((request, response) => {
      heard.push(String(request.headers['x-or3-event']))
      request.resume()
      response.end('ok')
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    onTestFinished(() => void listener.close())
    const address = listener.address()
    const { page, troubles } = await openPage(`${server.url}/admin`)
    await page.getByTestId('workspaces').getByText('My Workspace').waitFor()
    await page.getByTestId('maintenance').getByText('has run').waitFor()
    await page.getByTestId('sync.gc-change-log').click()
    await page.getByTestId('action-result').getByText('0 changes').waitFor()

    await page.getByTestId('webhook-url').fill(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`)
    await page.getByTestId('webhook-add').click()
    await page.getByTestId('webhooks').getByText('message.created').waitFor()
    const ada = new Client(server.url)
    const scope = { workspaceId: await ada.signIn('ada') }
    await ada.post('/api/sync/push', { scope, ops: [threadOp(), messageOp()] })
    await page.getByTestId('deliveries').getByText('message.created').waitFor()
    await page.getByTestId('deliveries').getByText('success').first().waitFor()
    expect(heard.sort()).toEqual(['message.created', 'thread.created'])

    const computer = new Client(server.url)
    const { deviceCode, userCode } = (await computer.post('/api/connect/device/start', { host: { name: 'studio', platform: 'linux' } })).body as { deviceCode: string, userCode: string }
    await page.getByTestId('pairing-code').fill(userCode)
    await page.getByTestId('pairing-approve').click()
    const computers = page.getByTestId('computers')
    await computers.getByText('not come for its credential yet').waitFor()
    expect((await computer.post('/api/connect/device/token', { deviceCode })).body).toMatchObject({ status: 'approved' })
    await computers.getByText('has its credential').waitFor()
    await page.screenshot({ path: `${ARTIFACTS}/admin.png`, fullPage: true })
    await computers.getByText('Remove').click()
    await computers.getByText('None.').waitFor()
    expect(troubles).toEqual([])

    const gone = page.getByTestId('workspaces').getByText('Remove')
    await gone.first().click()
    await page.getByTestId('workspaces').getByText('Restore').waitFor()
    await page.getByTestId('workspaces').getByText('Restore').click()
    await gone.first().waitFor()
  })
})
