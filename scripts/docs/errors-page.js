// Writes the guide to errors, docs/errors.md or the file that is named, from the catalogues in a build. Run by `npm run docs:errors`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWERS } from '../../dist/payments/http/errors/error-catalogue.js';
import { CAUSES } from '../../dist/payments/http/errors/validation-causes.js';

const byStatus = Object.entries(ANSWERS).sort(([, a], [, b]) => a.status - b.status);
const codes = byStatus.map(
  ([code, { status, example, fix }]) => `| ${status} | \`${code}\` | ${cell(example)} | ${fix} |`,
);
const causes = Object.entries(CAUSES).map(
  ([cause, { meaning, fix }]) => `| \`${cause}\` | ${meaning} | ${fix} |`,
);

/** A fixed sentence of an answer holds no markup: what looks like a tag is shown as it is. */
function cell(text) {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const page = `# Errors

<!-- Written by npm run docs:errors; edit the catalogues in the source instead. -->

Every error has a \`code\`, which does not change, and a sentence, which may. Programs read the code. [Calling the API](http-api.md#errors)
shows both forms of an answer. No error repeats a piece of the request. Its \`instance\` is the id under which the log has it.

The OpenAPI document lists the same codes and causes, and names for each operation the codes that it answers with.

## Codes

The sentence is an example where it depends on the request.

| status | \`code\` | sentence | what to do |
| --- | --- | --- | --- |
${codes.join('\n')}

## Causes of refused values

With \`validation_failed\` comes a list. Each item has the place in \`loc\`, a sentence for people in \`msg\`, and the cause in \`type\`.

| \`type\` | meaning | what to do |
| --- | --- | --- |
${causes.join('\n')}
`;

const [, , file = join(import.meta.dirname, '../../docs/errors.md')] = process.argv;
writeFileSync(file, page);
