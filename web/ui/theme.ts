import {
  Button,
  createTheme,
  FileInput,
  type MantineColorsTuple,
  Modal,
  NumberInput,
  PasswordInput,
  Popover,
  SegmentedControl,
  Select,
  Switch,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core';

const blue: MantineColorsTuple = [
  '#e7effb',
  '#cfdff6',
  '#a3c2ee',
  '#74abff',
  '#4a8be4',
  '#2f73d6',
  '#1d5fc4',
  '#184fa4',
  '#133f83',
  '#0d2d5e',
];
/** Mantine's dark scale in the tones of tokens.css: 0 text, 4 borders, 6 controls, 7 panels. */
const dark: MantineColorsTuple = [
  '#e3e8ec',
  '#c3cad1',
  '#9aa5b0',
  '#84909c',
  '#38424c',
  '#2a323a',
  '#191e23',
  '#13171b',
  '#0d1013',
  '#090b0d',
];
const red: MantineColorsTuple = [
  '#fce8e4',
  '#f8d0c8',
  '#f2a99c',
  '#ff806c',
  '#e8604b',
  '#cf4430',
  '#b8301d',
  '#9a2717',
  '#7b1f12',
  '#57150c',
];

/** Mantine in Houston's density: 28-px controls, 4-px radius, no shadows. */
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 6, dark: 3 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  colors: { blue, red, dark },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '20px' },
  defaultRadius: 4,
  shadows: { xs: 'none', sm: 'none', md: '0 4px 16px rgb(0 0 0 / 12%)', lg: 'none', xl: 'none' },
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'xs', withAsterisk: false } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'xs', withAsterisk: false } }),
    NumberInput: NumberInput.extend({ defaultProps: { size: 'xs' } }),
    Textarea: Textarea.extend({ defaultProps: { size: 'xs', autosize: true, minRows: 2 } }),
    Select: Select.extend({ defaultProps: { size: 'xs', allowDeselect: false, checkIconPosition: 'right' } }),
    FileInput: FileInput.extend({ defaultProps: { size: 'xs' } }),
    Switch: Switch.extend({ defaultProps: { size: 'xs' } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: 'xs' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: false, fz: 12 } }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md', withinPortal: true } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.35 },
        transitionProps: { duration: 80 },
      },
    }),
  },
});
