import { stripVTControlCharacters } from 'node:util'
import { colors } from 'consola/utils'

const BAR = 30

/** What a command says: text for people, or one JSON value. Progress and errors go to stderr, so that stdout can be piped. */
export class Output {
  #value: unknown
  #hasValue = false
  #barShown = false

  constructor(readonly isJson: boolean) {}

  /** The result as a whole; the only thing printed with --json. */
  result(value: unknown): void {
    this.#value = value
    this.#hasValue = true
  }

  line(text = ''): void {
    if (!this.isJson) this.#write(process.stdout, `${text}\n`)
  }

  good(text: string): void {
    this.line(`${colors.green('✔')} ${text}`)
  }

  warn(text: string): void {
    this.line(`${colors.yellow('!')} ${text}`)
  }

  bad(text: string): void {
    this.line(`${colors.red('✖')} ${text}`)
  }

  fail(text: string): void {
    this.#clearBar()
    if (this.isJson) this.result({ error: text })
    else this.#write(process.stderr, `${colors.red('Error:')} ${text}\n`)
  }

  /** Columns as wide as what is in them. Numbers stand right. */
  table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void {
    const cells = [head, ...rows.map(row => row.map(cell => typeof cell === 'number' ? cell.toLocaleString('en') : cell ?? '–'))]
    const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
    const isNumeric = head.map((_, column) => rows.length > 0 && rows.every(row => typeof row[column] === 'number' || row[column] === null))
    for (const [index, row] of cells.entries()) {
      const text = row.map((cell, column) => isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()
      this.line(index === 0 ? colors.bold(text) : text)
    }
  }

  /** How much of long work is done, from 0 to 1; on a terminal only. */
  progress(label: string, share: number): void {
    if (!process.stderr.isTTY || this.isJson) return
    const done = Math.round(Math.min(1, share) * BAR)
    this.#barShown = true
    process.stderr.write(`\r${label} ${'█'.repeat(done)}${'░'.repeat(BAR - done)} ${Math.round(Math.min(1, share) * 100)} %`)
    if (share >= 1) this.#clearBar()
  }

  end(): void {
    this.#clearBar()
    if (this.isJson && this.#hasValue) process.stdout.write(`${JSON.stringify(this.#value, null, 2)}\n`)
  }

  #clearBar(): void {
    if (this.#barShown) process.stderr.write('\r\u001B[K')
    this.#barShown = false
  }

  /** Colours are for terminals. */
  #write(stream: NodeJS.WriteStream, text: string): void {
    stream.write(stream.isTTY && !process.env.NO_COLOR ? text : stripVTControlCharacters(text))
  }
}
