import { Tooltip, useMantineColorScheme } from '@mantine/core';
import {
  IconDeviceDesktop,
  IconHome2,
  IconListSearch,
  IconMoon,
  IconSearch,
  IconSettings,
  IconSun,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { followLedger, useConnection } from '../api/live.ts';
import { useNeeds } from '../domains/insights/needs.ts';
import { ToneMark } from '../ui/state.tsx';
import { Toasts } from '../ui/toast.tsx';
import { useMe } from './auth.ts';
import { domains } from './domains.ts';
import { environments, useEnvironment } from './environment.ts';
import { KeyHelp, useKeys } from './keys.tsx';
import { Login } from './login.tsx';
import { Mark } from './mark.tsx';
import { Palette } from './palette.tsx';
import './shell.css';

/** The frame of every page: the rail at the left, the page at the right. */
export function Shell() {
  const me = useMe();
  if (me.error?.status === 401) return <Login />;
  if (me.isPending) return null;
  return <Frame />;
}

function Frame() {
  const client = useQueryClient();
  const [environment] = useEnvironment();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  useEffect(() => followLedger(client), [client]);
  useKeys({ palette: () => setPalette(true), help: () => setHelp(true) });
  return (
    <div className={environment === 'prod' ? 'shell prod' : 'shell'}>
      <a className="skip" href="#main">
        To the content
      </a>
      <Rail find={() => setPalette(true)} />
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Palette open={palette} close={() => setPalette(false)} />
      <KeyHelp open={help} close={() => setHelp(false)} />
      <Toasts />
    </div>
  );
}

function Rail({ find }: { find: () => void }) {
  const waiting = useNeeds().needs.length;
  return (
    <nav className="rail" aria-label="Main">
      <Link to="/" className="rail-brand">
        <Mark />
        <span className="rail-text">Houston</span>
      </Link>
      <Environment />
      <button type="button" className="rail-find" onClick={find} aria-label="Find anything">
        <IconSearch size={14} />
        <span className="grow" style={{ textAlign: 'left' }}>
          Find or do
        </span>
        <span className="kbd">Ctrl K</span>
      </button>
      <Link
        to="/"
        className="item"
        activeProps={{ className: 'item active' }}
        activeOptions={{ exact: true, includeSearch: false }}
      >
        <IconHome2 size={17} stroke={1.6} />
        <span className="rail-text">Overview</span>
        {waiting > 0 ? (
          <span className="rail-badge" title={`${waiting} waiting for a person`}>
            {waiting}
          </span>
        ) : null}
      </Link>
      <div className="rail-sep" />
      {domains.map((domain) => (
        <Link
          key={domain.key}
          to={domain.to}
          className="item"
          title={domain.label}
          activeProps={{ className: 'item active' }}
          activeOptions={{ includeSearch: false }}
        >
          <domain.icon size={17} stroke={1.6} />
          <span className="rail-text">{domain.label}</span>
        </Link>
      ))}
      <div className="rail-sep" />
      <Link
        to="/ledger"
        className="item"
        title="Ledger"
        activeProps={{ className: 'item active' }}
        activeOptions={{ includeSearch: false }}
      >
        <IconListSearch size={17} stroke={1.6} />
        <span className="rail-text">Ledger</span>
      </Link>
      <div className="rail-foot">
        <Person />
        <Status />
      </div>
    </nav>
  );
}

function Environment() {
  const [environment, setEnvironment] = useEnvironment();
  return (
    <div className="env" role="radiogroup" aria-label="Environment">
      {environments.map((name) => (
        // biome-ignore lint/a11y/useSemanticElements: a segmented switch of buttons
        <button
          key={name}
          type="button"
          role="radio"
          aria-checked={environment === name}
          className={name}
          onClick={() => setEnvironment(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Person() {
  const me = useMe();
  const name = me.data?.id.replace(/^user:/, '') ?? '';
  return (
    <Link
      to="/settings"
      className="item"
      title="Settings"
      activeProps={{ className: 'item active' }}
      activeOptions={{ includeSearch: false }}
    >
      <IconSettings size={17} stroke={1.6} />
      <span className="rail-text">Settings</span>
      <span
        className="rail-text faint truncate"
        style={{ marginLeft: 'auto', fontSize: 11, maxWidth: 84, fontWeight: 400 }}
      >
        {name}
      </span>
    </Link>
  );
}

function Status() {
  const connection = useConnection();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: 'light', light: 'dark', dark: 'auto' } as const;
  const icons = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon };
  const Icon = icons[colorScheme];
  const tone = connection === 'live' ? 'ok' : connection === 'connecting' ? 'busy' : 'bad';
  const words = { live: 'Live', connecting: 'Connecting', offline: 'No connection' }[connection];
  return (
    <div className="rail-status">
      <Tooltip
        label={
          connection === 'live'
            ? 'Changes arrive as they happen'
            : 'Trying again by itself; what you see may be old'
        }
      >
        <span
          className="row"
          style={{ gap: 6, color: `var(--${tone === 'busy' ? 'accent' : tone})` }}
          role="status"
        >
          <ToneMark tone={tone} size={9} />
          <span className="rail-text">{words}</span>
        </span>
      </Tooltip>
      <span className="grow" />
      <button
        type="button"
        className="icon-btn"
        aria-label={`Colours: ${colorScheme}. Change`}
        title={`Colours: ${colorScheme}`}
        onClick={() => setColorScheme(next[colorScheme])}
      >
        <Icon size={15} />
      </button>
    </div>
  );
}
