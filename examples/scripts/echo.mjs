// A script as code: called for each model call, with the request as the provider gets it.
export default function echo(request, { index }) {
  const newest = request.messages.at(-1)
  const text = newest?.parts.find((part) => part.kind === 'text')?.text ?? 'nothing'
  return { text: [`Call ${index + 1}. `, 'You said: ', text] }
}
