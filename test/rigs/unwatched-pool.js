// Loaded before a service, this takes out what watches over connections that are given back: the pool then takes one
// inside an open transaction as TypeORM gives it. The control of test/rigs/stalls.js.
import pg from 'pg';

const { on } = pg.Pool.prototype;
pg.Pool.prototype.on = function (event, listener) {
  return event === 'release' || event === 'acquire' ? this : on.call(this, event, listener);
};
