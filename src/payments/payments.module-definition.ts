import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { PaymentsModuleExtras, PaymentsModuleOptions } from './options/payments.options.js';

/** For `useClass` and `useExisting` the method `createPaymentsOptions` is called. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PaymentsModuleOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPaymentsOptions')
    .setExtras<PaymentsModuleExtras>({}, (definition) => definition)
    .build();
