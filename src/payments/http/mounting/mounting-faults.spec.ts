import { repeatedPrefix, webhooksMiss } from './mounting-faults.js';

const BASE = 'api/v1/payments';

it.each([
  ['/api/api/v1/payments', 'api'],
  ['/shop/api/api/v1/payments', 'api'],
  ['/api/v1/api/v1/payments', 'api/v1'],
  ['/api/v1/payments', undefined],
  ['/shop/api/v1/payments', undefined],
  ['/v1/api/v1/payments', undefined],
  ['/api/shop/api/v1/payments', undefined],
])('finds what %s repeats of its prefix: %s', (path, repeated) => {
  expect(repeatedPrefix(path, BASE)).toBe(repeated);
});

it.each([
  ['https://shop.example', '/api/v1/payments', false],
  ['https://shop.example/', '/api/v1/payments', false],
  ['https://shop.example', '/shop/api/v1/payments', true],
  ['https://shop.example/shop', '/shop/api/v1/payments', false],
  ['https://shop.example/shop/', '/shop/api/v1/payments', false],
  ['https://example.com/eu/shop', '/shop/api/v1/payments', false],
  ['https://example.com/shop', '/api/v1/payments', false],
  ['https://example.com/workshop', '/shop/api/v1/payments', true],
])('sees whether webhooks below %s reach %s: missed is %s', (publicBaseUrl, path, missed) => {
  expect(webhooksMiss(publicBaseUrl, BASE, path)).toBe(missed);
});
