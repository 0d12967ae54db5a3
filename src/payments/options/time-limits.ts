import { Injectable } from '@nestjs/common';

/** Time limits of the module, in milliseconds. Hosts do not set them, so that the documented times hold; tests do. */
@Injectable()
export class TimeLimits {
  /** For all calls to Stripe of one operation together. */
  readonly stripe: number = 6_000;
  /** For another request about the same webhook endpoint. */
  readonly endpointWait: number = 15_000;
  /** For one request about a webhook endpoint, after which the database may take its lock away. */
  readonly endpointHold: number = 45_000;
}
