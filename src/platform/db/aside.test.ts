import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { hasAside, selectRowsAside } from './aside.ts';

describeOnEachDatabase('a read that may take long', (open, dialect) => {
  it('sees what was committed before, leaves the event loop free and says what is wrong', async () => {
    const { db } = await open();
    expect(hasAside(db)).toBe(dialect === 'sqlite');
    await sql`create table aside_items (id integer, name text)`.execute(db);
    for (let id = 1; id <= 3; id++) {
      await sql`insert into aside_items values (${id}, ${`n${id}`})`.execute(db);
      const rows = await selectRowsAside<[number, string]>(
        db,
        sql`select id, name from aside_items where id >= ${id} order by id`,
      );
      expect(rows).toEqual([[id, `n${id}`]]);
    }
    await db.transaction().execute(async (trx) => {
      await sql`insert into aside_items values (4, null)`.execute(trx);
      expect(hasAside(trx)).toBe(false);
      expect(await selectRowsAside(trx, sql`select name from aside_items where id = 4`)).toEqual([[null]]);
    });
    await expect(selectRowsAside(db, sql`select nothing from aside_items`)).rejects.toThrow(/nothing/);
    const like = sql`select name from aside_items where name ${sql.raw(dialect === 'sqlite' ? 'regexp' : '~')} '^n[12]$'`;
    expect(await selectRowsAside(db, like)).toEqual([['n1'], ['n2']]);
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await selectRowsAside(
      db,
      dialect === 'sqlite'
        ? sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) select count(*) from n`
        : sql`select pg_sleep(0.2)::text`,
    );
    clearInterval(counting);
    expect(turns).toBeGreaterThan(2);
  });
});
