import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Milliseconds that SQLite itself takes for the points of one `log_batch` (500 of 50 metrics), from one prepared
 * statement in one transaction: into a table without any key, and into one with the key of metric points.
 */
export function sqliteFloor(folder: string): { bare: number; keyed: number } {
  const time = (table: string) => {
    const path = join(folder, 'floor.sqlite');
    const db = new DatabaseSync(path);
    db.exec(`pragma journal_mode=WAL; pragma synchronous=NORMAL; create table points
      (series integer not null, step integer not null, time integer not null, value real not null,
      special integer not null${table}`);
    const insert = db.prepare('insert or ignore into points values (?, ?, ?, ?, 0)');
    const took: number[] = [];
    for (let batch = 0; batch < 200; batch++) {
      const began = performance.now();
      db.exec('begin');
      for (let series = 0; series < 50; series++) {
        for (let step = 0; step < 10; step++)
          insert.run(series, step, 1_700_000_000_000 + batch, series * 0.01);
      }
      db.exec('commit');
      took.push(performance.now() - began);
    }
    db.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return took.sort((a, b) => a - b)[100]!;
  };
  return {
    bare: time(')'),
    keyed: time(', primary key (series, step, time, value, special)) without rowid'),
  };
}
