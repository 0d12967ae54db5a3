import { pathTemplate } from './path-template.js';

describe('the pattern of a path', () => {
  it.each([
    ['/v1/customers', '/v1/customers'],
    ['/v1/customers/cus_1a2B', '/v1/customers/{id}'],
    ['/v1/customers/cus_1?expand[]=sources', '/v1/customers/{id}'],
    ['/v1/customers/cus_1/sources/src_1/verify', '/v1/customers/{id}/sources/{id}/verify'],
    ['/v1/billing_portal/sessions', '/v1/billing_portal/sessions'],
    ['/v1/coupons/summer-sale', '/v1/coupons/{id}'],
    ['/v1/coupons/summer', '/v1/coupons/{id}'],
    ['/v2/core/event_destinations/ed_1/ping', '/v2/core/event_destinations/{id}/ping'],
    ['/v1/webhook_endpoints/we_1', '/v1/webhook_endpoints/{id}'],
    [`/v1/${'a/'.repeat(100)}`, `/v1${'/{id}'.repeat(10)}`],
    ['', ''],
  ])('%s is %s', (path, template) => {
    expect(pathTemplate(path)).toBe(template);
  });
});
