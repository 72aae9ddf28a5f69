// Control sequences, begun by ESC or by one C1 character: CSI, then strings (OSC, DCS, SOS, PM, APC) up to BEL, ST or the end
// of the line, then the short ones. No part can match the same text in two ways: the time is linear.
const SEQUENCES =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g
// What is left of C0 and C1, except tab and line feed, and the marks that make text read in another order than it is written.
const CONTROLS = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const OVERSTRUCK = /[^\n\u0008]\u0008/g

/** What a terminal would show of a program's output, as plain lines: colours gone, and of a rewritten line its last form. */
export function cleanText(output: string): string {
  return output
    .replace(SEQUENCES, '')
    .split('\n')
    .map(lastForm)
    .join('\n')
    .replace(OVERSTRUCK, '')
    .replace(CONTROLS, '')
}

/** Progress bars write a line again and again, each time after a carriage return; one at the end belongs to the line end. */
function lastForm(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === '\r') end--
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end)
}
