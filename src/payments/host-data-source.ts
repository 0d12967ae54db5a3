import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata } from '@nestjs/common';

/** Injection token of the TypeORM data source that the application has, or of undefined. */
export const HOST_DATA_SOURCE = Symbol('HostDataSource');

@Module({})
class HostDataSource {}

/**
 * A module that knows the application's data source, if it has one. TypeORM is loaded for it only to ask for the default one, whose
 * token is its class; where it is not installed there is none.
 *
 * @param imports where a data source may be found besides in global modules
 */
export async function hostDataSource(
  name: string | undefined,
  imports: NonNullable<ModuleMetadata['imports']>,
): Promise<DynamicModule> {
  const token = await tokenOf(name);
  return {
    module: HostDataSource,
    imports,
    providers: [
      {
        provide: HOST_DATA_SOURCE,
        inject: token === undefined ? [] : [{ token, optional: true }],
        useFactory: (dataSource?: object) => dataSource,
      },
    ],
    exports: [HOST_DATA_SOURCE],
  };
}

/** As `getDataSourceToken` of `@nestjs/typeorm`, for which that need not be loaded. */
async function tokenOf(name = 'default'): Promise<InjectionToken | undefined> {
  if (name !== 'default') return `${name}DataSource`;
  return import('typeorm').then(
    ({ DataSource }) => DataSource,
    () => undefined,
  );
}
