/**
 * Fields of one line drop line breaks, which would join two credentials to one that looks right. Here a break becomes a space, so that
 * the rules see that there was more than one.
 */
export function onPaste(event: ClipboardEvent | DragEvent): void {
  const data = 'clipboardData' in event ? event.clipboardData : event.dataTransfer;
  const text = data?.getData('text/plain').trim() ?? '';
  if (!/[\r\n]/.test(text)) return;
  event.preventDefault();
  const input = event.currentTarget as HTMLInputElement;
  input.setRangeText(text.replaceAll(/[\r\n]+/g, ' '));
  input.dispatchEvent(new Event('input'));
}
