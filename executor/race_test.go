//go:build race

package executor

// crashEvery is of how many writes TestCrashes dies at one. Under the race detector
// all of them take six times as long as without it, where none is left out.
const crashEvery = 3
