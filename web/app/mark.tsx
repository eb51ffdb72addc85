/** Houston's mark: a flight path with its craft. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M3 23c6 0 8-12 15-12 4.500 0 5.500 6 11 6"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="2.600"
        strokeLinecap="round"
      />
      <circle cx="18" cy="11" r="3.600" fill="var(--text)" />
    </svg>
  );
}
