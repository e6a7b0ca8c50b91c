// How long a test with chance in it goes on. PURSER_CRASH_MINUTES is what all of them together may take.
const minutes = Number(process.env.PURSER_CRASH_MINUTES ?? 0);

// Gives `goOn(done)`: true until `atLeast` are done and this test's share of the minutes has passed.
export function lasting({ atLeast, share }) {
  const end = performance.now() + minutes * share * 60_000;
  return (done) => done < atLeast || performance.now() < end;
}
