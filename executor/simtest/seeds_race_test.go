//go:build race

package simtest

// defaultSeeds is how many seeds TestSim plays: under the race detector each
// takes ten times as long, and it is about data races, not about stories.
const defaultSeeds = 200
