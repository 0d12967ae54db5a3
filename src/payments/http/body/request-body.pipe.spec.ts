import 'reflect-metadata';
import { ValidationFailed } from '../../domain/errors.js';
import { NOT_A_LIST, WebhookEndpointRequest } from '../../webhook-endpoint/webhook-endpoint.dto.js';
import { RequestBodyPipe } from './request-body.pipe.js';

const pipe = new RequestBodyPipe(WebhookEndpointRequest, ['event_types']);

it('gives an instance of the request class', async () => {
  const request = await pipe.transform({ event_types: ['invoice.paid'] });
  expect(request).toBeInstanceOf(WebhookEndpointRequest);
  expect(request.event_types).toEqual(['invoice.paid']);
});

it.each<[string, unknown]>([
  ['a text', 'invoice.paid'],
  ['an object', { length: 1, 0: 'invoice.paid' }],
  ['a list of lists', [['invoice.paid']]],
  ['lists 2,000 deep', JSON.parse('['.repeat(2000) + ']'.repeat(2000))],
  ['objects 2,000 deep', JSON.parse('{"a":'.repeat(2000) + '1' + '}'.repeat(2000))],
])('refuses %s with the cause and the sentence of its validator', async (_name, value) => {
  const refusal: unknown = await pipe.transform({ event_types: value }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ValidationFailed);
  expect((refusal as ValidationFailed).items).toEqual([NOT_A_LIST]);
});

it('lists unknown fields before what is wrong with the known ones', async () => {
  const refusal: unknown = await pipe
    .transform({ event_types: 7, other: 1 })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ items: [{ loc: ['body', 'other'], type: 'extra_forbidden' }, NOT_A_LIST] });
});
