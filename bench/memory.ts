import { measureMemory } from './load'

/* Prints what measureMemory finds, for main.ts, which runs this in a process of its own. */
measureMemory().then(rows => console.log(JSON.stringify(rows)), (error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
