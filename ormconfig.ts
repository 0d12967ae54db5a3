import { commandDataSource } from './src/app/data-source.js';
import { readDatabaseEnv } from './src/app/settings/command-settings.js';

/** For TypeORM's own command line, see `npm run typeorm`. */
export default commandDataSource(readDatabaseEnv());
