/** What the playground says instead of a model: enough words to see them come. `prompt` is whatever was asked. */
export function answerTo(prompt: string): string[] {
  const text = `You asked: ${prompt.slice(0, 200)} — This answer was written on the server, word by word, and would have gone on if you had closed the page. When it is done, a notification travels through the change log like any other write.`
  return text.split(/(?<= )/)
}
