// Makes one outbound call of the built product, as its first argument (JSON) says, and prints what came back. A process of its
// own, since certificates that are trusted and the proxy are settings of a process.
import { openKeyService } from '../../dist/payments/crypto/key-services/open-key-service.js';
import { Secret } from '../../dist/payments/crypto/secret.js';
import { fetchIssuerMetadata } from '../../dist/payments/http/access/issuer-keys.js';
import { TimeLimits } from '../../dist/payments/options/time-limits.js';
import { clientOf } from '../../dist/payments/stripe/client-of.js';
import { StripeApi } from '../../dist/payments/stripe/stripe-api.js';

const { call, address, key, service, vaultToken, vaultNamespace } = JSON.parse(process.argv[2]);

const calls = {
  question: () =>
    new StripeApi({ stripeApiBase: address, limits: { stripeCallsAtOnce: 1 } }, new TimeLimits()).ask(
      new Secret(key),
      (stripe) => stripe.balance.retrieve(),
      { asker: 'alice' },
    ),
  client: () => clientOf(new Secret(key), address, 'a client').balance.retrieve(),
  issuer: () => fetchIssuerMetadata(address),
  async 'key service'() {
    const options = { ...(vaultToken && { vaultToken: new Secret(vaultToken), vaultNamespace }) };
    const opened = await openKeyService(service, options);
    const root = Buffer.alloc(32, 7);
    const wrapped = await opened.wrap(root, 'KEYIDKEYID');
    return { opens: root.equals(await opened.unwrap(wrapped, 'KEYIDKEYID')) };
  },
};

try {
  process.stdout.write(JSON.stringify({ result: await calls[call]() }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.name }));
}
process.exit();
