import fc from 'fast-check';

// Property tests draw the same values in every run, so that a verdict belongs to the change and not to luck.
// HOUSTON_FUZZ_SEED=RANDOM NUMBER looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.HOUSTON_FUZZ_SEED ?? 1969) });
