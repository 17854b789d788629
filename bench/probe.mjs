/* Asks a server for its health, one request after another, and prints how long each took. In a process of its own: the clients that load the server would delay it. */
import { setTimeout as delay } from 'node:timers/promises'

const [url, count] = process.argv.slice(2)
const times = []
for (let asked = 0; asked < Number(count); asked++) {
  const started = performance.now()
  await (await fetch(url)).text()
  times.push(performance.now() - started)
  await delay(2)
}
process.stdout.write(JSON.stringify(times))
